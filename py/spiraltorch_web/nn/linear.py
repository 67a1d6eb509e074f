"""Dense layers."""

from __future__ import annotations

import math

from ..tensor import Tensor, zeros
from . import functional, init
from .module import Module
from .naming import named
from .parameter import Parameter

__all__ = ["Flatten", "Identity", "Linear", "Unflatten"]


@named
class Linear(Module):
    """y = x·Wᵀ + b, from [*, in_features] to [*, out_features]; ``weight`` is [out_features, in_features].

    Weight and bias start uniform in ±1/√in_features, as in PyTorch.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(zeros(out_features, in_features))
        self.bias = Parameter(zeros(out_features)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        reset_weight_and_bias(self.weight, self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


@named
class Identity(Module):
    """Returns its input; any arguments are accepted, so that it can stand for another module."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        del args, kwargs

    def forward(self, x: Tensor) -> Tensor:
        return x


@named
class Flatten(Module):
    """Merges the axes from start_dim to end_dim."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


@named
class Unflatten(Module):
    """Splits one axis into several."""

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


def reset_weight_and_bias(weight: Parameter, bias: Parameter | None) -> None:
    """Uniform in ±1/√fan_in, PyTorch's start for dense layers and convolutions (Kaiming uniform with a = √5)."""
    fan_in, _ = init.fans(weight)
    if fan_in == 0:
        return
    init.kaiming_uniform_(weight, a=math.sqrt(5.0))
    if bias is not None:
        init.uniform_(bias, -1.0 / math.sqrt(fan_in), 1.0 / math.sqrt(fan_in))
