"""Tensors cut into parts and put together: split, cat, stack, pad, roll."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError, ShapeError
from ..ir import node as nodes
from ..runtime.trace import use
from .core import Tensor, wrap
from .operands import as_tensor, axis_index
from .shaping import flatten, reshape, sequence, unsqueeze


def _cut(node: nodes.Node, axis: int, start: int, stop: int) -> nodes.Node:
    ranges = [(0, size, 1) for size in node.shape]
    ranges[axis] = (start, stop, 1)
    return nodes.shrink(node, ranges)


def narrow(x: Tensor, dim: int, start: int, length: int) -> Tensor:
    """``length`` entries along an axis from ``start`` on."""
    axis = axis_index("narrow", dim, x.ndim)
    start = start + x.shape[axis] if start < 0 else start
    if not 0 <= start <= start + length <= x.shape[axis]:
        raise ShapeError(f"narrow: {start} to {start + length} does not lie within axis {dim} of {tuple(x.shape)}")
    return wrap(_cut(use(x), axis, start, start + length), x)


def split(x: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts along an axis: of one size (the last may be shorter), or of the given sizes."""
    axis = axis_index("split", dim, x.ndim)
    length = x.shape[axis]
    if isinstance(split_size, int):
        if split_size < 1:
            raise ArgumentError(f"split needs a part size of at least 1, got {split_size}")
        sizes = [min(split_size, length - start) for start in range(0, length, split_size)] or [0]
    else:
        sizes = list(split_size)
        if sum(sizes) != length:
            raise ShapeError(f"split: sizes {sizes} do not add up to axis {dim} of {tuple(x.shape)}")
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return tuple(narrow(x, axis, start, size) for start, size in zip(starts, sizes, strict=True))


def chunk(x: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` parts along an axis, of equal size but for the last."""
    if chunks < 1:
        raise ArgumentError(f"chunk needs at least 1 part, got {chunks}")
    return split(x, max(1, -(-x.shape[dim] // chunks)), dim)


def unbind(x: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The parts of length 1 along an axis, without that axis."""
    axis = axis_index("unbind", dim, x.ndim)
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    return tuple(reshape(narrow(x, axis, i, 1), shape) for i in range(x.shape[axis]))


def cat(values: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Tensors one after another along an axis."""
    values = [as_tensor(value) for value in values]
    if not values:
        raise ArgumentError("cat needs at least one tensor")
    dtype = values[0].dtype
    for value in values[1:]:
        dtype = value.dtype if value.dtype.rank > dtype.rank else dtype
    place = axis_index("cat", dim if axis is None else axis, values[0].ndim)
    return wrap(nodes.concat([nodes.cast(use(value), dtype) for value in values], place), *values)


def stack(values: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Tensors of one shape along a new axis."""
    values = [as_tensor(value) for value in values]
    if not values:
        raise ArgumentError("stack needs at least one tensor")
    for value in values:
        if value.shape != values[0].shape:
            raise ShapeError(f"stack needs tensors of one shape, got {tuple(values[0].shape)} and {tuple(value.shape)}")
    place = axis_index("stack", dim if axis is None else axis, values[0].ndim + 1)
    return cat([unsqueeze(value, place) for value in values], place)


def cat_rows(values: Any) -> Tensor:
    """Matrices one below another."""
    return cat(values, 0)


def hstack(values: Any) -> Tensor:
    """Tensors side by side: along axis 1, vectors along axis 0."""
    values = [as_tensor(value) for value in values]
    return cat(values, 0 if values[0].ndim < 2 else 1)


def vstack(values: Any) -> Tensor:
    """Tensors one below another; vectors become rows."""
    return cat([value if value.ndim > 1 else reshape(value, (1, -1)) for value in map(as_tensor, values)], 0)


def roll(x: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Entries moved along axes; those that leave at one end enter at the other. Without axes the flat tensor rolls."""
    if dims is None:
        return reshape(roll(flatten(x), shifts, 0), x.shape)
    node = use(x)
    for shift, dim in zip(sequence(shifts), sequence(dims), strict=True):
        axis = axis_index("roll", dim, x.ndim)
        size = x.shape[axis]
        start = -shift % size if size else 0
        if start:
            node = nodes.concat((_cut(node, axis, start, size), _cut(node, axis, 0, start)), axis)
    return wrap(node, x)


def pad(x: Tensor, pad: Any, mode: str = "constant", value: float = 0) -> Tensor:
    """Entries around x, given as PyTorch does: (low, high) of the last axis, then of the one before, …

    ``mode`` is "constant", "reflect", "replicate" or "circular". Negative widths cut off entries.
    """
    if len(pad) % 2 or len(pad) > 2 * x.ndim:
        raise ShapeError(f"pad needs a (low, high) pair for at most {x.ndim} axes, got {tuple(pad)}")
    widths = {x.ndim - 1 - i // 2: (pad[i], pad[i + 1]) for i in range(0, len(pad), 2)}
    node = use(x)
    for axis, (low, high) in widths.items():
        node = _cut(node, axis, max(-low, 0), node.shape[axis] + min(high, 0)) if min(low, high) < 0 else node
        node = _padded(node, axis, max(low, 0), max(high, 0), mode, value)
    return wrap(node, x)


def _padded(node: nodes.Node, axis: int, low: int, high: int, mode: str, value: float) -> nodes.Node:
    size = node.shape[axis]
    if mode == "constant":
        padding = [(0, 0, 0)] * node.ndim
        padding[axis] = (low, high, 0)
        return nodes.pad(node, padding, value)
    limit = {"reflect": size - 1, "circular": size, "replicate": max(low, high) if size else 0}.get(mode)
    if limit is None:
        raise ArgumentError(f"pad: mode is 'constant', 'reflect', 'replicate' or 'circular', got {mode!r}")
    if max(low, high) > limit:
        raise ShapeError(f"pad: {mode} padding of {max(low, high)} needs a longer axis {axis} than {node.shape} has")
    if mode == "reflect":
        before = nodes.flip(_cut(node, axis, 1, low + 1), (axis,))
        after = nodes.flip(_cut(node, axis, size - 1 - high, size - 1), (axis,))
    elif mode == "circular":
        before, after = _cut(node, axis, size - low, size), _cut(node, axis, 0, high)
    else:
        before, after = _repeated(node, axis, 0, low), _repeated(node, axis, size - 1, high)
    parts = [part for part in (before, node, after) if part.shape[axis]]
    return nodes.concat(parts or [node], axis)


def _repeated(node: nodes.Node, axis: int, place: int, count: int) -> nodes.Node:
    one = _cut(node, axis, place, place + 1)
    return nodes.expand(one, (*node.shape[:axis], count, *node.shape[axis + 1 :]))
