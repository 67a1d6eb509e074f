"""Measured cells near a problem."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..kernels.rankk.choice import RankKind
from ..kernels.rankk.problem import RankProblem
from .records import Cell

NEAREST = 6
FAR = 6.0  # powers of two, all sizes together, beyond which a measurement says nothing


class CellIndex:
    """Cells by their distance from a problem; the last answer is kept, for all choices of one problem ask for it."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = tuple(cells)
        # Values of `Choice.mk` that were tried and found right on the device.
        self.merges = frozenset(int(choice.mk) for cell in self.cells for choice in cell.microseconds)
        self._last: tuple[RankProblem, tuple[tuple[float, Cell], ...]] | None = None

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells)

    def near(self, problem: RankProblem) -> tuple[tuple[float, Cell], ...]:
        """(distance, cell), nearest first."""
        if self._last is None or self._last[0] != problem:
            pairs = ((_distance(problem, cell.problem), cell) for cell in self.cells)
            ranked = sorted((pair for pair in pairs if pair[0] <= FAR), key=lambda pair: pair[0])
            self._last = (problem, tuple(ranked[:NEAREST]))
        return self._last[1]


def _distance(problem: RankProblem, other: RankProblem) -> float:
    """Powers of two between two problems; k counts half. TopK and BottomK are the same work."""
    if (problem.kind is RankKind.MIDK) != (other.kind is RankKind.MIDK):
        return math.inf
    rows, cols, k = (abs(math.log2(getattr(problem, n) / getattr(other, n))) for n in ("rows", "cols", "k"))
    return rows + cols + 0.5 * k
