"""Predicted times: what was measured near a problem, carried over by the roofline, else the roofline alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..kernels.rankk.choice import Choice, RankKind
from ..kernels.rankk.problem import RankProblem
from .caps import DeviceCaps
from .records import Cell
from .roofline import Machine, family_of, machine_of, roofline
from .shapes import described
from .table import TunerTable

NEAREST_CELLS = 6
NEAREST_MEASUREMENTS = 6
FAR = 6.0  # powers of two, all sizes together, beyond which a measurement says nothing
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
    return Predictor(caps, table).predict(RankProblem(RankKind(kind), rows, cols, k), choice)


class Predictor:
    """Predictions for one device and table; cells near a problem are looked up once for all its choices."""

    def __init__(self, caps: DeviceCaps, table: TunerTable | None = None) -> None:
        provenance = table.provenance if table is not None else None
        facts = (provenance.read_bytes_per_second, provenance.launch_seconds) if provenance else ()
        self.machine: Machine = machine_of(caps, *facts)
        self._cells = table.cells if table is not None else ()
        self._near: tuple[RankProblem, list[tuple[float, Cell]]] | None = None

    def predict(self, problem: RankProblem, choice: Choice) -> Prediction:
        """See `predict`."""
        model = roofline(problem, choice, self.machine)
        near = self._measurements(problem, choice)
        if not near:
            return Prediction(model, "model", "by the roofline: nothing was measured near it")
        distance, cell, measured = near[0]
        if distance == 0:
            return Prediction(cell.microseconds[measured] * 1e-6, "measured", "measured")
        weights = [1 / (0.25 + step * step) for step, _, _ in near]
        logs = [math.log(self._ratio(one, other)) for _, one, other in near]
        correction = sum(w * log for w, log in zip(weights, logs, strict=True)) / sum(weights)
        caution = 1 + UNTRIED * min(_apart(choice, measured) for _, _, measured in near)
        seconds = model * math.exp(correction) * caution
        return Prediction(seconds, "near", f"from {len(near)} measurements near it, such as {described(cell.problem)}")

    def _ratio(self, cell: Cell, choice: Choice) -> float:
        """Measured over modelled time."""
        return cell.microseconds[choice] * 1e-6 / roofline(cell.problem, choice, self.machine)

    def _measurements(self, problem: RankProblem, choice: Choice) -> list[tuple[float, Cell, Choice]]:
        """(distance, cell, choice), nearest first."""
        family = family_of(problem, choice)
        found = []
        for distance, cell in self._cells_near(problem):
            for measured in cell.microseconds:
                strange = 0.0 if family_of(cell.problem, measured) is family else STRANGER
                found.append((distance + strange + _apart(choice, measured), cell, measured))
        found.sort(key=lambda entry: entry[0])
        return [entry for entry in found[:NEAREST_MEASUREMENTS] if entry[0] <= FAR]

    def _cells_near(self, problem: RankProblem) -> list[tuple[float, Cell]]:
        if self._near is None or self._near[0] != problem:
            pairs = ((_distance(problem, cell.problem), cell) for cell in self._cells)
            ranked = sorted((pair for pair in pairs if pair[0] <= FAR), key=lambda pair: pair[0])
            self._near = (problem, ranked[:NEAREST_CELLS])
        return self._near[1]


def _distance(problem: RankProblem, other: RankProblem) -> float:
    """Powers of two between two problems; k counts half. TopK and BottomK are the same work."""
    if (problem.kind is RankKind.MIDK) != (other.kind is RankKind.MIDK):
        return math.inf
    sizes: Mapping[str, float] = {"rows": 1.0, "cols": 1.0, "k": 0.5}
    return sum(weight * abs(math.log2(getattr(problem, name) / getattr(other, name))) for name, weight in sizes.items())


def _apart(choice: Choice, other: Choice) -> float:
    """Powers of two between the sizes of two choices, and one for each other decision in which they differ."""
    if choice == other:
        return 0.0
    sizes = sum(abs(math.log2(getattr(choice, name) / getattr(other, name))) for name in _STEPS)
    return 0.25 * sizes + (choice.mkd != other.mkd) + (choice.use_2ce != other.use_2ce)
