"""Short names for building nodes: arithmetic on nodes of one shape and dtype."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ShapeError
from .node import Node, Shape, const, elementwise, expand, permute, reduce, reshape
from .ops import Op


def filled(like: Node, value: bool | int | float) -> Node:
    """A constant of the shape and dtype of ``like``."""
    return const(value, like.dtype, like.shape)


def add(a: Node, b: Node) -> Node:
    """a + b."""
    return elementwise(Op.ADD, a, b)


def sub(a: Node, b: Node) -> Node:
    """a − b."""
    return elementwise(Op.SUB, a, b)


def mul(a: Node, b: Node) -> Node:
    """a · b."""
    return elementwise(Op.MUL, a, b)


def div(a: Node, b: Node) -> Node:
    """a / b."""
    return elementwise(Op.DIV, a, b)


def neg(a: Node) -> Node:
    """−a."""
    return elementwise(Op.NEG, a)


def square(a: Node) -> Node:
    """a²."""
    return elementwise(Op.MUL, a, a)


def plus(a: Node, value: float) -> Node:
    """a + value."""
    return elementwise(Op.ADD, a, filled(a, value))


def times(a: Node, value: float) -> Node:
    """a · value."""
    return elementwise(Op.MUL, a, filled(a, value))


def select(condition: Node, a: Node, b: Node) -> Node:
    """a where the condition holds, else b."""
    return elementwise(Op.WHERE, condition, a, b)


def identity(a: Node) -> Node:
    """A new node with the values and derivative of ``a``: a name of its own for one place in a graph."""
    return Node(Op.RESHAPE, (a,), (), a.shape, a.dtype)


def detach(a: Node) -> Node:
    """The values of ``a`` without its derivative."""
    return Node(Op.DETACH, (a,), (), a.shape, a.dtype)


def permuted(a: Node, axes: Sequence[int]) -> Node:
    """`permute`, where a permutation of a permutation is one, and one that undoes the other is none."""
    if a.op is not Op.PERMUTE:
        return permute(a, axes)
    return permute(a.srcs[0], tuple(a.attrs[0][axis] for axis in axes))


def swaps_last(a: Node) -> bool:
    """Whether a node is another one with its last two axes exchanged."""
    return a.op is Op.PERMUTE and a.attrs[0] == (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2)


def swap_last(a: Node) -> Node:
    """The last two axes exchanged."""
    return permuted(a, (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2))


def expand_over(a: Node, axes: Sequence[int], shape: Shape) -> Node:
    """Undo a reduction's loss of axes: ``a`` repeated along ``axes`` of ``shape``."""
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return expand(reshape(a, kept), shape)


def broadcast_to(a: Node, shape: Shape) -> Node:
    """NumPy broadcasting: new axes in front, axes of length 1 repeat."""
    if a.shape == shape:
        return a
    pairs = zip(reversed(a.shape), reversed(shape), strict=False)
    if a.ndim > len(shape) or any(old not in (1, new) for old, new in pairs):
        raise ShapeError(f"expand: a tensor of shape {a.shape} does not broadcast to {shape}")
    if a.op is Op.CONST:
        return const(a.attrs[0], a.dtype, shape)
    return expand(reshape(a, (1,) * (len(shape) - a.ndim) + a.shape), shape)


def total(a: Node, axes: Sequence[int]) -> Node:
    """The sum over axes."""
    return reduce(Op.SUM, a, axes)
