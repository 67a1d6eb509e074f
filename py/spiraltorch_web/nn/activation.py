"""Activations as modules."""

from __future__ import annotations

from ..errors import ArgumentError
from ..tensor import Tensor
from . import functional
from .module import Module
from .naming import named

__all__ = [
    "ELU",
    "GELU",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "Relu",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]


@named
class ReLU(Module):
    """max(x, 0)."""

    def __init__(self) -> None:
        pass

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x)


Relu = ReLU


@named
class Tanh(Module):
    """tanh(x)."""

    def __init__(self) -> None:
        pass

    def forward(self, x: Tensor) -> Tensor:
        return functional.tanh(x)


@named
class Sigmoid(Module):
    """1/(1 + e^−x)."""

    def __init__(self) -> None:
        pass

    def forward(self, x: Tensor) -> Tensor:
        return functional.sigmoid(x)


@named
class SiLU(Module):
    """x·σ(x)."""

    def __init__(self) -> None:
        pass

    def forward(self, x: Tensor) -> Tensor:
        return functional.silu(x)


@named
class GELU(Module):
    """x·Φ(x) with the normal distribution Φ; ``approximate="tanh"`` takes the formula with tanh."""

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ArgumentError(f"approximate is 'none' or 'tanh', got {approximate!r}")
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        return functional.gelu(x, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


@named
class LeakyReLU(Module):
    """x where x > 0, else negative_slope·x."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope:g}"


@named
class ELU(Module):
    """x where x > 0, else alpha·(eˣ − 1)."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        return functional.elu(x, self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha:g}"


@named
class Softplus(Module):
    """log(1 + e^(beta·x))/beta; x itself where beta·x > threshold."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta = beta
        self.threshold = threshold

    def forward(self, x: Tensor) -> Tensor:
        return functional.softplus(x, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta:g}, threshold={self.threshold:g}"


@named
class Softmax(Module):
    """Non-negative entries that sum to 1 along an axis."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return functional.softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


@named
class LogSoftmax(Module):
    """The logarithm of `Softmax`, computed without it."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return functional.log_softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
