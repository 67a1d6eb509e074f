"""The hypergrad tape: gathers gradients of one parameter and applies them where the parameter lives."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..complex import ComplexTensor
from ..dtypes import float32, int32
from ..errors import ArgumentError, ShapeError, TraceError
from ..runtime.realize import is_lost, read_values, realize, upload
from ..runtime.session import grad_mode, session
from ..runtime.trace import guarded, outside_trace
from ..tensor import Tensor, full, isfinite, stack, where, wrap, zeros
from ..tensor.alarms import watch
from ..tensor.convert import unpack
from .encoder import LanguageWaveEncoder, interleaved
from .manifolds import Euclidean, Manifold, PoincareBall
from .topos import OpenCartesianTopos, any_nonfinite, check_same_curvature, count_nonfinite

__all__ = ["AmegaHypergrad", "GradientSummary", "Hypergrad"]

SAME_CURVATURE = 1e-6


@dataclass(frozen=True)
class GradientSummary:
    """What a tape holds, in numbers over its finite entries; ``nonfinite`` counts the others."""

    l1: float
    l2: float
    linf: float
    mean: float
    std: float
    nonfinite: int


class Hypergrad:
    """A gradient tape for one parameter of ``rows`` × ``cols`` entries.

    What is accumulated is a Euclidean gradient. `apply` does one step of Riemannian gradient descent: rows of a
    parameter in the ball of curvature K go to exp_w(−lr·rgrad), with rgrad = ((1 − c‖w‖²)/2)²·gradient; a parameter
    that declares itself Euclidean goes to w − lr·gradient. A plain tensor counts as points of the ball. Rows whose
    gradient is zero keep every bit. ``topos`` limits what is accumulated; by default nothing does.

    Parameters of another rank count as a matrix of their last axis. In a compiled step a tape starts empty, and what
    the step accumulates it also applies.
    """

    def __init__(
        self, curvature: float, lr: float, rows: int, cols: int, topos: OpenCartesianTopos | None = None
    ) -> None:
        for name, value in (("rows", rows), ("cols", cols)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ArgumentError(f"{name} is a whole number ≥ 1, got {value!r}")
        self.topos = topos or OpenCartesianTopos(curvature)
        self.topos.check_curvature(curvature, "the tape")
        self.curvature = float(curvature)
        self.rows = rows
        self.cols = cols
        self.depth = 0  # gradients accumulated since the last reset
        self._gradient: Tensor | None = None
        self._trace: Any = None  # the compiled step being recorded when the gradient was accumulated
        self._lr = _checked_rate(lr)
        self.rate = _scalar(self._lr)

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, self.cols

    @property
    def lr(self) -> float:
        """The learning rate; compiled steps use a new one at once."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        self._lr = _checked_rate(value)
        if session().tracing is not None:
            raise TraceError(
                "set the tape's learning rate outside of the compiled step: the step reads it when it runs"
            )
        with grad_mode(False):
            self.rate.assign_(_scalar(self._lr))

    # --- accumulating -----------------------------------------------------------------------------------------------

    def accumulate_wave(self, gradient: Tensor) -> None:
        """Add a gradient of rows × cols entries; the sum is limited to ±saturation.

        Raises ShapeError for another size, ArgumentError for more gradients than the topos allows.
        """
        if gradient.numel() != self.rows * self.cols or not gradient.ndim or gradient.shape[-1] != self.cols:
            raise ShapeError(f"this tape takes gradients of shape {self.shape}, got {tuple(gradient.shape)}")
        held = self._held()
        self.topos.check_volume(gradient, "the gradient")
        self.topos.check_depth(self.depth + 1)
        with grad_mode(False):
            added = gradient.detach().reshape(self.shape).to(float32)
            self._gradient = self.topos.saturate(added if held is None else held + added)
        self.depth += 1
        self._trace = session().tracing
        if self._trace is None and self.depth > 1:
            realize(self._gradient)  # sums that wait would keep all their parts

    def accumulate_pair(self, prediction: Tensor, target: Tensor) -> None:
        """Add prediction − target, the gradient of half their squared distance."""
        if prediction.shape != target.shape:
            raise ShapeError(
                f"accumulate_pair: prediction {tuple(prediction.shape)} and target {tuple(target.shape)} need one shape"
            )
        self.accumulate_wave(prediction.detach() - target.detach())

    def accumulate_complex_wave(self, wave: ComplexTensor) -> None:
        """Add a complex gradient [*, cols/2], real and imaginary parts in turn."""
        self.accumulate_wave(interleaved(wave))

    def absorb_text(self, encoder: LanguageWaveEncoder, text: str) -> None:
        """Add a text's point in the ball as a gradient.

        That is ``encode_z_space(text)`` where it has this tape's shape, else its code of width cols for every row. The
        curvatures of encoder and tape have to agree to 1e-6.
        """
        check_same_curvature(self.curvature, encoder.curvature, SAME_CURVATURE, "the tape", "the encoder")
        whole = isinstance(text, str) and self.shape == (1, 2 * len(text))
        code = encoder.encode_z_space(text) if whole else encoder.encode_z_space(text, width=self.cols)
        self.accumulate_wave(code.expand(self.rows, self.cols))

    # --- looking ----------------------------------------------------------------------------------------------------

    def gradient(self) -> Tensor:
        """What was accumulated since the last reset: f32 [rows, cols]."""
        held = self._held()
        return zeros(*self.shape) if held is None else held

    def summary(self) -> GradientSummary:
        """Norms, mean and standard deviation of what was accumulated; reads the device once."""
        gradient = self.gradient()
        fine = isfinite(gradient)
        values = where(fine, gradient, 0.0)
        size = values.abs()
        largest = size.amax()
        unit = values / where(largest > 0, largest, 1.0)  # squares of large entries would overflow
        count = fine.sum().float()
        mean = values.sum() / count
        spread = where(fine, gradient - mean, 0.0)
        std = (spread.square().sum() / count).sqrt()
        norm = largest * unit.square().sum().sqrt()
        found = stack([size.sum(), norm, largest, mean, std, gradient.numel() - count])
        *numbers, nonfinite = unpack(read_values([found])[0], float32)
        return GradientSummary(*numbers, int(nonfinite))

    # --- applying ---------------------------------------------------------------------------------------------------

    def apply(self, parameter: Tensor) -> None:
        """One step of ``parameter`` [rows, cols] against the gradient, in place; then `reset`.

        If the gradient holds NaN or infinity or a row lies outside of the ball, the parameter keeps every bit, and
        the next value that is read raises an ArgumentError which says so.
        """
        gradient = self.gradient()
        value, faults = self.stepped(parameter)
        watch(("hypergrad", self.shape), count_nonfinite(gradient), _refusal)
        with grad_mode(False):
            parameter.assign_(where(faults == 0, value, parameter.detach()))
        if session().tracing is None:
            realize(parameter)

    def stepped(self, parameter: Tensor) -> tuple[Tensor, Tensor]:
        """The parameter after one step, and 0 if gradient and parameter were sound; see `descended`.

        Empties the tape and leaves the parameter as it is.
        """
        if parameter.numel() != self.rows * self.cols or parameter.shape[-1:] not in ((self.cols,), ()):
            raise ShapeError(f"this tape is for a parameter of shape {self.shape}, got {tuple(parameter.shape)}")
        manifold = self._manifold(parameter)
        gradient = self.gradient()
        self.reset()
        with grad_mode(False):
            value, faults = descended(parameter.detach().reshape(self.shape), gradient, manifold, self._rate_now())
            return value.reshape(parameter.shape), faults

    def reset(self) -> None:
        """Forget what was accumulated."""
        self._gradient, self._trace, self.depth = None, None, 0

    # --- keeping ----------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """Gradient, depth, learning rate and curvature as tensors, for any file format."""
        return {
            "gradient": self.gradient(),
            "depth": full((), self.depth, dtype=int32),
            "lr": self.rate.detach(),
            "curvature": full((), self.curvature),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave. On an error nothing has changed."""
        missing = sorted({"gradient", "depth", "lr", "curvature"} - set(state_dict))
        if missing:
            raise ArgumentError(f"this is no state of a tape: it lacks {', '.join(missing)}")
        gradient = state_dict["gradient"]
        if tuple(gradient.shape) != self.shape:
            raise ArgumentError(f"the state is of a tape of shape {tuple(gradient.shape)}, this one has {self.shape}")
        depth, lr, curvature = (state_dict[name].item() for name in ("depth", "lr", "curvature"))
        tolerance = SAME_CURVATURE * max(1.0, -self.curvature)  # the state holds a float32
        check_same_curvature(self.curvature, curvature, tolerance, "the tape", "the state")
        self.lr = lr
        self.reset()
        if depth:
            self._gradient, self.depth = gradient.detach(), depth

    def __repr__(self) -> str:
        return f"Hypergrad(curvature={self.curvature:g}, lr={self.lr:g}, rows={self.rows}, cols={self.cols})"

    # --- inside -----------------------------------------------------------------------------------------------------

    def _held(self) -> Tensor | None:
        """What the tape holds, if it may be used now."""
        tracing = session().tracing
        if self._trace is not None and self._trace is not tracing:
            raise TraceError("a compiled step left a gradient in this tape without applying it; reset() empties it")
        if tracing is not None and self._trace is None and guarded(self, "depth"):
            raise TraceError("this tape holds gradients from before the compiled step; apply() or reset() it first")
        return self._gradient

    def _rate_now(self) -> Tensor:
        """The learning rate on the device, uploaded again where its device was lost."""
        if is_lost(self.rate):
            with outside_trace():
                self.rate.assign_(_scalar(self._lr))
        return self.rate

    def _manifold(self, parameter: Tensor) -> Manifold:
        manifold = getattr(parameter, "manifold", None)
        if isinstance(manifold, PoincareBall):
            check_same_curvature(self.curvature, manifold.curvature, SAME_CURVATURE, "the tape", "the parameter's ball")
        return manifold or PoincareBall(self.curvature)


AmegaHypergrad = Hypergrad


def descended(point: Tensor, gradient: Tensor, manifold: Manifold, rate: Tensor | float) -> tuple[Tensor, Tensor]:
    """The end of the geodesic from each row with velocity −rate·rgrad; and the faults, int32 0-d.

    That is the number of rows outside the ball, plus 1 if the gradient is not finite; the value is only sound where it
    is 0. Entries of flat space and points of a ball that have no gradient are selected, so they keep every bit.
    """
    faults = any_nonfinite(gradient)
    if isinstance(manifold, Euclidean):
        return where(gradient == 0, point, point - rate * gradient), faults
    outside = (-manifold.curvature * point.square().sum(-1) < 1.0).logical_not()
    value = manifold.step(point, manifold.rgrad(point, gradient) * -rate)
    return value, faults + outside.sum()


def _refusal(count: float) -> str | None:
    return f"{count:g} entries of a tape's gradient are NaN or infinite; the parameter is as before" if count else None


def _checked_rate(lr: object) -> float:
    if isinstance(lr, bool) or not isinstance(lr, (int, float)) or not 0 <= lr < math.inf:
        raise ArgumentError(f"lr has to be a finite number ≥ 0, got {lr!r}")
    return float(lr)


def _scalar(value: float) -> Tensor:
    # Uploaded, not a constant of the graph: a constant would compile a program for every new value.
    return wrap(upload(struct.pack("<f", value), (), float32))
