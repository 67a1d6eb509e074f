"""A plan beside the other launches that there are: predicted times, and measured ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..errors import DeviceError
from ..kernels.rankk import legal_choices
from ..kernels.rankk.choice import Choice
from ..kernels.rankk.problem import RankProblem
from ..tuning.inputs import matrix
from ..tuning.measure import Contest
from ..tuning.model import predict
from .plan import RankPlan
from .planner import planner

ROUNDS = 7


@dataclass(frozen=True)
class Alternative:
    """One launch for a planned problem; times in seconds, ``measured`` None until it was."""

    choice: Choice
    planned: bool
    predicted: float
    basis: str  # of the prediction: "measured", "near" or "model"
    measured: float | None = None
    spread: float | None = None  # half the interquartile range of the measurement
    wrong_rows: int = 0  # that the device gets wrong with it; it was not timed then


def alternatives(plan: RankPlan) -> tuple[Alternative, ...]:
    """The plan's choice and all others worth trying on its device, the fastest by prediction first."""
    sizes = (plan.kind, plan.rows, plan.cols, plan.k)
    table = planner().table(plan.caps).table
    found = []
    for choice in dict.fromkeys((plan.choice, *legal_choices(*sizes, plan.caps.limits))):
        prediction = predict(*sizes, choice, plan.caps, table)
        found.append(Alternative(choice, choice == plan.choice, prediction.seconds, prediction.basis))
    return tuple(sorted(found, key=lambda one: one.predicted))


def measured(
    plan: RankPlan, others: Sequence[Alternative], distribution: str = "normal", rounds: int = ROUNDS
) -> Iterator[Alternative]:
    """Each alternative with its time on the current device, one after the other, for entries of a distribution.

    Every one is checked first, and what is wrong on this device is not timed. Raises DeviceError for a device that runs
    no kernels.
    """
    problem = RankProblem(plan.kind, plan.rows, plan.cols, plan.k)
    if planner().current_caps() != plan.caps:
        raise DeviceError(f"the plan is for {plan.caps.device_class}, which is not the current device")
    with Contest(problem, matrix(distribution, plan.rows, plan.cols)) as contest:
        for one in others:
            entrant = contest.enter(one.choice)
            wrong = contest.wrong(entrant)
            if wrong:
                yield replace(one, wrong_rows=wrong)
            else:
                contest.estimate()
                contest.rounds([entrant], rounds)
                timing = entrant.timing()
                yield replace(one, measured=timing.seconds, spread=timing.spread)
            contest.drop(entrant)
