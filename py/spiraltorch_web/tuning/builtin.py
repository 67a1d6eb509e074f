"""The conservative choices for devices without a table: WebGPU's guaranteed limits, no subgroups, nothing clever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from ..kernels.rankk.choice import Choice, Merge, RankKind
from .records import TunerRecord

LARGEST = 2**31 - 1
WORKGROUP = 256
HELD_COLS = 8192  # columns that a workgroup of 256 keeps in registers, 32 a lane
# Candidates in workgroup memory by the largest k that they serve; beyond it rows are sorted.
CANDIDATES = MappingProxyType({128: 256, 512: 1024, 1024: 1024})


def _records() -> Iterator[TunerRecord]:
    narrow = 1
    cols = 64
    while cols <= HELD_COLS:
        lanes = min(WORKGROUP, cols)
        for k_max, slots in CANDIDATES.items():
            fields = {"mk": Merge.SHARED, "wg": lanes, "kl": cols // lanes, "ctile": slots, "use_2ce": False}
            yield _record(narrow, cols, k_max, fields)
            if k_max >= cols:
                break  # that was every k
        narrow, cols = cols + 1, 2 * cols
    for k_max, slots in CANDIDATES.items():
        fields = {"mk": Merge.STREAM, "wg": WORKGROUP, "kl": 8, "tile": 4096, "ctile": slots, "use_2ce": False}
        yield _record(narrow, LARGEST, k_max, fields)
    yield _record(1, LARGEST, LARGEST, {"mk": Merge.BITONIC, "wg": WORKGROUP, "use_2ce": False})


def _record(first: int, last: int, k_max: int, fields: Mapping[str, int]) -> TunerRecord:
    return TunerRecord(1, first, last, k_max, assigns=MappingProxyType(dict(fields)))


BUILTIN_RECORDS = tuple(sorted(_records(), key=lambda record: record.specificity, reverse=True))


def builtin_choice(
    kind: RankKind, rows: int, cols: int, k: int, subgroups: bool = False, assigns: Mapping[str, int] | None = None
) -> Choice:
    """The built-in choice for a problem, with the given fields put over it."""
    record = next(record for record in BUILTIN_RECORDS if record.matches(rows, cols, k, subgroups, kind))
    return Choice(**{**record.assigns, **(assigns or {})})
