"""Routines on tensors past one binding: the same values from several runs on parts.

A routine's kernels see each tensor through one binding (128 MiB are guaranteed). Sorting, selection, scanning and
Fourier transforms are cut along another axis, a scan of one long axis is cut into pieces that start where the last
ended, and `scatter_add` is cut by columns, by rows of the result, or by updates; by updates also where a loop over all
of them would be too long.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import algebra as al
from .caps import Caps
from .node import Node, concat, const, elementwise, pad, reshape, routine, shrink
from .ops import Op

# Mesa's CPU driver leaves a shader's loops after 65,535 turns without a word (llvmpipe 22.3.6: a sum of a million
# ones gave 262,140). Real GPUs have no such limit.
SOFTWARE_TURNS = 65_000


def split_large(node: Node, caps: Caps) -> Node:
    """An equal node whose routines fit one binding each, or the node itself."""
    largest = max((part.nbytes for part in (*node.srcs, node)), default=0)
    name, params, _ = node.attrs
    if name == "scatter_add" and caps.software and node.srcs[0].size > SOFTWARE_TURNS:
        return _by_updates(node, -(-node.srcs[0].size // SOFTWARE_TURNS))
    if name == "fft":
        return _transforms_in_pieces(node, caps)
    if largest <= caps.max_binding_bytes:
        return node
    pieces = -(-largest // caps.max_binding_bytes)
    if name == "argsort":
        return _along(node, _longest(node.shape[:-1]), pieces)
    if name == "rank_k":
        return _selections_in_pieces(node, pieces)
    if name == "cumsum":
        axis = params[0]
        others = [1 if place == axis else size for place, size in enumerate(node.shape)]
        return _along(node, _longest(others), pieces) if max(others) > 1 else _scan_in_pieces(node, axis, pieces)
    if name == "scatter_add":
        return _scatter_in_pieces(node, pieces, caps)
    return node


def _selections_in_pieces(node: Node, pieces: int) -> Node:
    """Rows apart; both outputs of a piece come from one selection."""
    name, params, output = node.attrs
    (x,) = node.srcs
    axis = _longest(x.shape[:-1])
    if axis is None:
        return node
    found = []
    for start, end in _cuts(x.shape[axis], pieces):
        shape = (*node.shape[:axis], end - start, *node.shape[axis + 1 :])
        found.append(routine(name, (_part(x, axis, start, end),), params, output, shape, node.dtype))
    return concat(found, axis)


def _transforms_in_pieces(node: Node, caps: Caps) -> Node:
    """Lines apart. Lengths that are no power of two are filled up in temporaries (see `kernels.fft`)."""
    name, params, output = node.attrs
    length, axis = params[1], params[2]
    entries = max((part.size for part in (*node.srcs, node)), default=0)
    filled = 1 if length & (length - 1) == 0 else (1 << (2 * length - 2).bit_length()) / length
    pieces = -(-int(4 * entries * filled) // caps.max_binding_bytes)
    cut = _longest([1 if place == axis else size for place, size in enumerate(node.shape)])
    if pieces <= 1 or cut is None:
        return node
    found = []
    for start, end in _cuts(node.shape[cut], pieces):
        parts = [_part(src, cut, start, end) for src in node.srcs]
        shape = (*node.shape[:cut], end - start, *node.shape[cut + 1 :])
        found.append(routine(name, parts, params, output, shape, node.dtype))
    return concat(found, cut)


def _longest(sizes: Sequence[int]) -> int | None:
    """The axis to cut; None when all have length 1."""
    place = max(range(len(sizes)), key=lambda axis: sizes[axis], default=None)
    return place if place is not None and sizes[place] > 1 else None


def _cuts(length: int, pieces: int) -> list[tuple[int, int]]:
    step = -(-length // min(pieces, length))
    return [(start, min(start + step, length)) for start in range(0, length, step)]


def _part(x: Node, axis: int, start: int, end: int) -> Node:
    return shrink(x, [(start, end, 1) if place == axis else (0, size, 1) for place, size in enumerate(x.shape)])


def _along(node: Node, axis: int | None, pieces: int) -> Node:
    """The routine on parts of its operand along an axis that it treats entry by entry."""
    if axis is None:
        return node
    name, params, _ = node.attrs
    (x,) = node.srcs
    parts = [_part(x, axis, start, end) for start, end in _cuts(x.shape[axis], pieces)]
    return concat([routine(name, (part,), params, 0, part.shape, node.dtype) for part in parts], axis)


def _scan_in_pieces(node: Node, axis: int, pieces: int) -> Node:
    """Sums within pieces, plus the total of all pieces before."""
    (x,) = node.srcs
    length = node.size
    size = -(-length // pieces)
    table = reshape(pad(reshape(x, (length,)), ((0, pieces * size - length, 0),)), (pieces, size))
    inner = routine("cumsum", (table,), (1,), 0, table.shape, node.dtype)
    totals = reshape(_part(inner, 1, size - 1, size), (pieces,))
    before = al.sub(routine("cumsum", (totals,), (0,), 0, (pieces,), node.dtype), totals)
    sums = al.add(inner, al.broadcast_to(reshape(before, (pieces, 1)), table.shape))
    return reshape(_part(reshape(sums, (pieces * size,)), 0, 0, length), node.shape)


def _scatter_in_pieces(node: Node, pieces: int, caps: Caps) -> Node:
    index, updates = _listed(node)
    rows, rest, count = node.shape[0], node.shape[1:], index.size
    column = _longest(rest) if index.nbytes <= caps.max_binding_bytes else None
    if column is not None:
        parts = [_part(updates, column + 1, start, end) for start, end in _cuts(rest[column], pieces)]
        return concat([_scattered(index, part, rows) for part in parts], column + 1)
    if max(index.nbytes, updates.nbytes) >= node.nbytes:
        return _by_updates(node, pieces)
    # Updates for other rows count as 0 here; numbers out of range mean the first and the last row of all.
    low, high = (const(place, index.dtype, index.shape) for place in (0, rows - 1))
    number = elementwise(Op.MINIMUM, elementwise(Op.MAXIMUM, index, low), high)
    found = []
    for start, end in _cuts(rows, pieces):
        first, beyond = (const(place, number.dtype, number.shape) for place in (start, end))
        inside = elementwise(Op.AND, elementwise(Op.LE, first, number), elementwise(Op.LT, number, beyond))
        shifted = al.select(inside, al.sub(number, first), low)
        wide = al.broadcast_to(reshape(inside, (count, *(1 for _ in rest))), updates.shape)
        found.append(_scattered(shifted, al.select(wide, updates, al.filled(updates, 0)), end - start))
    return concat(found, 0)


def _by_updates(node: Node, pieces: int) -> Node:
    """The sum over parts of the updates."""
    index, updates = _listed(node)
    rows = node.shape[0]
    sums = [_scattered(_part(index, 0, a, b), _part(updates, 0, a, b), rows) for a, b in _cuts(index.size, pieces)]
    total = sums[0]
    for other in sums[1:]:
        total = al.add(total, other)
    return total


def _listed(node: Node) -> tuple[Node, Node]:
    """The index as a vector, and the updates with one axis for it."""
    index, updates = node.srcs
    return reshape(index, (index.size,)), reshape(updates, (index.size, *node.shape[1:]))


def _scattered(index: Node, updates: Node, rows: int) -> Node:
    return routine("scatter_add", (index, updates), (rows,), 0, (rows, *updates.shape[1:]), updates.dtype)
