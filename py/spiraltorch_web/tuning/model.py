"""Predicted times: what was measured near a problem, carried over by the roofline, else the roofline alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..kernels.rankk.choice import Choice, RankKind
from ..kernels.rankk.problem import RankProblem
from .caps import DeviceCaps
from .cells import FAR
from .records import Cell
from .roofline import Machine, family_of, machine_of, roofline
from .shapes import described
from .table import TunerTable

NEAREST_MEASUREMENTS = 6
STRANGER = 2.0  # as far as another family counts for a choice of this one
UNTRIED = 0.05  # slower by so much for each step from what was measured: a known launch is preferred to a guess
_STEPS = ("tile", "ctile", "wg", "kl", "ch")


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
    near = _measurements(problem, choice, table) if table is not None else []
    if not near:
        return Prediction(model, "model", "by the roofline: nothing was measured near it")
    distance, cell, measured = near[0]
    if distance == 0:
        return Prediction(cell.microseconds[measured] * 1e-6, "measured", "measured")
    weights = [1 / (0.25 + step * step) for step, _, _ in near]
    logs = [math.log(_over_model(one, other, machine)) for _, one, other in near]
    correction = sum(w * log for w, log in zip(weights, logs, strict=True)) / sum(weights)
    caution = 1 + UNTRIED * min(_apart(choice, measured) for _, _, measured in near)  # 1 for a choice that was tried
    seconds = model * math.exp(correction) * caution
    return Prediction(seconds, "near", f"from {len(near)} measurements near it, such as {described(cell.problem)}")


def _machine(caps: DeviceCaps, table: TunerTable | None) -> Machine:
    provenance = table.provenance if table is not None else None
    if provenance is None:
        return machine_of(caps)
    return machine_of(caps, provenance.read_bytes_per_second, provenance.launch_seconds)


def _over_model(cell: Cell, choice: Choice, machine: Machine) -> float:
    """Measured over modelled time."""
    return cell.microseconds[choice] * 1e-6 / roofline(cell.problem, choice, machine)


def _measurements(problem: RankProblem, choice: Choice, table: TunerTable) -> list[tuple[float, Cell, Choice]]:
    """(distance, cell, choice), nearest first: of the choice itself where it was measured, else of similar ones."""
    cells = table.cells.near(problem)
    if own := [(distance, cell, choice) for distance, cell in cells if choice in cell.microseconds]:
        return own
    family = family_of(problem, choice)
    found = []
    for distance, cell in cells:
        for measured in cell.microseconds:
            strange = 0.0 if family_of(cell.problem, measured) is family else STRANGER
            found.append((distance + strange + _apart(choice, measured), cell, measured))
    found.sort(key=lambda entry: entry[0])
    return [entry for entry in found[:NEAREST_MEASUREMENTS] if entry[0] <= FAR]


def _apart(choice: Choice, other: Choice) -> float:
    """Powers of two between the sizes of two choices, and one for each other decision in which they differ."""
    if choice == other:
        return 0.0
    sizes = sum(abs(math.log2(getattr(choice, name) / getattr(other, name))) for name in _STEPS)
    return 0.25 * sizes + (choice.mkd != other.mkd) + (choice.use_2ce != other.use_2ce)
