"""How a view's entries lie in its operand: positions in, positions out."""

from __future__ import annotations

from ..ir.node import Node
from ..ir.ops import Op
from .index import Index, flatten, unflatten

Position = tuple[Index, ...]

PURE_VIEWS = frozenset({Op.RESHAPE, Op.PERMUTE, Op.EXPAND, Op.SHRINK, Op.FLIP, Op.SLIDE})


def operand_position(node: Node, position: Position) -> Position:
    """Where a pure view reads its operand for the entry at ``position``."""
    return _RULES[node.op](node, position)


def _reshape(node: Node, position: Position) -> Position:
    return unflatten(flatten(position, node.shape), node.srcs[0].shape)


def _permute(node: Node, position: Position) -> Position:
    (axes,) = node.attrs
    result = [Index()] * len(axes)
    for index, axis in zip(position, axes, strict=True):
        result[axis] = index
    return tuple(result)


def _expand(node: Node, position: Position) -> Position:
    return tuple(Index() if size == 1 else index for index, size in zip(position, node.srcs[0].shape, strict=True))


def _shrink(node: Node, position: Position) -> Position:
    (ranges,) = node.attrs
    return tuple(index * step + start for index, (start, _, step) in zip(position, ranges, strict=True))


def _flip(node: Node, position: Position) -> Position:
    (axes,) = node.attrs
    return tuple(index * -1 + (node.shape[axis] - 1) if axis in axes else index for axis, index in enumerate(position))


def _slide(node: Node, position: Position) -> Position:
    axis, _, step, dilation = node.attrs
    *rest, window = position
    rest[axis] = rest[axis] * step + window * dilation
    return tuple(rest)


_RULES = {
    Op.RESHAPE: _reshape,
    Op.PERMUTE: _permute,
    Op.EXPAND: _expand,
    Op.SHRINK: _shrink,
    Op.FLIP: _flip,
    Op.SLIDE: _slide,
}
