"""argsort along the last axis: runs sorted in workgroup memory, then merged pairwise."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..dtypes import DType, float32, int32, uint32
from ..errors import DTypeError, ShapeError
from ..ir.caps import Caps
from .grids import ceil_div
from .launches import given, launch, launch_entries, result, scratch
from .registry import Launch, Lowered, Operand, Routine, Spec
from .templates import Value

SOFTWARE_BLOCK = 16


def sort_launches(
    values: Operand,
    columns: Operand,
    keys: Operand,
    spares: tuple[Operand, Operand],
    rows: int,
    length: int,
    caps: Caps,
    **kind: Value,
) -> list[Launch]:
    """Launches that leave the sorting columns of each row in ``columns`` and the sorted keys in ``keys``.

    ``spares`` are two temporaries like ``columns`` and ``keys``, needed when a row is longer than `block_size`.
    ``kind`` tells how values become keys: IS_FLOAT, IS_SIGNED, IS_ROW_INDEX (with LAST_ROW), DESCENDING.
    """
    block = block_size(length, caps)
    passes = (ceil_div(length, block) - 1).bit_length()
    pairs = ((columns, keys), spares)
    # The pairs alternate from pass to pass, so that the last one lands in columns and keys.
    at = passes % 2
    threads = min(256, block // 2, caps.max_workgroup_size)
    runs = ceil_div(length, block)
    sizes = {"BLOCK": block, "BLOCK_LOG": block.bit_length() - 1, "LENGTH": length, "THREADS": threads}
    rounds = {"LOADS": block // threads, "EXCHANGES": block // 2 // threads, "RUNS": rows * runs, "RUNS_PER_ROW": runs}
    defaults = {"IS_FLOAT": False, "IS_SIGNED": False, "IS_ROW_INDEX": False, "LAST_ROW": 0, "DESCENDING": False}
    found = [launch("sort_blocks", (values, *pairs[at]), rows * runs, caps, **{**defaults, **kind, **sizes, **rounds})]
    for step in range(passes):
        run = block << step
        source, target = pairs[at], pairs[1 - at]
        operands = (source[1], source[0], target[1], target[0])
        search = {"RUN": run, "LENGTH": length, "SEARCH_STEPS": run.bit_length()}
        found.append(launch_entries("sort_merge", operands, rows * length, caps, **search))
        at = 1 - at
    return found


def block_size(length: int, caps: Caps) -> int:
    """Entries that a workgroup sorts: a power of two whose keys and columns fit workgroup memory.

    Processors take long over barriers, and merging has none.
    """
    largest = SOFTWARE_BLOCK if caps.software else 1 << (caps.max_workgroup_bytes // 8).bit_length() - 1
    return min(largest, 2048, max(2, 1 << (length - 1).bit_length()))


def _infer(specs: Sequence[Spec], params: tuple) -> tuple[Spec, ...]:
    ((shape, dtype),) = specs
    if not shape:
        raise ShapeError("argsort needs at least one axis, got a scalar")
    if dtype not in (float32, int32, uint32):
        raise DTypeError(f"argsort takes float32, int32 and uint32 values, got {dtype.name}")
    return ((shape, int32),)


def _lower(specs: Sequence[Spec], outputs: Sequence[Spec], params: tuple, caps: Caps) -> Lowered:
    ((shape, dtype),) = specs
    (descending,) = params
    size = math.prod(shape)
    if size == 0:
        return Lowered(())
    rows, length = size // shape[-1], shape[-1]
    launches = sort_launches(
        given(0),
        result(0),
        scratch(0),
        (scratch(1), scratch(2)),
        rows,
        length,
        caps,
        DESCENDING=descending,
        **_kind(dtype),
    )
    return Lowered(tuple(launches), (4 * size,) * (1 if len(launches) == 1 else 3))


def _kind(dtype: DType) -> dict[str, Value]:
    return {"IS_FLOAT": dtype.kind == "f", "IS_SIGNED": dtype.kind == "i"}


def _reference(np, arrays: Sequence, params: tuple) -> tuple:
    (values,) = arrays
    (descending,) = params
    if descending:
        # Complements reverse the order of integers without overflow; NaN stays last under negation.
        values = -values if values.dtype.kind == "f" else ~values
    return (np.argsort(values, axis=-1, kind="stable").astype(np.int32),)


ARGSORT = Routine("argsort", _infer, _lower, _reference)
