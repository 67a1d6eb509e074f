"""In-place operations: each computes a new value and assigns it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ir import algebra as al
from ..ir import node as nodes
from ..runtime.trace import use
from . import composed, indexing
from . import elementwise as ew
from .core import Tensor, wrap
from .operands import as_tensor, number


def _twin(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The in-place form of an operation; the result keeps the tensor's dtype."""

    def in_place(x: Tensor, *arguments: Any, **options: Any) -> Tensor:
        return x.assign_(function(x, *arguments, **options))

    in_place.__name__ = in_place.__qualname__ = f"{function.__name__}_"
    in_place.__doc__ = f"`{function.__name__}` in place."
    return in_place


_OPERATIONS = (
    *(
        ew.abs,
        composed.addcdiv,
        composed.addcmul,
        ew.ceil,
        ew.clamp,
        ew.div,
        ew.exp,
        ew.floor,
        composed.lerp,
        ew.log,
        ew.masked_fill,
    ),
    *(ew.maximum, ew.minimum, ew.mul, ew.neg, ew.pow, ew.reciprocal, ew.remainder, ew.round, ew.rsqrt, ew.sigmoid),
    *(ew.sqrt, ew.square, ew.tanh, ew.trunc, indexing.scatter, indexing.scatter_add, indexing.index_add),
)
TWINS = {f"{operation.__name__}_": _twin(operation) for operation in _OPERATIONS}


def add_(x: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """x ← x + alpha · other."""
    return x.assign_(ew.add(x, other if alpha == 1 else ew.mul(other, alpha)))


def sub_(x: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """x ← x − alpha · other."""
    return x.assign_(ew.sub(x, other if alpha == 1 else ew.mul(other, alpha)))


def add_scaled_(x: Tensor, other: Tensor, scale: float) -> Tensor:
    """x ← x + scale · other."""
    return add_(x, other, alpha=scale)


def copy_(x: Tensor, source: Any) -> Tensor:
    """x ← source, which broadcasts and is converted to the dtype of x."""
    source = as_tensor(source)
    return x.assign_(wrap(al.broadcast_to(use(source), x._node.shape), source))


def fill_(x: Tensor, value: Any) -> Tensor:
    """Every entry of x ← value."""
    if isinstance(value, Tensor):
        return copy_(x, value)
    return x.assign_(nodes.cast(number(value, x.dtype, x._node.shape), x.dtype))


def zero_(x: Tensor) -> Tensor:
    """Every entry of x ← 0."""
    return fill_(x, 0)


def inplace_operator(function: Callable[..., Tensor]) -> Callable[[Tensor, Any], Tensor]:
    """``x += y`` and its relatives: in place, as in PyTorch."""

    def operator(x: Tensor, other: Any) -> Tensor:
        return x.assign_(function(x, other))

    operator.__name__ = operator.__qualname__ = f"i{function.__name__}"
    return operator
