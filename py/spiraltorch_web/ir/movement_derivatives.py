"""Derivatives of movements: the way back for every entry that was moved."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from . import algebra as al
from .node import Node, flip, pad, permute, reshape, routine, shrink
from .ops import Op


def _reshape(node: Node, g: Node) -> tuple[Node]:
    return (reshape(g, node.srcs[0].shape),)


def _permute(node: Node, g: Node) -> tuple[Node]:
    axes = node.attrs[0]
    return (al.permuted(g, tuple(axes.index(axis) for axis in range(len(axes)))),)


def _pad(node: Node, g: Node) -> tuple[Node]:
    ranges = tuple(
        (low, low + max(size - 1, 0) * (gap + 1) + min(size, 1), gap + 1)
        for size, (low, _, gap) in zip(node.srcs[0].shape, node.attrs[0], strict=True)
    )
    return (shrink(g, ranges),)


def _shrink(node: Node, g: Node) -> tuple[Node]:
    padding = []
    for size, count, (start, _, step) in zip(node.srcs[0].shape, node.shape, node.attrs[0], strict=True):
        reach = (count - 1) * step + 1 if count else 0
        padding.append((start, size - start - reach, step - 1))
    return (pad(g, padding),)


def _flip(node: Node, g: Node) -> tuple[Node]:
    return (flip(g, node.attrs[0]),)


def _concat(node: Node, g: Node) -> tuple[Node, ...]:
    axis, start, parts = node.attrs[0], 0, []
    for src in node.srcs:
        ranges = [(0, size, 1) for size in g.shape]
        ranges[axis] = (start, start + src.shape[axis], 1)
        start += src.shape[axis]
        parts.append(shrink(g, ranges))
    return tuple(parts)


def _slide(node: Node, g: Node) -> tuple[Node]:
    """Every window gives its entries back; where windows overlap the cotangents add up."""
    axis, size, step, dilation = node.attrs
    length, count = node.srcs[0].shape[axis], node.shape[axis]
    if step >= size and dilation == 1:
        return (_unslide_apart(g, axis, step, length),)
    result = None
    for offset in range(size):
        ranges = [(0, extent, 1) for extent in g.shape[:-1]] + [(offset, offset + 1, 1)]
        part = reshape(shrink(g, ranges), g.shape[:-1])
        padding = [(0, 0, 0)] * part.ndim
        start = offset * dilation
        padding[axis] = (start, length - start - (count - 1) * step - 1, step - 1)
        placed = pad(part, padding)
        result = placed if result is None else al.add(result, placed)
    return (result,)


def _unslide_apart(g: Node, axis: int, step: int, length: int) -> Node:
    """As `_slide` where windows do not overlap: lay them out one after another."""
    last = g.ndim - 1
    windows = pad(g, [(0, 0, 0)] * last + [(0, step - g.shape[last], 0)])
    order = (*range(axis + 1), last, *range(axis + 1, last))
    line = reshape(permute(windows, order), (*g.shape[:axis], g.shape[axis] * step, *g.shape[axis + 1 : last]))
    missing = length - line.shape[axis]
    if missing >= 0:
        padding = [(0, 0, 0)] * line.ndim
        padding[axis] = (0, missing, 0)
        return pad(line, padding)
    ranges = [(0, size, 1) for size in line.shape]
    ranges[axis] = (0, length, 1)
    return shrink(line, ranges)


def _gather(node: Node, g: Node) -> tuple[Node, None]:
    x, index = node.srcs
    return routine("scatter_add", (index, g), (x.shape[0],), 0, x.shape, x.dtype), None


MOVEMENT_VJP: Mapping = MappingProxyType(
    {
        Op.RESHAPE: _reshape,
        Op.PERMUTE: _permute,
        Op.PAD: _pad,
        Op.SHRINK: _shrink,
        Op.FLIP: _flip,
        Op.SLIDE: _slide,
        Op.CONCAT: _concat,
        Op.GATHER: _gather,
    }
)
