"""Reading and writing entries by index."""

from __future__ import annotations

import math
from typing import Any

from ..dtypes import bool_, int32
from ..errors import ArgumentError, ShapeError
from ..ir import algebra as al
from ..ir import node as nodes
from ..ir.node import Node
from ..ir.ops import Op
from ..runtime.trace import use
from . import elementwise as ew
from .core import Tensor, wrap
from .joining import cat, stack
from .operands import as_tensor, axis_index, broadcast_shapes, tensors
from .selection import apply, counted_from_front, linear_index, parse, place_back, true_positions
from .shaping import reshape


def get_item(x: Tensor, index: Any) -> Tensor:
    """``x[index]`` with ints, slices, None, ``...``, lists and int or bool tensors, as in PyTorch.

    Slices may have negative steps. Entries of an index tensor outside the axis are clamped to its ends. A bool mask
    is read, so it cannot stand in a compiled step: use `where` there.
    """
    return wrap(apply(use(x), parse(index, x._node.shape)), x)


def set_item(x: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value``; the value broadcasts. Where an index repeats, the last value stays."""
    if isinstance(index, Tensor) and index.dtype is bool_ and (not isinstance(value, Tensor) or not value.ndim):
        mask = reshape(index, (*index.shape, *(1 for _ in range(x.ndim - index.ndim))))
        x.assign_(ew.to(ew.where(mask, value, x), x.dtype))
        return
    selection = parse(index, x._node.shape)
    positions = apply(_positions(x._node.shape), selection)
    region = positions.shape
    value = as_tensor(value)
    new = al.broadcast_to(nodes.cast(_fitting(value, region), x.dtype), region)
    if selection.indices:
        result = _scattered(use(x), positions, new)
    else:
        mask = place_back(nodes.const(True, bool_, region), selection, x._node.shape)
        result = al.select(mask, place_back(new, selection, x._node.shape), use(x))
    x.assign_(wrap(result, x, value))


def _fitting(value: Tensor, region: tuple[int, ...]) -> Node:
    """The value's node, which must broadcast to the region; axes of length 1 in front may be too many."""
    node = use(value)
    while node.ndim > len(region) and node.shape[0] == 1:
        node = nodes.reshape(node, node.shape[1:])
    pairs = zip(reversed(node.shape), reversed(region), strict=False)
    if node.ndim > len(region) or any(size not in (1, wanted) for size, wanted in pairs):
        raise ShapeError(f"assignment: a value of shape {tuple(value.shape)} does not fit the selected shape {region}")
    return node


def _positions(shape: tuple[int, ...]) -> Node:
    """int32: the flat position of every entry."""
    return nodes.reshape(nodes.iota((math.prod(shape),), 0), shape)


def _add_into(rows: int, index: Node, updates: Node) -> Node:
    """zeros [rows] plus each update at its index."""
    return nodes.routine("scatter_add", (index, updates), (rows,), 0, (rows, *updates.shape[1:]), updates.dtype)


def _scattered(x: Node, positions: Node, values: Node) -> Node:
    """x with ``values`` at flat positions; of several values for one position the last stays."""
    size, count = x.size, positions.size
    if not count:
        return x
    flat = nodes.reshape(positions, (count,))
    order = nodes.routine("argsort", (flat,), (False,), 0, (count,), int32)  # stable: later values come later
    places = nodes.gather(flat, order)
    following = nodes.concat((nodes.shrink(places, ((1, count, 1),)), nodes.const(-1, int32, (1,))), 0)
    last = nodes.elementwise(Op.NE, places, following)
    number = x.dtype if x.dtype is not bool_ else int32
    sorted_values = nodes.gather(nodes.cast(nodes.reshape(values, (count,)), number), order)
    chosen = al.select(last, sorted_values, al.filled(sorted_values, 0))
    written = _add_into(size, places, chosen)
    hit = nodes.cast(_add_into(size, places, nodes.cast(last, int32)), bool_)
    return al.select(nodes.reshape(hit, x.shape), nodes.reshape(nodes.cast(written, x.dtype), x.shape), x)


def index_select(x: Tensor, dim: int, index: Tensor) -> Tensor:
    """The given places along an axis, in the order of ``index``."""
    axis = axis_index("index_select", dim, x.ndim)
    return get_item(x, (*(slice(None) for _ in range(axis)), as_tensor(index)))


def _flat_positions(name: str, x: Tensor, axis: int, index: Tensor) -> Node:
    """Where in the flat x the entry [i…, index[i…, j, k…], k…] lies, for every entry of the index."""
    if index.ndim != x.ndim or index.dtype.kind not in "iu":
        raise ShapeError(
            f"{name} needs an integer index with the {x.ndim} axes of {tuple(x.shape)}, "
            f"got {index.dtype.name} {tuple(index.shape)}"
        )
    for place, size in enumerate(index.shape):
        if place != axis and size > x.shape[place]:
            raise ShapeError(f"{name}: index {tuple(index.shape)} is longer than {tuple(x.shape)} at axis {place}")
    shape = tuple(index.shape)
    along = counted_from_front(nodes.cast(use(index), int32), x.shape[axis])
    parts = [along if place == axis else nodes.iota(shape, place) for place in range(x.ndim)]
    return linear_index(parts, list(x.shape))


def gather(x: Tensor, dim: int, index: Tensor) -> Tensor:
    """Entries picked along an axis: result[i, j] = x[index[i, j], j] for axis 0."""
    if not x.ndim:
        return ew.to(reshape(x, index.shape), x.dtype)
    axis = axis_index("gather", dim, x.ndim)
    positions = _flat_positions("gather", x, axis, index)
    return wrap(nodes.gather(nodes.reshape(use(x), (x._node.size,)), positions), x)


def take_along_dim(x: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """As `gather`, where the other axes broadcast; without an axis in the flat tensor."""
    if dim is None:
        return take(x, reshape(indices, (-1,)))
    axis = axis_index("take_along_dim", dim, x.ndim)
    shape = list(broadcast_shapes("take_along_dim", _without(x.shape, axis), _without(indices.shape, axis)))
    wide = wrap(al.broadcast_to(use(x), (*shape[:axis], x.shape[axis], *shape[axis:])), x)
    index = al.broadcast_to(use(indices), (*shape[:axis], indices.shape[axis], *shape[axis:]))
    return gather(wide, axis, wrap(index))


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


def take(x: Tensor, index: Tensor) -> Tensor:
    """Entries of the flat x."""
    return get_item(reshape(x, (-1,)), as_tensor(index))


def scatter_add(x: Tensor, dim: int, index: Tensor, src: Any) -> Tensor:
    """x plus src: result[index[i, j], j] += src[i, j] for axis 0. Sums are formed in a fixed order."""
    axis = axis_index("scatter_add", dim, x.ndim)
    positions, values = _scatter_operands("scatter_add", x, axis, index, src)
    added = _add_into(x._node.size, nodes.reshape(positions, (positions.size,)), nodes.reshape(values, (values.size,)))
    return wrap(al.add(use(x), nodes.reshape(added, x._node.shape)), x, *tensors(src))


def scatter(x: Tensor, dim: int, index: Tensor, src: Any) -> Tensor:
    """x with entries replaced: result[index[i, j], j] = src[i, j] for axis 0; the last of several stays."""
    axis = axis_index("scatter", dim, x.ndim)
    positions, values = _scatter_operands("scatter", x, axis, index, src)
    return wrap(_scattered(use(x), positions, values), x, *tensors(src))


def _scatter_operands(name: str, x: Tensor, axis: int, index: Tensor, src: Any) -> tuple[Node, Node]:
    positions = _flat_positions(name, x, axis, index)
    if not isinstance(src, Tensor):
        return positions, nodes.const(src, x.dtype, positions.shape)
    if src.ndim != index.ndim or any(a > b for a, b in zip(index.shape, src.shape, strict=True)):
        raise ShapeError(f"{name}: src {tuple(src.shape)} is smaller than the index {tuple(index.shape)}")
    values = nodes.shrink(use(src), tuple((0, size, 1) for size in index.shape))
    return positions, nodes.cast(values, x.dtype)


def index_add(x: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """x plus ``alpha`` times the slices of ``source``, at the given places along an axis."""
    axis = axis_index("index_add", dim, x.ndim)
    wanted = (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
    if tuple(source.shape) != wanted:
        raise ShapeError(
            f"index_add: {index._node.size} places along axis {axis} of {tuple(x.shape)} need a source of shape "
            f"{tuple(wanted)}, got {tuple(source.shape)}"
        )
    order = (axis, *(place for place in range(x.ndim) if place != axis))
    values = source if alpha == 1 else ew.mul(source, alpha)
    rows = nodes.permute(use(values), order)
    places = counted_from_front(nodes.cast(use(index), int32), x.shape[axis])
    added = nodes.permute(_add_into(x.shape[axis], places, rows), tuple(order.index(i) for i in range(x.ndim)))
    return wrap(al.add(use(x), added), x, source)


def bincount(x: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often, or with which total weight, each of 0, 1, 2, … occurs in a vector of integers. Reads the largest."""
    from .reading import data  # reading sits above indexing

    rows = max([minlength - 1, *data(x)]) + 1
    counted = weights if weights is not None else wrap(nodes.const(1, int32, x._node.shape))
    return wrap(_add_into(rows, nodes.cast(use(x), int32), use(counted)), *tensors(counted))


def unique(x: Tensor) -> Tensor:
    """The different entries in ascending order. Reads x, so it cannot stand in a compiled step."""
    from .reading import data

    return as_tensor(sorted(set(data(x)))).to(x.dtype)


def nonzero(x: Tensor, *, as_tuple: bool = False) -> Any:
    """int32 [n, ndim]: the positions of entries that are not zero. Reads x, so it cannot stand in a compiled step."""
    positions = true_positions(ew.to(x, bool_))
    if as_tuple:
        return tuple(positions)
    return stack(positions, 1) if positions else cat([])


def masked_select(x: Tensor, mask: Tensor) -> Tensor:
    """The entries where the mask is true, as a vector. Reads the mask."""
    shape = broadcast_shapes("masked_select", x.shape, mask.shape)
    wide = wrap(al.broadcast_to(use(mask), shape))
    return get_item(wrap(al.broadcast_to(use(x), shape), x), wide)


def iterate(x: Tensor) -> Any:
    """The parts along the first axis."""
    if not x.ndim:
        raise ArgumentError("a tensor without axes cannot be iterated")
    return (get_item(x, place) for place in range(x.shape[0]))
