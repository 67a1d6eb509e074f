"""How much slower chosen launches are than each problem's best one, and whether choosing pays at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..kernels.rankk.choice import Choice
from ..kernels.rankk.problem import RankProblem
from .records import Cell


@dataclass(frozen=True)
class Regret:
    """Times of one way of choosing over the best times: mean and worst over problems."""

    name: str
    mean: float
    worst: float
    cells: int

    def __str__(self) -> str:
        if not self.cells:
            return f"{self.name}: not judged, no problem off the grid was measured"
        return f"{self.name}: mean regret {self.mean:.3f}, worst {self.worst:.2f} over {self.cells} problems"


def regret_of(name: str, chosen: Callable[[RankProblem], Choice], cells: Iterable[Cell]) -> Regret:
    """The regret of a chooser over cells in which its choices were measured."""
    ratios = [cell.microseconds.get(chosen(cell.problem), math.nan) / cell.best()[1] for cell in cells]
    known = [ratio for ratio in ratios if not math.isnan(ratio)]
    if not known:
        return Regret(name, math.nan, math.nan, 0)
    return Regret(name, sum(known) / len(known), max(known), len(known))


def always(
    choices: Sequence[Choice], repaired: Callable[[Choice, RankProblem], Choice], cells: Sequence[Cell]
) -> Mapping[Choice, Regret]:
    """The regret of taking one choice everywhere, repaired where it does not fit, for each of some choices."""
    return {
        choice: regret_of("always the same", lambda problem, choice=choice: repaired(choice, problem), cells)
        for choice in choices
    }


def most_frequent(cells: Iterable[Cell], count: int) -> tuple[Choice, ...]:
    """The choices that are best most often."""
    wins: dict[Choice, int] = {}
    for cell in cells:
        best = cell.best()[0]
        wins[best] = wins.get(best, 0) + 1
    return tuple(sorted(wins, key=lambda choice: -wins[choice])[:count])
