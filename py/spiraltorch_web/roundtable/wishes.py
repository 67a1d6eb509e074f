"""Launches that rules wish for: what candidates become with values that soft rules name.

A family offers what is worth trying by itself. A rule may name another value that the device can run, so candidates
are also tried with the wished values, in all combinations, the most promising first. Such a launch is never taken to
be faster than the candidate that it comes from: only the rules' weights can make it win, not a guess about a launch
that nobody measured. Which kernels there are (``mk``) stays the family's business, which knows what may be trusted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from ..kernels.rankk.choice import FIELDS, Choice, changed
from .problem import Problem
from .softlogic import Candidate, SoftRule, bounded, differences, total_score

if TYPE_CHECKING:
    from .consensus import Family, Policy, Said

COMBINATIONS_MOST = 32  # of wished values, for each candidate; those with the least weight are left out
TRIED_ANYWAY = 6  # also without hope of winning, so that it can be told how far behind they are
TRIED_MOST = 256
_KERNELS = frozenset({"mk", "mode_midk", "mode_bottomk"})
Assigned = Mapping[str, int]


@dataclass(frozen=True)
class _Draft:
    """A candidate with wished values, and a score that it cannot exceed; the device may not be able to run it."""

    parent: Candidate
    assigned: Assigned
    most: float

    @property
    def choice(self) -> Choice:
        return with_values(self.parent.choice, self.assigned)

    @property
    def wished(self) -> set[tuple[int, str, int]]:
        """(kernel, field, value) of each value."""
        return {(int(self.parent.choice.mk), *pair) for pair in self.assigned.items()}


def with_values(choice: Choice, values: Assigned) -> Choice:
    """The choice with these values of its fields."""
    return changed(choice, **{name: bool(value) if name == "use_2ce" else value for name, value in values.items()})


def with_wishes(
    problem: Problem, family: Family, policy: Policy, candidates: Sequence[Candidate], said: Sequence[Said]
) -> tuple[list[Candidate], list[Said], tuple[SoftRule, ...]]:
    """The candidates and those that rules wish for, what the rules say about each, and the wishes that none fulfils."""
    found, spoken = list(candidates), list(said)
    seen = {candidate.choice for candidate in found}
    best = max(total_score(one.seconds, rules.soft) for one, rules in zip(found, spoken, strict=True))
    drafts = enumerate(_drafts(_values(family, found, spoken), found, spoken))
    # A value that a kernel did not get with one draft it rarely gets with another: such drafts come after all others.
    undone: set[tuple[int, str, int]] = set()
    put_off: list[tuple[int, _Draft]] = []
    tried = 0
    for turn in (drafts, put_off):
        for number, draft in turn:
            if tried >= TRIED_MOST or (number >= TRIED_ANYWAY and draft.most < best):
                break
            if turn is drafts and not undone.isdisjoint(draft.wished):
                put_off.append((number, draft))
                continue
            tried += 1
            choice, _ = family.repair(problem, draft.choice)
            missed = {wish for wish in draft.wished if int(getattr(choice, wish[1])) != wish[2]}
            undone |= missed
            if missed or choice in seen:
                continue
            seen.add(choice)
            found.append(_tried(problem, family, choice, draft.parent))
            spoken.append(policy(choice))
            best = max(best, total_score(found[-1].seconds, spoken[-1].soft))
    return found, spoken, _unfulfilled(found, spoken)


def _tried(problem: Problem, family: Family, choice: Choice, parent: Candidate) -> Candidate:
    own = family.predict(problem, choice)
    if own.seconds >= parent.seconds:
        return Candidate(choice, own.seconds, lambda: own.reason)
    return Candidate(choice, parent.seconds, partial(_as_with, parent, choice))


def _as_with(parent: Candidate, choice: Choice) -> str:
    origin = " ".join(f"{name}={value}" for name, (value, _) in differences(parent.choice, choice).items())
    return f"as with {origin}, which is {parent.because() or 'known'}"


def _drafts(
    values: Mapping[str, Sequence[int]], candidates: Sequence[Candidate], said: Sequence[Said]
) -> Iterator[_Draft]:
    """All combinations on all candidates, the most promising first."""
    names = tuple(values)
    found: list[tuple[float, Candidate, tuple[int, ...]]] = []
    spoken = None
    for candidate, rules in zip(candidates, said, strict=True) if values else ():
        if rules.spoken is not spoken:  # rules that do not read fields say the same of all candidates
            spoken, gains = rules.spoken, _gains(rules.spoken, values)
        own = tuple(int(getattr(candidate.choice, name)) for name in names)
        rest = total_score(candidate.seconds, [rule for rule in rules.soft if rule.field not in values])
        combined: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
        for name, mine in zip(names, own, strict=True):
            options = [((value,), gains.get((name, value), 0.0)) for value in {mine, *values[name]}]
            combined = [(before + value, gain + more) for before, gain in combined for value, more in options]
        found += [(rest + gain, candidate, combination) for combination, gain in combined if combination != own]
    found.sort(key=itemgetter(0), reverse=True)
    return (_Draft(parent, dict(zip(names, each, strict=True)), most) for most, parent, each in found)


def _gains(rules: Sequence[SoftRule], fields: Container[str]) -> Mapping[tuple[str, int], float]:
    """(field, value) → what the rules give for it."""
    gains: dict[tuple[str, int], float] = defaultdict(float)
    for rule in rules:
        if rule.field in fields:
            gains[rule.field, rule.value] += bounded(rule.weight)
    return gains


def _values(family: Family, candidates: Sequence[Candidate], said: Sequence[Said]) -> dict[str, list[int]]:
    """Field → the values to try, the weightiest that make up `COMBINATIONS_MOST` at most."""
    weights: dict[tuple[str, int], float] = defaultdict(float)
    for rule in _distinct(rules.spoken for rules in said):
        for value in _wished(rule):
            weights[rule.field, value] += abs(bounded(rule.weight))
    by_hand = {(rule.field, value) for rule in _distinct(rules.wishes for rules in said) for value in _wished(rule)}
    own = family.fields - _KERNELS
    held = {(name, int(getattr(each.choice, name))) for name in own.intersection(name for name, _ in weights)
            for each in candidates}  # fmt: skip
    values: dict[str, list[int]] = {}
    combinations = 1
    for field, value in sorted(weights, key=weights.__getitem__, reverse=True):
        # What was learnt is about launches that there are, one of which was measured: a mixture of two was not.
        if field not in own or ((field, value) in held and (field, value) not in by_hand):
            continue
        known = values.get(field, [])
        combinations = combinations // (1 + len(known)) * (2 + len(known))
        if combinations > COMBINATIONS_MOST:
            break
        values.setdefault(field, known).append(value)
    return values


def _wished(rule: SoftRule) -> Iterator[int]:
    """The values that a rule is for: its own, or those beside one that it is against."""
    domain = [int(value) for value in FIELDS[rule.field].domain]
    if rule.value not in domain:
        return
    if rule.weight > 0:
        yield rule.value
    elif rule.weight < 0:
        place = domain.index(rule.value)
        yield from domain[max(place - 1, 0) : place] + domain[place + 1 : place + 2]


def _unfulfilled(candidates: Sequence[Candidate], said: Sequence[Said]) -> tuple[SoftRule, ...]:
    wishes = _distinct(rules.wishes for rules in said)
    return tuple(rule for rule in wishes if rule.weight > 0 and not any(rule.holds(one.choice) for one in candidates))


def _distinct(groups: Iterable[Iterable[SoftRule]]) -> tuple[SoftRule, ...]:
    # Rules that do not read fields say the same of all candidates.
    different = {id(group): group for group in groups}.values()
    return tuple(dict.fromkeys(rule for group in different for rule in group))
