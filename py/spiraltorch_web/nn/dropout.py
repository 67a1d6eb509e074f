"""Dropout."""

from __future__ import annotations

from ..errors import ArgumentError
from ..runtime.trace import guarded
from ..tensor import Tensor
from . import functional
from .module import Module
from .naming import named

__all__ = ["Dropout"]


@named
class Dropout(Module):
    """In training, each entry is zero with probability p, else divided by 1 − p; in evaluation nothing happens."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0.0 <= p <= 1.0:
            raise ArgumentError(f"p is a probability, got {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.p, guarded(self, "training"))

    def extra_repr(self) -> str:
        return f"p={self.p:g}"
