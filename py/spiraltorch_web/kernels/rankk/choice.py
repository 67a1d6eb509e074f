"""What can be decided about a Rank-K launch, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType


class RankKind(IntEnum):
    """Which entries of the ascending order are wanted: the last k, the k in the middle, or the first k."""

    TOPK = 0
    MIDK = 1
    BOTTOMK = 2


class Merge(IntEnum):
    """Values of `Choice.mk`: how the winners of a row are found."""

    BITONIC = 0  # whole rows are sorted
    SHARED = 1  # a workgroup holds the row
    WARP = 2  # a subgroup holds the row
    STREAM = 3  # a sampled threshold, then one read of the row
    LANE = 4  # a lane goes through the row by itself
    SWEEP = 5  # a workgroup samples the row, reads it once past the threshold and finishes it


class Order(IntEnum):
    """Values of `Choice.mkd`: how the winners get in order."""

    AUTO = 0
    HEAP = 1  # each candidate counts those before it
    KWAY = 2  # runs are merged
    BITONIC = 3  # a sorting network in workgroup memory
    WARP_HEAP = 4  # the subgroup takes out one maximum after the other
    WARP_BITONIC = 5  # a sorting network over the lanes of the subgroup
    BUCKETS = 6  # the keys of the row are dealt into buckets, and each counts those before it in its own


@dataclass(frozen=True)
class Choice:
    """One way to run a Rank-K problem (or an FFT); every field changes what is launched. See `FIELDS`."""

    mk: int = Merge.STREAM
    mkd: int = Order.AUTO
    tile: int = 4096
    ctile: int = 2048
    use_2ce: bool = False
    wg: int = 256
    kl: int = 8
    ch: int = 1
    tile_cols: int = 1024
    radix: int = 4
    segments: int = 1
    mode_midk: int = 0
    mode_bottomk: int = 0


def changed(choice: Choice, **fields: int) -> Choice:
    """As `dataclasses.replace`, in a fraction of its time: a plan makes hundreds of choices."""
    made = object.__new__(Choice)
    vars(made).update(vars(choice), **fields)
    return made


@dataclass(frozen=True)
class Field:
    """The values that a field of `Choice` can take, and what it means."""

    domain: tuple[int, ...]
    meaning: str


def _powers(first: int, last: int) -> tuple[int, ...]:
    return tuple(1 << exponent for exponent in range(first.bit_length() - 1, last.bit_length()))


FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "mk": Field(tuple(Merge), "how winners are found: 0 bitonic, 1 shared, 2 warp, 3 stream, 4 lane, 5 sweep"),
        "mkd": Field(
            tuple(Order),
            "how winners get in order: 0 auto, 1 heap, 2 kway, 3 bitonic, 4 warp_heap, 5 warp_bitonic, 6 buckets",
        ),
        "tile": Field(_powers(64, 65536), "columns that a workgroup loads between two looks at its candidates"),
        "ctile": Field(tuple(range(64, 8193, 64)), "slots for candidates in workgroup memory"),
        "use_2ce": Field((0, 1), "rows are split over workgroups, or a sweep leaves the finish to a second launch"),
        "wg": Field(_powers(8, 1024), "invocations of a workgroup"),
        "kl": Field(
            _powers(1, 32), "entries that a lane keeps: of the row (shared, warp) or of the sample (stream, sweep)"
        ),
        "ch": Field(_powers(1, 4096), "chunks of a row when rows are split"),
        "tile_cols": Field(_powers(16, 65536), "columns of a row that one FFT launch holds"),
        "radix": Field((2, 4, 8, 16), "largest butterfly of the FFT"),
        "segments": Field(_powers(1, 64), "rows that one workgroup of the FFT transforms"),
        "mode_midk": Field((0, 1, 2), "MidK: 0 as mk says, 1 select in the workgroup, 2 bracket and stream"),
        "mode_bottomk": Field((0, 1, 2), "BottomK: 0 as mk says, 1 select in the workgroup, 2 stream"),
    }
)
