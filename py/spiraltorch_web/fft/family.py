"""Transforms as the roundtable sees them: which plans there are on a device, and how long each will take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..kernels.fft.plan import Pass, Tuning, default_tuning, plan_passes
from ..kernels.fft.routine import padded_length
from ..kernels.rankk.choice import FIELDS, Choice
from ..roundtable import Problem
from ..tuning import DeviceCaps, TunerTable
from ..tuning.roofline import machine_of
from .plans import PLANNED, SpiralKFftPlan

RADICES = (16, 8, 4)
SCALES = (1.0, 2.0, 0.5)  # of the lines side by side that are chosen by themselves
TILES = (1.0, 0.5, 0.25)  # of the points in one launch


class Estimate(NamedTuple):
    seconds: float
    reason: str


@dataclass(frozen=True)
class FftFamily:
    """Complex transforms of lines of `Problem.cols` points on one device, as the roundtable sees them."""

    caps: DeviceCaps
    table: TunerTable = field(hash=False)
    fields: frozenset[str] = frozenset(PLANNED)
    decided_together: tuple[tuple[str, ...], ...] = tuple((name,) for name in PLANNED)

    @property
    def device(self) -> str:
        return self.caps.device_class

    def context(self, problem: Problem) -> Mapping[str, int]:
        return {"sg": self.caps.subgroups, "sgc": self.caps.subgroup_size}

    def candidates(self, problem: Problem) -> Sequence[Choice]:
        """Plans near the one that is chosen by itself, each with launches of its own."""
        auto = self._tuning(problem)
        found: dict[tuple[Pass, ...], Tuning] = {}
        for tuning in _near(auto):
            found.setdefault(self._passes(problem, tuning), tuning)
        return [choice_of(tuning) for tuning in found.values()]

    def table_choice(self, problem: Problem) -> Choice:
        record = self.table.lookup(problem.rows, problem.cols, problem.k, self.caps.subgroups)
        said = {name: value for name, value in (record.assigns if record else {}).items() if name in PLANNED}
        return replace(self.automatic(problem), **said)

    def automatic(self, problem: Problem) -> Choice:
        """What is chosen by itself."""
        return choice_of(self._tuning(problem))

    def repair(self, problem: Problem, choice: Choice) -> tuple[Choice, tuple[str, ...]]:
        """The nearest values that the fields have; the kernels themselves reduce what is too much for a device."""
        nearest = {name: min(FIELDS[name].domain, key=lambda v: abs(v - getattr(choice, name))) for name in PLANNED}
        wrong = {name: value for name, value in nearest.items() if value != getattr(choice, name)}
        reasons = (f"{name} = {getattr(choice, name)} is none of its values: {value}" for name, value in wrong.items())
        return replace(choice, **wrong), tuple(reasons)

    def predict(self, problem: Problem, choice: Choice) -> Estimate:
        """Each pass reads and writes the lines once."""
        machine = machine_of(self.caps)
        passes = len(self._passes(problem, plan_of(choice).tuning()))
        nbytes = 16.0 * problem.rows * padded_length(problem.cols)
        seconds = passes * (nbytes / machine.bytes_per_second + machine.launch_seconds)
        return Estimate(seconds, f"{passes} pass{'es' if passes > 1 else ''} over the lines")

    def _tuning(self, problem: Problem) -> Tuning:
        return default_tuning(padded_length(problem.cols), problem.rows, 1, self.caps.limits)

    def _passes(self, problem: Problem, tuning: Tuning) -> tuple[Pass, ...]:
        return plan_passes(padded_length(problem.cols), problem.rows, 1, tuning, self.caps.limits)


def problem_of(rows: int, cols: int, caps: DeviceCaps) -> Problem:
    """``rows`` complex transforms of ``cols`` points. An empty tensor's problem is that of one line."""
    return Problem("fft", max(rows, 1), cols, 1, caps.device_class)


def choice_of(tuning: Tuning) -> Choice:
    """The plan among the fields of a choice, each at the nearest value that it has."""
    nearest = {name: min(FIELDS[name].domain, key=lambda v: abs(v - getattr(tuning, name))) for name in PLANNED}
    return Choice(**nearest)


def plan_of(choice: Choice) -> SpiralKFftPlan:
    """The plan that a choice makes."""
    return SpiralKFftPlan(choice.radix, choice.tile_cols, choice.segments)


def _near(auto: Tuning) -> Iterator[Tuning]:
    """The tuning that is chosen by itself, and others around it."""
    yield auto
    for tile in TILES:
        for radix in RADICES:
            for scale in SCALES:
                segments = min(max(int(auto.segments * scale), 1), FIELDS["segments"].domain[-1])
                tile_cols = max(int(auto.tile_cols * tile), FIELDS["tile_cols"].domain[0])
                yield Tuning(radix, tile_cols, segments)
