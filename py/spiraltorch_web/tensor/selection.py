"""What an index expression selects, as movements and one gather."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from ..dtypes import bool_, int32
from ..errors import ArgumentError, ShapeError, located
from ..ir import algebra as al
from ..ir import node as nodes
from ..ir.node import Node, Shape
from ..ir.ops import Op
from ..runtime.trace import use
from .core import Tensor
from .operands import as_tensor, broadcast_shapes


@dataclass(frozen=True)
class Selection:
    """A parsed index.

    ``ranges`` is a slice (start, stop, step) per axis of the operand and ``flipped`` the axes that are reversed
    after it. ``axes`` lists the axes of the result: an operand's axis, or −1 for a new one; axes that a number
    picked are missing. ``indices`` maps operand axes to int32 nodes of one shape; their common axes stand at
    ``place`` in the result.
    """

    ranges: tuple[tuple[int, int, int], ...]
    flipped: tuple[int, ...]
    axes: tuple[int, ...]
    indices: tuple[tuple[int, Node], ...] = ()
    place: int = 0


def parse(index: Any, shape: Shape) -> Selection:
    """The selection that ``x[index]`` means for x of a shape. Raises ShapeError, ArgumentError, IndexError."""
    items, masked = _expanded(index if isinstance(index, tuple) else (index,))
    items = _full_length(items, shape)
    ranges, flipped, axes, indices, places = [], [], [], [], []
    for item in items:
        axis = len(ranges)
        if item is None:
            axes.append(-1)
            continue
        size = shape[axis]
        if isinstance(item, slice):
            step_range, reverse = _range(item, size)
            ranges.append(step_range)
            axes.append(axis)
            if reverse:
                flipped.append(axis)
        elif isinstance(item, Tensor):
            if masked.get(item, size) != size:
                raise ShapeError(f"a mask of length {masked[item]} does not fit axis {axis} of {tuple(shape)}")
            ranges.append((0, size, 1))
            indices.append((axis, _index_node(item, axis, shape)))
            places.append(len(axes))
        else:
            start = _position(item, axis, shape)
            ranges.append((start, start + 1, 1))
    selection = Selection(tuple(ranges), tuple(flipped), tuple(axes))
    return _with_indices(selection, indices, places) if indices else selection


def _with_indices(selection: Selection, indices: list[tuple[int, Node]], places: list[int]) -> Selection:
    shape = broadcast_shapes("indexing", *(node.shape for _, node in indices))
    together = len(set(places)) == 1  # nothing between them: their axes stay there, else they go to the front
    spread = tuple((axis, al.broadcast_to(node, shape)) for axis, node in indices)
    return replace(selection, indices=spread, place=places[0] if together else 0)


def _expanded(items: tuple) -> tuple[list, dict[Tensor, int]]:
    """Lists and arrays as tensors, masks as the positions of their true entries, which come with their axis' length."""
    result: list = []
    masked: dict[Tensor, int] = {}
    for item in items:
        if isinstance(item, (list, range)) or hasattr(item, "__array__") and not isinstance(item, Tensor):
            item = as_tensor(list(item) if isinstance(item, range) else item)
        if isinstance(item, bool):
            raise ArgumentError("an index is an int, slice, None, ..., list or tensor, got a bool")
        if isinstance(item, Tensor) and item.dtype is bool_:
            positions = true_positions(item)
            masked.update(zip(positions, item.shape, strict=True))
            result.extend(positions)
        else:
            result.append(item)
    return result, masked


def true_positions(mask: Tensor) -> list[Tensor]:
    """int32 [n] per axis: where a mask is true. Reads the mask, so it cannot stand in a compiled step."""
    from .reading import data  # reading sits above indexing

    flat = [place for place, value in enumerate(data(mask)) if value]
    result = []
    for axis, size in enumerate(mask.shape):
        stride = math.prod(mask.shape[axis + 1 :])
        result.append(as_tensor([place // stride % size for place in flat]).to(int32))
    return result


def _full_length(items: list, shape: Shape) -> list:
    """Every operand axis has an item: an ellipsis, or its absence at the end, stands for full slices."""
    dots = [place for place, item in enumerate(items) if item is ...]
    if len(dots) > 1:
        raise ArgumentError("an index can have only one '...'")
    used = sum(1 for item in items if item is not None and item is not ...)
    if used > len(shape):
        raise ShapeError(f"too many indices: {used} for a tensor of shape {tuple(shape)}")
    rest = [slice(None)] * (len(shape) - used)
    place = dots[0] if dots else len(items)
    return [*items[:place], *rest, *items[place + 1 :]]


def _range(item: slice, size: int) -> tuple[tuple[int, int, int], bool]:
    start, stop, step = item.indices(size)
    count = len(range(start, stop, step))
    if step > 0:
        return (start, start + (count - 1) * step + 1 if count else start, step), False
    low = start + (count - 1) * step
    return ((low, start + 1, -step) if count else (0, 0, 1)), True


def _position(item: Any, axis: int, shape: Shape) -> int:
    if not hasattr(item, "__index__"):
        raise ArgumentError(
            f"an index is an int, slice, None, ..., list or tensor, got {type(item).__name__} at axis {axis}"
        )
    place = item.__index__()
    if not -shape[axis] <= place < shape[axis]:
        # IndexError ends `for row in tensor` and is what sequences raise.
        raise IndexError(located(f"index {place} is out of range for axis {axis} of a tensor of shape {tuple(shape)}"))
    return place % shape[axis]


def _index_node(item: Tensor, axis: int, shape: Shape) -> Node:
    """int32, counted from the front."""
    if item.dtype.kind not in "iu":
        raise ArgumentError(f"an index tensor holds integers or bools, got {item.dtype.name}")
    return counted_from_front(nodes.cast(use(item), int32), shape[axis])


def counted_from_front(index: Node, size: int) -> Node:
    """Negative entries count from the back."""
    zero = al.filled(index, 0)
    return al.select(nodes.elementwise(Op.LT, index, zero), al.plus(index, size), index)


def apply(x: Node, selection: Selection) -> Node:
    """The entries that a selection picks from x."""
    moved = nodes.flip(nodes.shrink(x, selection.ranges), selection.flipped)
    if selection.indices:
        return _gathered(moved, selection)
    return nodes.reshape(moved, tuple(1 if axis < 0 else moved.shape[axis] for axis in selection.axes))


def _gathered(x: Node, selection: Selection) -> Node:
    picked = [axis for axis, _ in selection.indices]
    rest = [axis for axis in selection.axes if axis >= 0]
    single = [axis for axis in range(x.ndim) if axis not in picked and axis not in rest]
    sizes = [x.shape[axis] for axis in picked]
    table = nodes.permute(x, (*picked, *rest, *single))
    table = nodes.reshape(table, (math.prod(sizes), *(x.shape[axis] for axis in rest)))
    index = linear_index([node for _, node in selection.indices], sizes)
    taken = nodes.gather(table, index)
    # The index axes come first; move them behind the operand axes that stand before them in the result.
    before = sum(1 for axis in selection.axes[: selection.place] if axis >= 0)
    width = index.ndim
    order = (*range(width, width + before), *range(width), *range(width + before, taken.ndim))
    kept = [1 if axis < 0 else x.shape[axis] for axis in selection.axes]
    shape = (*kept[: selection.place], *index.shape, *kept[selection.place :])
    return nodes.reshape(nodes.permute(taken, order), shape)


def linear_index(indices: list[Node], sizes: list[int]) -> Node:
    """One index into the flattened axes from an index per axis."""
    result = None
    for axis, index in enumerate(indices):
        stride = math.prod(sizes[axis + 1 :])
        part = index if stride == 1 else al.times(index, stride)
        result = part if result is None else al.add(result, part)
    return result


def place_back(value: Node, selection: Selection, shape: Shape) -> Node:
    """The inverse of `apply` for selections without indices: ``value`` where it was taken from, zeros elsewhere."""
    counts = tuple(len(range(*row)) for row in selection.ranges)
    moved = nodes.flip(nodes.reshape(value, counts), selection.flipped)
    padding = []
    for size, count, (start, _, step) in zip(shape, counts, selection.ranges, strict=True):
        reach = (count - 1) * step + 1 if count else 0
        padding.append((start, size - start - reach, step - 1 if count else 0))
    return nodes.pad(moved, padding)
