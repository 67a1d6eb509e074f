"""Which problems the records of a table take: overlaps, records that are never reached, and gaps.

A record takes more problems the more rows there are and the smaller k is. So a record is reached if it is with its
fewest rows and its largest k, and only the columns have to be looked through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..kernels.rankk.choice import RankKind
from .records import TunerRecord

LARGEST_COLS = 2**31 - 1


@dataclass(frozen=True)
class Gap:
    """Problems of ``cols_min`` to ``cols_max`` columns that no record takes: those of fewer rows than ``rows_below``
    (0: none are too few), and those of k above ``k_above`` (None: no k is too large)."""

    cols_min: int
    cols_max: int
    rows_below: int
    k_above: int | None

    def __str__(self) -> str:
        parts = [f"rows < {self.rows_below}"] if self.rows_below > 1 else []
        parts += [f"k > {self.k_above}"] if self.k_above is not None else []
        return f"cols {self.cols_min}–{self.cols_max}" + (f": {' or '.join(parts)}" if parts else "")


def overlap(records: Sequence[TunerRecord]) -> tuple[TunerRecord, TunerRecord] | None:
    """Two records of equal specificity that share problems; ``records`` are ordered by specificity."""
    equal: dict[tuple, list[TunerRecord]] = {}
    for record in records:
        equal.setdefault((record.specificity, record.kind), []).append(record)
    for group in equal.values():
        group.sort(key=lambda record: record.cols_min)
        for first, second in pairwise(group):
            if second.cols_min <= first.cols_max:
                return first, second
    return None


def unreachable(records: Sequence[TunerRecord]) -> TunerRecord | None:
    """A record whose problems all belong to earlier ones; ``records`` are in the order in which they are tried."""
    for place, record in enumerate(records):
        earlier = [
            other
            for other in records[:place]
            if other.rows <= record.rows and other.cols_min <= record.cols_max and record.cols_min <= other.cols_max
        ]
        if earlier and not _reached(record, earlier):
            return record
    return None


def _reached(record: TunerRecord, earlier: Sequence[TunerRecord]) -> bool:
    """Whether some kind, device and number of columns is left for the record."""
    kinds = tuple(RankKind) if record.kind is None else (record.kind,)
    devices = (True,) if record.sg else (False, True)
    # From one of these to the next, the records that take a problem stay the same while k, if bounded by the columns,
    # grows: the last columns before a change are where the fewest records match.
    ends = {record.cols_max, *(other.cols_min - 1 for other in earlier), *(other.cols_max for other in earlier)}
    columns = [cols for cols in ends if record.cols_min <= cols <= record.cols_max and cols >= 1]
    return any(
        not any(other.matches(record.rows, cols, min(record.k_max, cols), device, kind) for other in earlier)
        for kind in kinds
        for device in devices
        for cols in columns
    )


def find_gaps(records: Sequence[TunerRecord]) -> tuple[Gap, ...]:
    """What records for one kind and device leave open, from column 1 on."""
    edges = sorted({1, LARGEST_COLS + 1, *(max(r.cols_min, 1) for r in records), *(r.cols_max + 1 for r in records)})
    gaps = []
    for first, after in pairwise(edges):
        inside = [record for record in records if record.cols_min <= first <= record.cols_max]
        gap = _gap(first, after - 1, inside)
        if gap is not None:
            gaps.append(gap)
    return tuple(gaps)


def _gap(first: int, last: int, records: Sequence[TunerRecord]) -> Gap | None:
    if not records:
        return Gap(first, last, 0, None)
    rows = min(record.rows for record in records)
    # The largest k that is taken whatever the rows beyond the least are.
    k_max = max(record.k_max for record in records if record.rows == rows)
    open_k = None if k_max >= last else k_max
    return Gap(first, last, rows, open_k) if rows > 1 or open_k is not None else None
