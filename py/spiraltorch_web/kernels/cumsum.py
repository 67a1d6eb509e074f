"""cumsum along any axis: chunks scanned by threads or workgroups, their totals scanned in turn, then added."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import DTypeError, ShapeError
from ..ir.caps import Caps
from ..ir.node import Node, flip
from .grids import ceil_div
from .launches import given, launch, launch_entries, result, scratch
from .registry import Launch, Lowered, Operand, Routine, Spec

THREADS, ITEMS = 256, 4  # of a workgroup that scans a chunk of the last axis
WALK = 64  # entries that one thread scans where threads walk the chunks
SOFTWARE_WALK = 1024  # as many as on CPU cores, where a barrier costs more than hundreds of additions


def _infer(specs: Sequence[Spec], params: tuple) -> tuple[Spec, ...]:
    ((shape, dtype),) = specs
    (axis,) = params
    if not 0 <= axis < len(shape):
        raise ShapeError(f"cumsum needs an axis between 0 and {len(shape) - 1} for shape {shape}, got {axis}")
    if dtype.kind == "b" or dtype.itemsize != 4:
        raise DTypeError(f"cumsum takes float32, int32 and uint32 values, got {dtype.name}; cast first")
    return ((shape, dtype),)


def _lower(specs: Sequence[Spec], outputs: Sequence[Spec], params: tuple, caps: Caps) -> Lowered:
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
    caps: Caps,
    launches: list[Launch],
    sizes: list[int],
) -> None:
    """Append the launches that scan the middle axis of ``lines``, and the bytes of the scratch that they use."""
    outer, length, inner = lines
    walk = SOFTWARE_WALK if caps.software else WALK
    walked = caps.software or inner > 1 or length <= walk
    chunk = walk if walked else THREADS * ITEMS
    chunks = ceil_div(length, chunk)
    count = outer * chunks * inner

    def temporary(entries: int) -> Operand:
        sizes.append(4 * entries)
        return scratch(len(sizes) - 1)

    local = sums if chunks == 1 else temporary(outer * length * inner)
    totals = () if chunks == 1 else (temporary(count),)
    shape = {"ELEMENT": element, "LENGTH": length, "INNER": inner, "CHUNKS": chunks, "CHUNK": chunk}
    choice = {"CHUNKED": chunks > 1}
    if walked:
        launches.append(launch_entries("cumsum_lines", (values, local, *totals), count, caps, **shape, **choice))
    else:
        tuning = {"THREADS": THREADS, "THREADS_LOG": THREADS.bit_length() - 1, "ITEMS": ITEMS}
        launches.append(launch("cumsum_chunks", (values, local, *totals), count, caps, **shape, **choice, **tuning))
    if chunks == 1:
        return
    scanned = temporary(count)
    _scan(*totals, scanned, (outer, chunks, inner), element, caps, launches, sizes)
    launches.append(launch_entries("cumsum_offsets", (local, scanned, sums), outer * length * inner, caps, **shape))


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
