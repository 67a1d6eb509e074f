"""Running sums and orders along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..dtypes import bool_, int32
from ..ir import algebra as al
from ..ir import node as nodes
from ..ir.node import Node
from ..kernels.table import ROUTINES
from ..runtime.trace import use
from . import elementwise as ew
from .core import Tensor, wrap
from .indexing import take_along_dim
from .joining import narrow
from .operands import as_tensor, axis_index
from .reduction import sum as total
from .shaping import movedim, reshape, squeeze, unsqueeze


class Sorted(NamedTuple):
    """Ordered values and where they were."""

    values: Tensor
    indices: Tensor


def _numbers(x: Tensor) -> Node:
    return nodes.cast(use(x), int32) if x.dtype is bool_ else use(x)


def cumsum(x: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Sums of all entries up to each one, along an axis."""
    x = as_tensor(x)
    if not x.ndim:
        return x
    along = axis_index("cumsum", dim if axis is None else axis, x.ndim)
    return wrap(ROUTINES["cumsum"](_numbers(x), params=(along,))[0], x)


def _doubling(x: Tensor, axis: int, neutral: float, combine: Callable[[Node, Node], Node]) -> Tensor:
    """All prefixes combined, in log2(length) steps over the whole tensor."""
    node, reach = _numbers(x), 1
    size = node.shape[axis]
    while reach < size:
        padding, ranges = [(0, 0, 0)] * node.ndim, [(0, length, 1) for length in node.shape]
        padding[axis], ranges[axis] = (reach, 0, 0), (0, size - reach, 1)
        node = combine(node, nodes.pad(nodes.shrink(node, ranges), padding, neutral))
        reach *= 2
    return wrap(node, x)


def cumprod(x: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Products of all entries up to each one, along an axis."""
    x = as_tensor(x)
    return _doubling(x, axis_index("cumprod", dim if axis is None else axis, x.ndim), 1, al.mul) if x.ndim else x


def argsort(x: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """int32: the order that sorts x along an axis; equal entries keep their order, NaN comes last."""
    x = as_tensor(x)
    if not x.ndim:
        return wrap(nodes.const(0, int32))
    axis = axis_index("argsort", dim, x.ndim)
    moved = movedim(wrap(_numbers(x)), axis, -1)
    order = ROUTINES["argsort"](use(moved), params=(bool(descending),))[0]
    return movedim(wrap(order), -1, axis)


def sort(x: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Sorted:
    """(values, indices) in ascending or descending order along an axis; NaN comes last."""
    x = as_tensor(x)
    order = argsort(x, dim, descending)
    return Sorted(take_along_dim(x, order, dim) if x.ndim else x, order)


def msort(x: Tensor) -> Tensor:
    """Sorted along the first axis."""
    return sort(x, 0).values


def diff(x: Tensor, n: int = 1, dim: int = -1) -> Tensor:
    """Differences of neighbours along an axis, n times."""
    for _ in range(n):
        length = x.shape[dim]
        x = ew.sub(narrow(x, dim, 1, length - 1), narrow(x, dim, 0, length - 1))
    return x


def median(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle entry, the lower one of two; with an axis, (values, indices) along it."""
    if dim is None:
        return median(reshape(x, (-1,)), 0).values
    axis = axis_index("median", dim, x.ndim)
    found = sort(x, axis)
    middle = (narrow(part, axis, (x.shape[axis] - 1) // 2, 1) for part in found)
    values, indices = (part if keepdim else squeeze(part, axis) for part in middle)
    return Sorted(values, indices)


def searchsorted(sorted_sequence: Tensor, values: Any, *, right: bool = False) -> Tensor:
    """int32: where each value would be inserted to keep the last axis of the sequence in order."""
    values = as_tensor(values)
    before = ew.le if right else ew.lt
    return total(before(unsqueeze(sorted_sequence, -2), unsqueeze(values, -1)), -1)
