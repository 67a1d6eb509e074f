"""scatter_add: sums of updates by row number, the derivative of `gather`; the same bits on every run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import DTypeError, ShapeError
from ..ir.caps import Caps
from ..ir.node import Node, gather
from .launches import given, launch_entries, result, scratch
from .registry import Lowered, Routine, Spec
from .sort import sort_launches

# Comparing every entry with every row number takes less than sorting the numbers first, up to these counts. On CPU
# cores a comparison costs about 14 ns (SwiftShader) and sorting 64 numbers 100 us.
FEW = 64
COMPARISONS, SOFTWARE_COMPARISONS = 1 << 24, 1 << 13


def _infer(specs: Sequence[Spec], params: tuple) -> tuple[Spec, ...]:
    (index_shape, index_dtype), (shape, dtype) = specs
    (rows,) = params
    if index_dtype.kind not in "iu":
        raise DTypeError(f"scatter_add needs an integer index, got {index_dtype.name}")
    if dtype.kind == "b":
        raise DTypeError("scatter_add cannot add bool updates")
    if shape[: len(index_shape)] != tuple(index_shape):
        raise ShapeError(f"scatter_add needs updates of shape {index_shape} + (...), got {shape}")
    if rows == 0 and math.prod(index_shape):
        raise ShapeError(f"scatter_add cannot add {math.prod(index_shape)} updates to no rows")
    return (((rows, *shape[len(index_shape) :]), dtype),)


def _lower(specs: Sequence[Spec], outputs: Sequence[Spec], params: tuple, caps: Caps) -> Lowered:
    (index_shape, index_dtype), _ = specs
    ((shape, dtype),) = outputs
    count, entries = math.prod(index_shape), math.prod(shape)
    if entries == 0:
        return Lowered(())
    if count == 0:
        return Lowered((launch_entries("fill_zero", (result(0),), entries, caps, dtype, ELEMENT=dtype.storage),))
    element = {"ELEMENT": dtype.storage, "VALUE": dtype.value, "COUNT": count, "WIDTH": entries // shape[0]}
    if count <= FEW and count * entries <= (SOFTWARE_COMPARISONS if caps.software else COMPARISONS):
        operands = (given(0), given(1), result(0))
        kind = {"INDEX": index_dtype.storage, "LAST_ROW": shape[0] - 1}
        return Lowered((launch_entries("scatter_few", operands, entries, caps, dtype, **element, **kind),))
    order, rows, spares = scratch(0), scratch(1), (scratch(2), scratch(3))
    kind = {"IS_ROW_INDEX": True, "LAST_ROW": shape[0] - 1, "IS_SIGNED": index_dtype.kind == "i"}
    sort = sort_launches(given(0), order, rows, spares, 1, count, caps, **kind)
    operands = (rows, order, given(1), result(0))
    steps = count.bit_length()
    sums = launch_entries("scatter_sum", operands, entries, caps, dtype, **element, SEARCH_STEPS=steps)
    return Lowered((*sort, sums), (4 * count,) * (2 if len(sort) == 1 else 4))


NARROW = 64  # columns: up to here NumPy adds faster column by column than rows sorted by number


def reference(np, arrays: Sequence, params: tuple) -> tuple:
    """The sums in NumPy, in the order of the updates: column by column, else rows sorted by number, run by run."""
    index, updates = arrays
    (rows,) = params
    rest = updates.shape[index.ndim :]
    total = np.zeros((rows, *rest), updates.dtype)
    if index.size == 0 or total.size == 0:
        return (total,)
    numbers = np.minimum(np.maximum(index.reshape(-1).astype(np.int64), 0), rows - 1)  # clip takes four times as long
    columns, flat = total.reshape(rows, -1), updates.reshape(numbers.size, -1)
    if columns.shape[1] <= NARROW:
        for column in range(columns.shape[1]):
            np.add.at(columns[:, column], numbers, flat[:, column])
        return (total,)
    if rows <= 1 << 16:
        numbers = numbers.astype(np.uint16)  # NumPy sorts these by radix, forty times faster
    order = np.argsort(numbers, kind="stable")
    numbers = numbers[order]
    starts = np.flatnonzero(np.concatenate(([True], numbers[1:] != numbers[:-1])))
    columns[numbers[starts]] = np.add.reduceat(flat[order], starts, axis=0)
    return (total,)


def _derivative(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    """Every update receives the cotangent of the row that it went to."""
    return (None, gather(cotangent, node.srcs[0]))


SCATTER_ADD = Routine("scatter_add", _infer, _lower, reference, _derivative)
