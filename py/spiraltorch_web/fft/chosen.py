"""Which plan a transform gets when the caller names none: what rules or the tuner table ask for, if anything."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from dataclasses import replace

from ..rankk.planner import planner
from ..roundtable import current
from ..runtime.session import session
from .family import FftFamily, plan_of, problem_of
from .plans import PLANNED, SpiralKFftPlan

CHECK_SECONDS = 1.0  # between two looks at the rules' files and the environment


class Plans:
    """The plans of a session that were asked for."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], SpiralKFftPlan | None] = {}
        self._version: Hashable = None
        self._checked = float("-inf")

    def plan_for(self, rows: int, cols: int) -> SpiralKFftPlan | None:
        """The plan for ``rows`` lines of ``cols`` points; None where nothing is said about it."""
        now = time.monotonic()
        if now - self._checked > CHECK_SECONDS:
            self._check(now)
        key = (rows, cols)
        if key not in self._found:
            self._found[key] = _asked_for(rows, cols)
        preferred = {name: value for name, value in planner().preferred.items() if name in PLANNED}
        return _with_fields(self._found[key], preferred, rows, cols) if preferred else self._found[key]

    def forget(self) -> None:
        """Look at the rules again when the next plan is asked for."""
        self._checked = float("-inf")
        self._version = None

    def _check(self, now: float) -> None:
        here = session()
        # Not the device itself: what keeps one until the interpreter ends keeps it longer than its driver.
        version = (current().version, here.device.info if here.has_device else None)
        if version != self._version:
            self._found.clear()
        self._version, self._checked = version, now


def plans() -> Plans:
    """The plans of the running program."""
    here = session()
    if here.fft_plans is None:
        here.fft_plans = Plans()
    return here.fft_plans


def _with_fields(plan: SpiralKFftPlan | None, fields: Mapping[str, int], rows: int, cols: int) -> SpiralKFftPlan | None:
    """The plan, or the one that is chosen by itself, with other values of some fields; None on the CPU device."""
    if session().device.lowering != "wgsl":
        return plan
    if plan is None:
        caps = planner().current_caps()
        family = FftFamily(caps, planner().table(caps).table)
        plan = plan_of(family.automatic(problem_of(rows, cols, caps)))
    return replace(plan, **fields)


def _asked_for(rows: int, cols: int) -> SpiralKFftPlan | None:
    """What the roundtable decides, where it has anything to go by; a device is not opened for less."""
    table, here = current(), session()
    ruled = table.memory.rulebook(table.settings.program).mentions(PLANNED) or table.settings.redis_url
    if not ruled and not here.has_device:
        return None
    if here.device.lowering != "wgsl":
        return None
    caps = planner().current_caps()
    family, problem = FftFamily(caps, planner().table(caps).table), problem_of(rows, cols, caps)
    if not ruled and family.table_choice(problem) == family.automatic(problem):
        return None
    return plan_of(table.decide(problem, family).choice)
