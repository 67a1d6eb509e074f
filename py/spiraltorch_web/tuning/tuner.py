"""The tuner: measures choices over a grid of problems, fits a table, and says what choosing by it loses.

A run is a generator of events, so that a terminal, a page and a test can drive it alike and stop it anywhere; the
journal has what was measured until then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ..errors import DeviceError
from ..kernels.rankk import legal_choices, repair
from ..kernels.rankk.choice import Choice
from ..kernels.rankk.problem import RankProblem
from ..runtime.session import session
from ..tensor.core import Tensor
from ..version import __version__
from .caps import DeviceCaps
from .facts import Facts, measure_facts
from .fit import fit_records
from .grid import Grid, in_mixed_order
from .inputs import DISTRIBUTIONS, matrix
from .journal import Journal
from .loading import load_table
from .measure import Contest, Entrant
from .model import predict
from .records import Cell, Provenance
from .regret import Regret, always, most_frequent, regret_of
from .shapes import described
from .table import TunerTable

TIMED = "normal"  # the distribution that is timed; every choice is checked on another one, too
SLOW = 2.0  # a choice that takes so many times as long as the fastest is timed once
ROUNDS = 7
KNOWN_ENOUGH = 40  # cells, an earlier table's included, after which what is predicted to be slow is not tried any more
MOST_PROMISING, HOPE = 6, 1.2  # that many are tried in any case, and all within this factor of the best prediction
CONSTANTS = 6  # choices that are tried as "always the same"
FOR_JUDGING = 0.15  # of the time
LEAST_SECONDS = 0.2  # for the rounds of one problem


@dataclass(frozen=True)
class Started:
    """How many problems there are, and how many of them an earlier run has measured."""

    problems: int
    known: int
    facts: Facts


@dataclass(frozen=True)
class Measured:
    """One problem is done: the times of its choices; ``left_out`` says which could not run, and why."""

    cell: Cell
    done: int
    problems: int
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        choice, microseconds = self.cell.best()
        return f"{described(self.cell.problem)}: {microseconds:,.1f} µs, {len(self.cell.microseconds)} choices"


@dataclass(frozen=True)
class Finished:
    """The fitted table and its regret on problems that it was not fitted on; ``complete`` when time was enough."""

    table: TunerTable
    judged: tuple[Cell, ...]  # those problems, with the times of all choices
    chooser: Regret
    always: tuple[Regret, ...]  # of taking one choice everywhere, best first
    distrusted: tuple[str, ...]  # wrong results, whose families the table does without
    complete: bool


Event = Started | Measured | Finished


def tune(grid: Grid, journal: Journal, seconds: float, rounds: int = ROUNDS, date: str = "") -> Iterator[Event]:
    """Measure the grid on the session's device within about ``seconds``, then fit and judge.

    Every choice that takes part is checked on two distributions, its results poisoned before. One that is wrong brings
    its whole family into distrust: the table has nothing of it, for any problem. DeviceError when none is left.
    """
    run = _Run(grid, journal, rounds)
    start = time.monotonic()
    facts = journal.facts
    if facts is None:
        facts = measure_facts()
        journal.note(facts)
    problems, judged = list(in_mixed_order(grid.problems())), grid.between()
    known = sum(problem in journal.cells for problem in (*problems, *judged))
    yield Started(len(problems) + len(judged), known, facts)
    yield from run.measure(problems, start + (1 - FOR_JUDGING) * seconds, ())
    cells = journal.trusted(problems)
    if not cells:
        raise DeviceError(f"{seconds:.0f} s were not enough to measure a single problem")
    constants = most_frequent(cells, CONSTANTS)
    yield from run.measure(judged, start + seconds, (*constants, TunerTable(fit_records(cells))))
    cells = journal.trusted(problems)  # what was judged may have brought more into distrust
    table = TunerTable(fit_records(cells), cells, _provenance(facts, date))
    complete = all(problem in journal.cells for problem in (*problems, *judged))
    yield _judged(table, journal, judged, constants, complete)


class _Run:
    """What the parts of a run share."""

    def __init__(self, grid: Grid, journal: Journal, rounds: int) -> None:
        self.journal = journal
        self.rounds = rounds
        self.problems = len(grid.problems()) + len(grid.between())
        self.earlier = load_table(DeviceCaps.of(session().device.info)).table.cells.cells

    def measure(
        self, problems: Sequence[RankProblem], deadline: float, extra: Sequence[Choice | TunerTable]
    ) -> Iterator[Measured]:
        """Measure what the journal lacks until the deadline. ``extra`` choices, and those of a table, take part too."""
        todo = [problem for problem in problems if problem not in self.journal.cells]
        for place, problem in enumerate(todo):
            now = time.monotonic()
            if now > deadline:
                return
            share = (deadline - now) / (len(todo) - place)
            choices = [choice for choice in _candidates(problem, extra) if self.journal.trusts(choice)]
            if not extra:
                choices = self._promising(problem, choices)
            cell, faults = measure_cell(problem, choices, self.rounds, now + max(share, LEAST_SECONDS), place)
            for fault in faults:
                if fault.wrong:
                    self.journal.distrust(fault.choice, f"{described(problem)}: {fault}")
            self.journal.add(cell)
            yield Measured(cell, len(self.journal), self.problems, tuple(map(str, faults)))

    def _promising(self, problem: RankProblem, choices: Sequence[Choice]) -> Sequence[Choice]:
        """The choices that may be the fastest, going by all known cells; all of them while little is known."""
        known = {cell.problem: cell for cell in (*self.earlier, *self.journal.cells.values())}
        if len(known) < KNOWN_ENOUGH:
            return choices
        table = TunerTable((), known.values(), _provenance(self.journal.facts, ""))
        caps = DeviceCaps.of(session().device.info)
        sizes = (problem.kind, problem.rows, problem.cols, problem.k)
        times = {choice: predict(*sizes, choice, caps, table).seconds for choice in choices}
        ranked = sorted(choices, key=times.__getitem__)
        return [c for place, c in enumerate(ranked) if place < MOST_PROMISING or times[c] < HOPE * times[ranked[0]]]


@dataclass(frozen=True)
class Fault:
    """Why a choice takes no part: ``wrong`` results, or kernels that the device does not take."""

    choice: Choice
    wrong: bool
    reason: str

    def __str__(self) -> str:
        return f"{shown(self.choice)}: {self.reason}"


def measure_cell(
    problem: RankProblem, choices: Sequence[Choice], rounds: int, deadline: float, seed: int = 0
) -> tuple[Cell, tuple[Fault, ...]]:
    """The times of choices for one problem, and what kept others from taking part. DeviceError when none is left."""
    names = [name for name in DISTRIBUTIONS if name != TIMED]
    other = names[seed % len(names)]
    faults = []
    with Contest(problem, matrix(TIMED, problem.rows, problem.cols, seed)) as contest:
        given = {TIMED: contest.matrix, other: matrix(other, problem.rows, problem.cols, seed + 1)}
        _compile(contest, choices)
        for choice in choices:
            if fault := _enter(contest, choice, given):
                faults.append(fault)
        if not contest.entrants:
            raise DeviceError(f"no choice solves {described(problem)}: {'; '.join(map(str, faults))}")
        contest.estimate()
        contest.rounds(_fast(contest), rounds, deadline)
        # By now the device is warm: what took long because it was not has its rounds as well.
        contest.estimate_again(entrant for entrant in contest.entrants if not entrant.samples)
        contest.rounds([entrant for entrant in _fast(contest) if not entrant.samples], rounds, deadline)
        microseconds = {entrant.choice: entrant.least * 1e6 for entrant in contest.entrants}
    return Cell(problem, MappingProxyType(microseconds)), tuple(faults)


def _fast(contest: Contest) -> list[Entrant]:
    """The choices that take at most SLOW times as long as the fastest."""
    limit = SLOW * min(entrant.least for entrant in contest.entrants)
    return [entrant for entrant in contest.entrants if entrant.least <= limit]


def _enter(contest: Contest, choice: Choice, given: Mapping[str, Tensor]) -> Fault | None:
    """Let a choice take part if it runs and is right for all given entries."""
    try:
        entrant = contest.enter(choice)
    except DeviceError as problem:
        return Fault(choice, False, str(problem))
    for name, entries in given.items():
        if wrong := contest.wrong(entrant, entries):
            contest.drop(entrant)
            return Fault(choice, True, f"{wrong} of {contest.shape.rows} rows are wrong for {name} entries")
    return None


def shown(choice: Choice) -> str:
    """The fields that differ from the default, for people."""
    base, found = vars(Choice()), vars(choice)
    return ", ".join(f"{name} {int(value)}" for name, value in found.items() if value != base[name]) or "the default"


def _compile(contest: Contest, choices: Sequence[Choice]) -> None:
    try:
        contest.compile(choices)
    except DeviceError:
        return  # one by one, so that the others still run


def _candidates(problem: RankProblem, extra: Sequence[Choice | TunerTable]) -> list[Choice]:
    """Choices that the device can run: those worth trying, then the repaired extra ones."""
    caps = session().device.caps
    sizes = (problem.kind, problem.rows, problem.cols, problem.k)
    found = dict.fromkeys(legal_choices(*sizes, caps))
    for one in extra:
        choice = one if isinstance(one, Choice) else _chosen(one, problem)
        found[repair(choice, *sizes, caps)[0]] = None
    return list(found)


def _chosen(table: TunerTable, problem: RankProblem) -> Choice:
    from .builtin import builtin_choice

    subgroups = session().device.caps.subgroup_size > 0
    sizes = (problem.rows, problem.cols, problem.k, subgroups)
    return table.choose(*sizes, problem.kind) or builtin_choice(problem.kind, *sizes)


def _judged(
    table: TunerTable, journal: Journal, judged: Sequence[RankProblem], constants: Sequence[Choice], complete: bool
) -> Finished:
    caps = session().device.caps
    cells = journal.trusted(judged)

    def repaired(choice: Choice, problem: RankProblem) -> Choice:
        return repair(choice, problem.kind, problem.rows, problem.cols, problem.k, caps)[0]

    chooser = regret_of("the table", lambda problem: repaired(_chosen(table, problem), problem), cells)
    fixed = always(constants, repaired, cells).values()
    best_first = tuple(sorted(fixed, key=lambda regret: regret.mean))
    return Finished(table, tuple(cells), chooser, best_first, tuple(journal.distrusted.values()), complete)


def _provenance(facts: Facts, date: str) -> Provenance:
    info = session().device.info
    return Provenance(
        adapter=info.adapter,
        driver=info.driver,
        backend=info.backend,
        date=date or time.strftime("%Y-%m-%d"),
        version=__version__,
        device_classes=(DeviceCaps.of(info).device_class,),
        read_bytes_per_second=facts.read_bytes_per_second,
        launch_seconds=facts.launch_seconds,
    )
