"""cumsum along any axis: chunks scanned in workgroups, their totals scanned in turn, then added (reduce, then scan)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import DTypeError, ShapeError
from ..ir.node import Node, flip
from .grids import ceil_div
from .launches import given, launch, launch_entries, result, scratch
from .registry import Launch, LimitsLike, Lowered, Operand, Routine, Spec

THREADS, ITEMS = 256, 4
CHUNK = THREADS * ITEMS


def _infer(specs: Sequence[Spec], params: tuple) -> tuple[Spec, ...]:
    ((shape, dtype),) = specs
    (axis,) = params
    if not 0 <= axis < len(shape):
        raise ShapeError(f"cumsum needs an axis between 0 and {len(shape) - 1} for shape {shape}, got {axis}")
    if dtype.kind == "b" or dtype.itemsize != 4:
        raise DTypeError(f"cumsum takes float32, int32 and uint32 values, got {dtype.name}; cast first")
    return ((shape, dtype),)


def _lower(specs: Sequence[Spec], outputs: Sequence[Spec], params: tuple, caps: LimitsLike) -> Lowered:
    ((shape, dtype),) = specs
    (axis,) = params
    if math.prod(shape) == 0:
        return Lowered(())
    outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    launches: list[Launch] = []
    sizes: list[int] = []
    _scan(given(0), result(0), (outer, shape[axis], inner), dtype.storage, caps, launches, sizes)
    return Lowered(tuple(launches), tuple(sizes))


def _scan(
    values: Operand,
    sums: Operand,
    lines: tuple[int, int, int],
    element: str,
    caps: LimitsLike,
    launches: list[Launch],
    sizes: list[int],
) -> None:
    """Append the launches that scan the middle axis of ``lines``, and the bytes of the scratch that they use."""
    outer, length, inner = lines
    chunks = ceil_div(length, CHUNK)

    def temporary(count: int) -> Operand:
        sizes.append(4 * count)
        return scratch(len(sizes) - 1)

    totals = temporary(outer * chunks * inner)
    local = sums if chunks == 1 else temporary(outer * length * inner)
    shared = {"ELEMENT": element, "LENGTH": length, "INNER": inner, "CHUNKS": chunks, "CHUNK": CHUNK}
    tuning = {"THREADS": THREADS, "THREADS_LOG": THREADS.bit_length() - 1, "ITEMS": ITEMS}
    groups = outer * inner * chunks
    launches.append(launch("cumsum_chunks", (values, local, totals), groups, caps, **shared, **tuning))
    if chunks == 1:
        return
    scanned = temporary(outer * chunks * inner)
    _scan(totals, scanned, (outer, chunks, inner), element, caps, launches, sizes)
    launches.append(launch_entries("cumsum_offsets", (local, scanned, sums), outer * length * inner, caps, **shared))


def _reference(np, arrays: Sequence, params: tuple) -> tuple:
    (values,) = arrays
    # Wide sums, as the scan's tree keeps the error of long float32 sums small as well.
    wide = np.float64 if values.dtype.kind == "f" else values.dtype
    return (np.cumsum(values, axis=params[0], dtype=wide).astype(values.dtype),)


def _derivative(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    """An entry takes part in all sums from its own on: the cotangent's cumulative sum from the end."""
    axis = node.attrs[1][0]
    (sums,) = CUMSUM(flip(cotangent, (axis,)), params=(axis,))
    return (flip(sums, (axis,)),)


CUMSUM = Routine("cumsum", _infer, _lower, _reference, _derivative)
