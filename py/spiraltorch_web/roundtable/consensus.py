"""How three voices become one decision. Pure: whatever files, networks and clocks know comes in as arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..kernels.rankk.choice import Choice, changed
from .decision import Decision, Voice
from .problem import Problem
from .softlogic import Candidate, SoftRule, differences, duration_text, solve
from .trials import Tally
from .wishes import with_values, with_wishes

TOLD_MOST = 4  # wishes that nothing fulfils


class Prediction(Protocol):
    """A predicted time and what it rests on."""

    seconds: float
    reason: str


class Family(Protocol):
    """The kernels that solve one kind of problem on one device. Hashable: decisions are remembered by it."""

    device: str  # the class of the device
    fields: frozenset[str]  # the fields of `Choice` that change what this family launches
    # All of these in groups: for one kernel, what `repair` makes of a group's fields depends on no others.
    decided_together: Sequence[Sequence[str]]

    def context(self, problem: Problem) -> Mapping[str, int]:
        """What SpiralK conditions may ask about the device: ``sg`` and ``sgc``."""

    def candidates(self, problem: Problem) -> Sequence[Choice]:
        """The launches worth trying, at least one; each runs as it stands."""

    def table_choice(self, problem: Problem) -> Choice | None:
        """What the tuner table says, unrepaired."""

    def repair(self, problem: Problem, choice: Choice) -> tuple[Choice, tuple[str, ...]]:
        """The nearest choice that the device can run, and what was changed."""

    def predict(self, problem: Problem, choice: Choice) -> Prediction:
        """How long a launch will take."""


@dataclass(frozen=True)
class Said:
    """What the rules say about one choice for a problem: `hard` assigns fields, `soft` rules hold for the choice.

    `spoken` are all soft rules whose condition holds, also those for other values than the choice has, and `wishes`
    those among them that a person wrote.
    """

    hard: Mapping[str, int]
    soft: tuple[SoftRule, ...] = ()
    spoken: tuple[SoftRule, ...] = ()
    wishes: tuple[SoftRule, ...] = ()


# Rules may read the fields of the choice that they are asked about.
Policy = Callable[[Choice], Said]


def deliberate(
    problem: Problem,
    family: Family,
    policy: Policy,
    prior: float,
    tally_of: Callable[[Choice, Choice], Tally] = lambda a, c: Tally(),
    notes: Sequence[str] = (),
    time: str = "",
) -> Decision:
    """Hear A, B and C, and note who wins. `prior` is what C's score gets; `tally_of(a, c)` knows earlier trials."""
    table = family.table_choice(problem)
    c = None if table is None else _table_voice(problem, family, table, policy, prior)
    offered = _candidates(problem, family, c)
    said = [policy(candidate.choice) for candidate in offered]
    candidates, said, unfulfilled = with_wishes(problem, family, policy, offered, said)
    a = _soft_voice(candidates, said, unfulfilled)
    b = _hard_voice(
        problem, family, policy, [(each.choice, rules.hard) for each, rules in zip(candidates, said, strict=True)]
    )
    voices = tuple(voice for voice in (a, b, c) if voice is not None)
    challenger = _challenger(a, c, candidates, said) if b is None and c is not None else None
    tally = tally_of(challenger.choice, c.choice) if challenger is not None else Tally()
    return Decision(problem, voices, challenger, tally, tuple(notes), time)


def _candidates(problem: Problem, family: Family, table: Voice | None) -> list[Candidate]:
    """What SoftLogic searches. Fields of other families are the table's, so that they part nobody."""
    choices = list(family.candidates(problem))
    if table is not None:
        own = family.fields
        foreign = {name: value for name, value in vars(table.choice).items() if name not in own}
        choices = [
            choice if foreign.items() <= vars(choice).items() else changed(choice, **foreign) for choice in choices
        ]
    return [_predicted(problem, family, choice) for choice in choices]


def _predicted(problem: Problem, family: Family, choice: Choice) -> Candidate:
    prediction = family.predict(problem, choice)
    return Candidate(choice, prediction.seconds, lambda: prediction.reason)


def _soft_voice(candidates: Sequence[Candidate], said: Sequence[Said], unfulfilled: Sequence[SoftRule] = ()) -> Voice:
    solution = solve(candidates, [each.soft for each in said])
    best, fastest = solution.best, solution.fastest
    reasons = [f"the best of {len(candidates)} choices: {_time(best)}"]
    if best.choice != fastest.choice:
        reasons.append(f"without rules {_parted(fastest.choice, best.choice)} would be: {_time(fastest)}")
    if best.choice != fastest.choice and not solution.decisive:
        rules = "; ".join(map(str, solution.spoke))
        reasons.append(f"no rule alone moved it, together these did, by {solution.lead:.3f}: {rules}")
    reasons += [
        f"{influence.rule} moved it from {_parted(influence.instead, best.choice)}, now behind by {influence.lead:.3f}"
        for influence in solution.decisive
    ]
    reasons += [f"no launch that runs here fulfils {rule}" for rule in unfulfilled[:TOLD_MOST]]
    return Voice("A", best.choice, best.seconds, solution.spoke, reasons=tuple(reasons))


def _challenger(a: Voice, c: Voice, candidates: Sequence[Candidate], said: Sequence[Said]) -> Voice | None:
    """A, or where A and C agree the second best, so that a trial can show both to be wrong; None if there is none."""
    if a.choice != c.choice:
        return a
    others = [pair for pair in zip(candidates, said, strict=True) if pair[0].choice != c.choice]
    return _soft_voice(*zip(*others, strict=True)) if others else None


def _hard_voice(
    problem: Problem, family: Family, policy: Policy, assigned: Sequence[tuple[Choice, Mapping[str, int]]]
) -> Voice | None:
    """The assigned fields, filled up from the candidate that is best with them; None if nothing is assigned.

    Where the device cannot run the assignment, the repair that keeps most of the assigned fields counts.
    """
    options: dict[Choice, tuple[int, tuple[str, ...], Mapping[str, int]]] = {}
    fields = family.fields
    wanted: dict[Choice, Mapping[str, int]] = {}  # candidates often differ only in what is assigned
    spoken, hard = None, {}
    for candidate, all_fields in assigned:
        if all_fields is not spoken:  # rules that do not read fields say the same of all candidates
            spoken, hard = all_fields, {name: value for name, value in all_fields.items() if name in fields}
        if not hard:
            return None
        wanted.setdefault(with_values(candidate, hard), hard)
    for asked, hard in wanted.items():
        choice, repairs = family.repair(problem, asked)
        kept = sum(int(getattr(choice, name)) == value for name, value in hard.items())
        options.setdefault(choice, (kept, repairs, hard))
    most = max(kept for kept, _, _ in options.values())
    runnable = [_predicted(problem, family, choice) for choice, (kept, _, _) in options.items() if kept == most]
    solution = solve(runnable, [policy(candidate.choice).soft for candidate in runnable])
    best = solution.best
    _, repairs, hard = options[best.choice]
    text = ", ".join(f"{name}={value}" for name, value in hard.items())
    reason = f"hard rules assign {text}; the rest is the best of {len(runnable)}: {_time(best)}"
    return Voice("B", best.choice, best.seconds, solution.spoke, reasons=(reason,), repairs=repairs)


def _table_voice(problem: Problem, family: Family, table: Choice, policy: Policy, prior: float) -> Voice:
    choice, repairs = family.repair(problem, table)
    best = _predicted(problem, family, choice)
    reasons = (f"the tuner table: {_time(best)}",)
    return Voice("C", choice, best.seconds, policy(choice).soft, prior, reasons, repairs)


def _time(candidate: Candidate) -> str:
    basis = candidate.because()
    return duration_text(candidate.seconds) + (f" ({basis})" if basis else "")


def _parted(choice: Choice, other: Choice) -> str:
    """The fields of a choice in which it differs from another one."""
    return " ".join(f"{name}={value}" for name, (value, _) in differences(choice, other).items())
