"""Predicted times: what was measured near a problem, carried over by the roofline, else the roofline alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from math import dist, hypot
from operator import mul
from typing import NamedTuple

from ..kernels.rankk.choice import Choice, Merge, RankKind
from ..kernels.rankk.problem import RankProblem
from .caps import DeviceCaps
from .records import Cell
from .roofline import Machine, family_of, machine_of, roofline
from .shapes import described
from .table import TunerTable

NEAREST_CELLS = 6  # with the family of the choice in question
ORDER_STEP = 3.0  # as far as another way to order winners counts
STRANGER = 3.0  # a family that was not tried near a problem was left out for a reason: so many times slower
CLOSENESS = 0.05  # squared distance below which measurements count alike


@dataclass(frozen=True)
class Prediction:
    """Predicted seconds of a launch; ``basis`` is "measured", "near" or "model", ``reason`` says it in words."""

    seconds: float
    basis: str
    reason: str

    def __float__(self) -> float:
        return self.seconds


def predict(
    kind: RankKind,
    rows: int,
    cols: int,
    k: int,
    choice: Choice,
    caps: DeviceCaps,
    table: TunerTable | None = None,
) -> Prediction:
    """The time of a choice that the device can run.

    The measured cells of the table that are near the problem decide, each corrected by how the roofline of the two
    problems and choices differs; without any the roofline decides.
    """
    problem = RankProblem(RankKind(kind), rows, cols, k)
    machine = _machine(caps, table)
    model = roofline(problem, choice, machine)
    cells = table.cells.near(problem) if table is not None else ()
    if not cells:
        return Prediction(model, "model", "by the roofline: nothing was measured near it")
    distance, nearest = cells[0]
    if distance == 0 and choice in nearest.microseconds:
        return Prediction(nearest.microseconds[choice] * 1e-6, "measured", "measured")
    family = family_of(problem, choice)
    neighbours = table.cells.facts(problem, machine, _measured, _Neighbours)
    correction, caution, reason = neighbours.tell(family, _layout(problem, choice, family))
    return Prediction(caution * model * math.exp(correction), "near", reason)


@dataclass(frozen=True)
class _Measured:
    """One measured choice of a cell: how it finds winners, divides the work, and log of measured over modelled time."""

    family: Merge
    layout: tuple[float, ...]
    over_model: float


def _measured(cell: Cell, machine: Machine) -> tuple[_Measured, ...]:
    found = []
    for choice, microseconds in cell.microseconds.items():
        family = family_of(cell.problem, choice)
        over_model = math.log(microseconds * 1e-6 / roofline(cell.problem, choice, machine))
        found.append(_Measured(family, _layout(cell.problem, choice, family), over_model))
    return tuple(found)


class _Group(NamedTuple):
    """Measured choices as columns: the distance of each one's cell, the cell, and what `_Measured` says."""

    distances: Sequence[float]
    cells: Sequence[Cell]
    layouts: Sequence[tuple[float, ...]]
    over_model: Sequence[float]


class _Neighbours:
    """The measured cells near a problem, nearest first, and what they say of its choices."""

    def __init__(self, facts: Sequence[tuple[float, Cell, Sequence[_Measured]]]) -> None:
        self._facts = facts
        self._alike: dict[Merge, _Group | None] = {}

    def tell(self, family: Merge, layout: tuple[float, ...]) -> tuple[float, float, str]:
        """Log over model of a choice that divides the work in this way, a factor of caution, and why."""
        if family not in self._alike:
            self._alike[family] = _group(self._facts, family)
        group = self._alike[family]
        if group is not None:
            steps, caution = list(map(hypot, group.distances, map(dist, repeat(layout), group.layouts))), 1.0
        else:
            group = _group(self._facts, None)
            steps, caution = group.distances, STRANGER
        weights = [1 / (CLOSENESS + step * step) ** 3 for step in steps]
        correction = sum(map(mul, weights, group.over_model)) / sum(weights)
        closest = group.cells[steps.index(min(steps))]
        return correction, caution, f"from {len(steps)} measurements near it, such as {described(closest.problem)}"


def _group(facts: Sequence[tuple[float, Cell, Sequence[_Measured]]], family: Merge | None) -> _Group | None:
    """What finds winners in this way, or in any (None), in the nearest cells that have such; None if there is none."""
    found = ([(distance, cell, one.layout, one.over_model) for one in all_of if family is None or one.family is family]
             for distance, cell, all_of in facts)  # fmt: skip
    nearest = [each for of_cell in islice(filter(None, found), NEAREST_CELLS) for each in of_cell]
    return _Group(*map(list, zip(*nearest, strict=True))) if nearest else None


def _machine(caps: DeviceCaps, table: TunerTable | None) -> Machine:
    provenance = table.provenance if table is not None else None
    if provenance is None:
        return machine_of(caps)
    return machine_of(caps, provenance.read_bytes_per_second, provenance.launch_seconds)


def _layout(problem: RankProblem, choice: Choice, family: Merge) -> tuple[float, ...]:
    """How a choice of a family divides the work of a problem, in powers of two."""
    split = family is Merge.STREAM
    chunk = math.log2(problem.cols / (choice.ch if choice.use_2ce else 1)) if split else 0.0
    tile = math.log2(choice.tile) if split else 0.0
    return math.log2(choice.wg), math.log2(choice.kl), chunk, tile, ORDER_STEP * choice.mkd
