"""Predicted times: what was measured near a problem, carried over by the roofline, else the roofline alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
    facts = table.cells.facts(problem, machine, _measured)
    near = _alike(problem, choice, facts)
    caution = 1.0
    if not near:
        near = [(step, cell, one.over_model) for step, cell, all_of in facts[:NEAREST_CELLS] for one in all_of]
        caution = STRANGER
    weights = [1 / (CLOSENESS + step * step) ** 3 for step, _, _ in near]
    correction = sum(w * log for w, (_, _, log) in zip(weights, near, strict=True)) / sum(weights)
    seconds = caution * model * math.exp(correction)
    closest = min(near, key=lambda entry: entry[0])[1]
    return Prediction(seconds, "near", f"from {len(near)} measurements near it, such as {described(closest.problem)}")


@dataclass(frozen=True)
class _Measured:
    """One measured choice of a cell: how it finds winners, divides the work, and log of measured over modelled time."""

    family: Merge
    layout: tuple[float, ...]
    over_model: float


def _measured(cell: Cell, machine: Machine) -> tuple[_Measured, ...]:
    return tuple(
        _Measured(
            family_of(cell.problem, choice),
            _layout(cell.problem, choice),
            math.log(microseconds * 1e-6 / roofline(cell.problem, choice, machine)),
        )
        for choice, microseconds in cell.microseconds.items()
    )


def _machine(caps: DeviceCaps, table: TunerTable | None) -> Machine:
    provenance = table.provenance if table is not None else None
    if provenance is None:
        return machine_of(caps)
    return machine_of(caps, provenance.read_bytes_per_second, provenance.launch_seconds)


def _alike(
    problem: RankProblem, choice: Choice, facts: Sequence[tuple[float, Cell, Sequence[_Measured]]]
) -> list[tuple[float, Cell, float]]:
    """(distance, cell, log over model) of what finds winners in the same way, in the nearest cells that have such."""
    family, layout = family_of(problem, choice), _layout(problem, choice)
    found: list[tuple[float, Cell, float]] = []
    used = 0
    for distance, cell, measured in facts:
        before = len(found)
        for one in measured:
            if one.family is family:
                found.append((math.hypot(distance, math.dist(layout, one.layout)), cell, one.over_model))
        used += len(found) > before
        if used == NEAREST_CELLS:
            break
    return found


def _layout(problem: RankProblem, choice: Choice) -> tuple[float, ...]:
    """How a choice divides the work of a problem, in powers of two."""
    split = family_of(problem, choice) is Merge.STREAM
    chunk = math.log2(problem.cols / (choice.ch if choice.use_2ce else 1)) if split else 0.0
    tile = math.log2(choice.tile) if split else 0.0
    return math.log2(choice.wg), math.log2(choice.kl), chunk, tile, ORDER_STEP * choice.mkd
