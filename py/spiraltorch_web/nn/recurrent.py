"""Recurrent modules: a gated cell, and the wave network over time."""

from __future__ import annotations

from ..tensor import Tensor, sigmoid, stack, tanh, zeros
from ..zspace.encoder import LanguageWaveEncoder
from . import functional, init
from .conv import Conv1d
from .linear import Linear
from .module import Module
from .naming import named
from .parameter import Parameter
from .wave import WaveGate, check_features

__all__ = ["GRUCell", "WaveRnn"]


@named
class GRUCell(Module):
    """One step of a gated recurrent unit: h' = (1 − z) ⊙ n + z ⊙ h, Cho et al. 2014 in PyTorch's form and layout.

    r = σ(W_ir·x + b_ir + W_hr·h + b_hr), z = σ(W_iz·x + b_iz + W_hz·h + b_hz), n = tanh(W_in·x + b_in + r ⊙
    (W_hn·h + b_hn)). ``weight_ih`` [3·hidden, input] and ``weight_hh`` [3·hidden, hidden] hold r, z and n one below
    another. All start uniform in ±1/√hidden.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.weight_ih = Parameter(zeros(3 * hidden_size, input_size))
        self.weight_hh = Parameter(zeros(3 * hidden_size, hidden_size))
        self.bias_ih = Parameter(zeros(3 * hidden_size)) if bias else None
        self.bias_hh = Parameter(zeros(3 * hidden_size)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = self.hidden_size**-0.5
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def forward(self, x: Tensor, hidden: Tensor | None = None) -> Tensor:
        """The next state [n, hidden] from an input [n, input] and a state, zeros by default."""
        check_features(self, x, self.input_size)
        if hidden is None:
            hidden = zeros(*x.shape[:-1], self.hidden_size)
        return self.step(self.prepared(x), hidden)

    def prepared(self, x: Tensor) -> Tensor:
        """W_i·x + b_i [*, 3·hidden], which needs no state: for all times at once."""
        return functional.linear(x, self.weight_ih, self.bias_ih)

    def step(self, prepared: Tensor, hidden: Tensor) -> Tensor:
        """The next state from a prepared input."""
        recalled = functional.linear(hidden, self.weight_hh, self.bias_hh)
        # Part by part, so that all of them have the state's shape and share a kernel.
        size = self.hidden_size
        parts = [(side[..., :size], side[..., size : 2 * size], side[..., 2 * size :]) for side in (prepared, recalled)]
        (reset_x, keep_x, fresh_x), (reset_h, keep_h, fresh_h) = parts
        fresh = tanh(fresh_x + sigmoid(reset_x + reset_h) * fresh_h)
        return fresh + sigmoid(keep_x + keep_h) * (hidden - fresh)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}, bias={self.bias_ih is not None}"


@named
class WaveRnn(Module):
    """A convolution, a gated recurrent cell over time, a wave gate and a read-out: [n, in, length] to [n, out].

    The convolution's frames, through tanh, drive a `GRUCell` with ``hidden`` states. Its last state passes a `WaveGate`
    into the ball of the given curvature, and a dense layer reads the point. ``out`` is ``hidden`` unless given.
    ``temperature`` is that of the gate's encoder, for ``gate.infuse_text``.
    """

    def __init__(
        self,
        in_channels: int,
        hidden: int,
        kernel: int = 3,
        stride: int = 1,
        padding: int = 0,
        curvature: float = -1.0,
        temperature: float = 1.0,
        out: int | None = None,
    ) -> None:
        self.front = Conv1d(in_channels, hidden, kernel, stride, padding)
        self.cell = GRUCell(hidden, hidden)
        self.gate = WaveGate(hidden, LanguageWaveEncoder(curvature, temperature))
        self.readout = Linear(hidden, hidden if out is None else out)

    def forward(self, x: Tensor) -> Tensor:
        return self.readout(self.gate(self._run(x)[-1]))

    def states(self, x: Tensor) -> Tensor:
        """The cell's state after each frame: [n, in, length] to [n, frames, hidden]."""
        return stack(self._run(x), 1)

    def _run(self, x: Tensor) -> list[Tensor]:
        frames = tanh(self.front(x)).permute(2, 0, 1)
        prepared = self.cell.prepared(frames)
        hidden = zeros(x.shape[0], self.cell.hidden_size)
        states = []
        for time in range(prepared.shape[0]):
            hidden = self.cell.step(prepared[time], hidden)
            states.append(hidden)
        return states
