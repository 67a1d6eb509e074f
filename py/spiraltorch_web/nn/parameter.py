"""Parameters: the tensors that a module trains."""

from __future__ import annotations

from typing import Any

from ..ir import algebra
from ..runtime.trace import use
from ..tensor import Tensor, as_tensor

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A leaf tensor with storage of its own that a `Module` finds among its attributes."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        node = use(as_tensor(data))
        # A compiled step writes into parameters, so they share no storage.
        self._setup(node if node.buffer is None else algebra.detach(node), False, True)
        if requires_grad:
            self.requires_grad_()

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"
