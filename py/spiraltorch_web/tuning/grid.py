"""Problems that a tuning run measures: a grid to fit on, and others between its lines to judge the fit by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from ..errors import ArgumentError
from ..kernels.rankk.choice import RankKind
from ..kernels.rankk.problem import RankProblem
from .caps import DeviceCaps

# TopK is measured for BottomK, too: its kernels differ in one comparison.
MEASURED_KINDS = (RankKind.TOPK, RankKind.MIDK)
HELD_OUT_SHARE = 10  # one problem between the lines for so many on them
LEAST_HELD_OUT = 3


@dataclass(frozen=True)
class Grid:
    """Rows, columns and k to combine, as far as a matrix has at most ``entries`` entries."""

    rows: tuple[int, ...]
    cols: tuple[int, ...]
    k: tuple[int, ...]
    entries: int

    def problems(self, kinds: Sequence[RankKind] = MEASURED_KINDS) -> tuple[RankProblem, ...]:
        """Every combination; k that fits no row is the row's length, once."""
        found = dict.fromkeys(
            RankProblem(kind, rows, cols, min(k, cols))
            for kind in kinds
            for cols in self.cols
            for rows in self.rows
            for k in self.k
            if rows * cols <= self.entries
        )
        return tuple(found)

    def between(self, kinds: Sequence[RankKind] = MEASURED_KINDS) -> tuple[RankProblem, ...]:
        """Problems within the grid's bounds and off its lines: drawn evenly over the powers of two, always the same."""
        count = max(LEAST_HELD_OUT * len(kinds), len(self.problems(kinds)) // HELD_OUT_SHARE)
        random = Random(1)
        return tuple(self._drawn(kinds[i % len(kinds)], random) for i in range(count))

    def _drawn(self, kind: RankKind, random: Random) -> RankProblem:
        while True:
            rows, cols, k = (_between(values, random) for values in (self.rows, self.cols, self.k))
            if rows * cols <= self.entries and k <= cols:
                return RankProblem(kind, rows, cols, k)


def _between(values: tuple[int, ...], random: Random) -> int:
    return round(values[0] * (values[-1] / values[0]) ** random.random())


def _powers(*exponents: int) -> tuple[int, ...]:
    return tuple(1 << exponent for exponent in exponents)


_GRIDS: Mapping[str, Mapping[bool, Grid]] = MappingProxyType(
    {
        "small": {
            False: Grid(_powers(0, 6, 12), _powers(8, 12, 16, 20), _powers(0, 4, 8), 1 << 26),
            True: Grid(_powers(0, 5), _powers(6, 10, 14), _powers(0, 5), 1 << 19),
        },
        "full": {
            False: Grid(
                _powers(0, 3, 6, 9, 12, 15),
                _powers(6, 8, 10, 12, 13, 14, 15, 16, 18, 20, 24),
                _powers(0, 4, 7, 10, 12),
                1 << 28,
            ),
            True: Grid(_powers(0, 3, 6, 9), _powers(6, 8, 10, 12, 14, 16, 18, 20), _powers(0, 4, 7, 10), 1 << 21),
        },
    }
)


def grid_named(name: str, caps: DeviceCaps) -> Grid:
    """The grid "small" or "full" for a device: a software adapter gets smaller matrices. Raises ArgumentError."""
    if name not in _GRIDS:
        raise ArgumentError(f"there is no grid {name!r}; there are {', '.join(_GRIDS)}")
    grid = _GRIDS[name][caps.software]
    most = min(caps.limits.max_binding_bytes, caps.limits.max_buffer_bytes) // 4
    return Grid(grid.rows, grid.cols, grid.k, min(grid.entries, most))


def in_mixed_order(problems: Sequence[RankProblem]) -> Iterator[RankProblem]:
    """All problems in an order that covers the whole grid early, so that a run cut short is of use; always the same."""
    mixed = list(problems)
    Random(2).shuffle(mixed)
    yield from mixed
