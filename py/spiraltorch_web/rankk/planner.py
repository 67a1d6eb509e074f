"""Plans, decided once per problem: looking one up costs less than a launch."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from .. import roundtable
from ..device.base import DeviceInfo
from ..kernels.rankk.choice import Choice, RankKind
from ..kernels.rankk.fitting import repair
from ..kernels.rankk.problem import RankProblem
from ..runtime.session import session
from ..runtime.trace import outside_trace
from ..tuning.caps import DeviceCaps
from ..tuning.inputs import matrix
from ..tuning.loading import Loaded, load_table, table_for
from ..tuning.measure import Contest
from ..tuning.shapes import problem_of
from .plan import RankPlan

Plans = dict[tuple[RankKind, int, int, int], RankPlan]

PLANS_KEPT = 4096
LOOKS = 3  # at both launches in each trial: what else a machine does may slow one down
CHECK_SECONDS = 1.0  # between two looks at the rules' files and the environment


class Planner:
    """The plans of a session, and the tables that they rest on.

    ``preferred`` are values of a choice's fields that plans for the current device take for now, where it can run them.
    """

    def __init__(self) -> None:
        self.preferred: Mapping[str, int] = {}
        self._plans: dict[DeviceCaps, Plans] = {}
        self._tables: dict[DeviceCaps, Loaded] = {}
        self._current: tuple[DeviceInfo, DeviceCaps, Plans] | None = None
        self._version: Hashable = None
        self._checked = float("-inf")

    def plan(self, kind: RankKind, rows: int, cols: int, k: int, caps: DeviceCaps | None = None) -> RankPlan:
        """The plan for a problem on a device, by default the current one.

        Rules and tables that changed are noticed within a second. Raises ArgumentError for a problem that is none.
        """
        now = time.monotonic()
        if now - self._checked > CHECK_SECONDS:
            self._check(now)
        sizes = (kind, rows, cols, k)
        plans = self._here()[2] if caps is None else self._plans.setdefault(caps, {})
        plan = plans.get(sizes)
        if plan is None:
            if len(plans) >= PLANS_KEPT:
                plans.clear()
            plan = plans[sizes] = self._decide(problem_of(*sizes), caps or self.current_caps())
        return _with_fields(plan, self.preferred) if self.preferred and caps is None else plan

    def table(self, caps: DeviceCaps) -> Loaded:
        """The table for a device, and where it is from; read once."""
        if caps not in self._tables:
            self._tables[caps] = load_table(caps)
        return self._tables[caps]

    def use_table(self, text: str, caps: DeviceCaps | None = None, source: str = "given") -> Loaded:
        """Plan by the table in a JSON text from now on; the built-in one, and why, where it is not for the device."""
        caps = caps or self.current_caps()
        self._tables[caps] = table_for(caps, text, source)
        self._drop_plans()
        return self._tables[caps]

    def forget(self) -> None:
        """Decide everything anew, with tables and rules as they are then."""
        self._drop_plans()
        self._tables.clear()
        self._checked = float("-inf")

    def current_caps(self) -> DeviceCaps:
        """The device that new work goes to."""
        return self._here()[1]

    def _here(self) -> tuple[DeviceInfo, DeviceCaps, Plans]:
        """The current device and its plans, without describing or hashing it again and again."""
        info = session().device.info
        if self._current is None or self._current[0] is not info:
            caps = DeviceCaps.of(info)
            self._current = (info, caps, self._plans.setdefault(caps, {}))
        return self._current

    def _drop_plans(self) -> None:
        self._plans.clear()
        self._current = None

    def _check(self, now: float) -> None:
        version = roundtable.current().version
        if version != self._version:
            self._drop_plans()
        self._version, self._checked = version, now

    def _decide(self, problem: RankProblem, caps: DeviceCaps) -> RankPlan:
        loaded = self.table(caps)
        sizes = (problem.kind, problem.rows, problem.cols, problem.k)
        decision = roundtable.decide(*sizes, caps, table=loaded.table, measure=self._trial(problem, caps))
        reasons = (*decision.reasons, f"table: {loaded.source}", *([loaded.note] if loaded.note else []))
        choice, predicted = decision.choice, decision.predicted
        return RankPlan(*sizes, caps, choice, predicted, decision.winner, reasons, decision.repairs)

    def _trial(self, problem: RankProblem, caps: DeviceCaps):
        """What times two choices side by side; None for a device that is not the current one or runs no kernels."""
        current = session()
        if not current.has_device or caps != self.current_caps() or current.device.lowering != "wgsl":
            return None

        return partial(_trials, problem)


def _with_fields(plan: RankPlan, fields: Mapping[str, int]) -> RankPlan:
    """The plan with other values of some fields, repaired where its device cannot run them."""
    wanted = replace(plan.choice, **fields)
    choice, repairs = repair(wanted, plan.kind, plan.rows, plan.cols, plan.k, plan.caps.limits)
    asked = "asked for: " + " ".join(f"{name}={value}" for name, value in fields.items())
    return replace(plan, choice=choice, repairs=repairs, reasons=(asked, *plan.reasons))


def _trials(problem: RankProblem, a: Choice, c: Choice) -> Iterator[tuple[float, float]]:
    """Seconds of both choices, the least of some samples in turns, for as long as they are asked for."""
    with outside_trace(), Contest(problem, matrix("normal", problem.rows, problem.cols)) as contest:
        entrants = [contest.enter(choice) for choice in (a, c)]
        contest.estimate()
        contest.rounds(entrants, 0)  # only the round that warms up
        while True:
            samples = [[contest.sample(entrant) for entrant in entrants] for _ in range(LOOKS)]
            yield tuple(map(min, zip(*samples, strict=True)))


def planner() -> Planner:
    """The planner of the running program."""
    current = session()
    if current.planner is None:
        current.planner = Planner()
    return current.planner


def plan_rank(kind: RankKind, rows: int, cols: int, k: int, caps: DeviceCaps | None = None) -> RankPlan:
    """How to find the k entries of a kind in each row of a matrix (rows, cols) on a device, by default the current one.

    Decided by the roundtable once and remembered. Raises ArgumentError unless 1 ≤ k ≤ cols and rows ≥ 1.
    """
    return planner().plan(kind, rows, cols, k, caps)
