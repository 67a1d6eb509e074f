"""Parameters: the tensors that a module trains."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from ..ir import algebra
from ..ir.node import Node
from ..runtime.trace import use
from ..tensor import Tensor, as_tensor, wrap
from ..zspace.manifolds import Euclidean, Manifold, PoincareBall

__all__ = ["Parameter", "detached"]


class Parameter(Tensor):
    """A leaf tensor with storage of its own that a `Module` finds among its attributes.

    ``manifold``: `zspace.Euclidean` (the default), or a `zspace.PoincareBall` whose points the rows are. Rows outside
    of it, given here or written later, are not taken over and raise ArgumentError with the next value that is read.
    """

    __slots__ = ("manifold",)

    def __init__(self, data: Any, requires_grad: bool = True, manifold: Manifold | None = None) -> None:
        if not isinstance(manifold, (Euclidean, PoincareBall, type(None))):
            raise ArgumentError(f"a manifold is zspace.Euclidean() or zspace.PoincareBall(curvature), got {manifold!r}")
        self.manifold = manifold or Euclidean()
        node = use(self.manifold.only_inside("Parameter", as_tensor(data), 0.0))
        # A compiled step writes into parameters, so they share no storage.
        self._setup(node if node.buffer is None else algebra.detach(node), False, True)
        if requires_grad:
            self.requires_grad_()

    def assign_(self, value: Tensor | Node) -> Parameter:
        """As `Tensor.assign_`; rows outside of the manifold are not written."""
        given = value if isinstance(value, Tensor) else wrap(value)
        if given.shape == self.shape:
            given = self.manifold.only_inside("a parameter", given, self.detach())
        return super().assign_(given)

    def __deepcopy__(self, memo: dict) -> Parameter:
        result = Tensor.__deepcopy__(self, memo)
        result.manifold = self.manifold
        return result

    def __reduce__(self) -> tuple:
        return _restored, (*Tensor.__reduce__(self), self.manifold)

    def __repr__(self) -> str:
        place = "" if isinstance(self.manifold, Euclidean) else f" in {self.manifold}"
        return f"Parameter containing{place}:\n{super().__repr__()}"


def _restored(restore: Any, arguments: tuple, manifold: Manifold) -> Parameter:
    result = restore(*arguments)
    result.manifold = manifold
    return result


def detached(value: Tensor) -> Tensor:
    """The values without history; those in a ball stay a parameter in it."""
    if isinstance(value, Parameter) and isinstance(value.manifold, PoincareBall):
        return Parameter(value.detach(), False, value.manifold)
    return value.detach()
