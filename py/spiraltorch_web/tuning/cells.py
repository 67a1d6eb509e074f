"""Measured cells near a problem."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import partial
from math import hypot, log2
from typing import Any, TypeVar

from ..kernels.rankk.problem import RankProblem
from .records import Cell

NEAREST = 16
FAR = 6.0  # powers of two, all sizes together, beyond which a measurement says nothing
# What a power of two counts: times follow the sizes of the matrix more closely than k.
ROWS, COLS, K = 0.7, 0.8, 0.35

Given = TypeVar("Given", bound=Hashable)
Asked = TypeVar("Asked", bound=Hashable)
Facts = TypeVar("Facts")
Together = TypeVar("Together")


class CellIndex:
    """Cells by their distance from a problem; the last answer is kept, for all choices of one problem ask for it."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = tuple(cells)
        # Values of `Choice.mk` that were tried and found right on the device.
        self.merges = frozenset(int(choice.mk) for cell in self.cells for choice in cell.microseconds)
        # By whether the middle is wanted: TopK and BottomK are the same work.
        self._alike = {
            middle: [cell for cell in self.cells if cell.problem.middle == middle] for middle in (False, True)
        }
        self._last: tuple[RankProblem, tuple[tuple[float, Cell], ...]] | None = None
        self._facts: dict[tuple[int, Hashable, Hashable], object] = {}
        self._last_facts: tuple[RankProblem, Hashable, Any] | None = None

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells)

    def facts(
        self,
        problem: RankProblem,
        given: Given,
        found: Callable[[Cell, Asked, Given], Facts],
        together: Callable[[Sequence[tuple[float, Cell]], Callable[[Cell, Asked], Facts]], Together],
    ) -> Together:
        """``together`` of the cells near a problem, as `near`, and a function that answers by ``found``.

        A question about a cell is answered once, however many problems are near it.
        """
        last = self._last_facts
        if last is None or last[0] != problem or last[1] != given:
            self._last_facts = last = problem, given, together(self.near(problem), partial(self._known, found, given))
        return last[2]

    def _known(self, found: Callable[[Cell, Asked, Given], Facts], given: Given, cell: Cell, asked: Asked) -> Facts:
        key = id(cell), asked, given
        if key not in self._facts:
            self._facts[key] = found(cell, asked, given)
        return self._facts[key]

    def near(self, problem: RankProblem) -> tuple[tuple[float, Cell], ...]:
        """(distance, cell), nearest first."""
        if self._last is None or self._last[0] != problem:
            rows, cols, k = problem.rows, problem.cols, problem.k
            pairs = ((_distance(rows, cols, k, cell.problem), cell) for cell in self._alike[problem.middle])
            ranked = sorted((pair for pair in pairs if pair[0] <= FAR), key=lambda pair: pair[0])
            self._last = (problem, tuple(ranked[:NEAREST]))
        return self._last[1]


def _distance(rows: int, cols: int, k: int, other: RankProblem) -> float:
    """Weighted powers of two between the sizes of two problems."""
    return hypot(ROWS * log2(rows / other.rows), COLS * log2(cols / other.cols), K * log2(k / other.k))
