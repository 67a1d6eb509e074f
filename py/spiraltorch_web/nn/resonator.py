"""Modules that weigh each entry of their input."""

from __future__ import annotations

from ..errors import ShapeError
from ..tensor import Tensor, ones
from .module import Module
from .naming import named
from .parameter import Parameter
from .wave import check_features

__all__ = ["ToposResonator", "ZSpaceMixer"]


@named
class ToposResonator(Module):
    """x ⊙ gate with a gate of the full shape [rows, cols], which starts as ones; x is [*, rows, cols]."""

    def __init__(self, rows: int, cols: int) -> None:
        self.gate = Parameter(ones(rows, cols))

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-2:] != self.gate.shape:
            rows, cols = self.gate.shape
            raise ShapeError(f"ToposResonator takes [*, {rows}, {cols}], got {tuple(x.shape)}")
        return x * self.gate

    def extra_repr(self) -> str:
        return "rows={}, cols={}".format(*self.gate.shape)


@named
class ZSpaceMixer(Module):
    """x ⊙ gate with one weight per feature, all starting as 1; x is [*, features]."""

    def __init__(self, features: int) -> None:
        self.gate = Parameter(ones(features))

    def forward(self, x: Tensor) -> Tensor:
        check_features(self, x, self.gate.shape[0])
        return x * self.gate

    def extra_repr(self) -> str:
        return f"features={self.gate.shape[0]}"
