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
from functools import cache, partial
from heapq import nlargest
from itertools import product
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
class _Part:
    """Wished values of fields that are decided together, for one candidate, and what the rules give for them.

    `key` has the values of all fields that decide: what is refused once is refused whenever they are the same.
    """

    assigned: tuple[tuple[str, int], ...]
    gain: float
    key: tuple[Sequence[str], int, Sequence[int]]


@dataclass(frozen=True)
class _Draft:
    """A candidate with wished values, and a score that it cannot exceed; the device may not be able to run it."""

    parent: Candidate
    parts: tuple[_Part, ...]
    most: float

    @property
    def choice(self) -> Choice:
        """The candidate with the values."""
        return with_values(self.parent.choice, {name: value for part in self.parts for name, value in part.assigned})

    def missed(self, choice: Choice) -> list[tuple]:
        """The keys of the parts that a choice does not fulfil."""
        has = vars(choice)
        return [part.key for part in self.parts if any(has[name] != value for name, value in part.assigned)]


def with_values(choice: Choice, values: Assigned) -> Choice:
    """The choice with these values of its fields."""
    return changed(choice, **{name: bool(value) if name == "use_2ce" else value for name, value in values.items()})


def with_wishes(
    problem: Problem, family: Family, policy: Policy, candidates: Sequence[Candidate], said: Sequence[Said]
) -> tuple[list[Candidate], list[Said], tuple[SoftRule, ...]]:
    """The candidates and those that rules wish for, what the rules say about each, and the wishes that none fulfils."""
    found, spoken = list(candidates), list(said)
    seen = {candidate.choice for candidate in found}
    asked: set[Choice] = set()  # candidates often differ only in what is wished
    refused: set[tuple] = set()
    # The best one, and the second best: it challenges a table that names the best, and what trials teach for it must
    # not make another one win that was left out here.
    scores = (total_score(one.seconds, rules.soft) for one, rules in zip(found, spoken, strict=True))
    leading = nlargest(2, scores)
    for draft in _drafts(_values(family, found, spoken), family.decided_together, found, spoken):
        if len(asked) >= TRIED_MOST or (len(asked) >= TRIED_ANYWAY and draft.most < leading[-1]):
            break
        if not refused.isdisjoint(part.key for part in draft.parts):
            continue
        wanted = draft.choice
        if wanted in asked or wanted in seen:
            continue
        asked.add(wanted)
        choice, _ = family.repair(problem, wanted)
        missed = draft.missed(choice)
        refused.update(missed)
        if missed or choice in seen:
            continue
        seen.add(choice)
        found.append(_tried(problem, family, choice, draft.parent))
        spoken.append(policy(choice))
        leading = nlargest(2, (*leading, total_score(found[-1].seconds, spoken[-1].soft)))
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
    values: Mapping[str, Sequence[int]],
    decided_together: Sequence[Sequence[str]],
    candidates: Sequence[Candidate],
    said: Sequence[Said],
) -> Iterator[_Draft]:
    """All combinations on all candidates, the most promising first."""
    groups = [group for group in decided_together if not values.keys().isdisjoint(group)]
    found: list[tuple[float, Candidate, tuple[_Part, ...]]] = []
    spoken = None
    for candidate, rules in zip(candidates, said, strict=True) if values else ():
        if rules.spoken is not spoken:  # rules that do not read fields say the same of all candidates
            spoken, gains = rules.spoken, _gains(rules.spoken, values)
            parts_of = cache(partial(_parts, values, gains))
        has = vars(candidate.choice)
        rest = total_score(candidate.seconds, [rule for rule in rules.soft if rule.field not in values])
        combined: list[tuple[float, tuple[_Part, ...]]] = [(rest, ())]
        for group in groups:
            parts = parts_of(group, has["mk"], tuple(has[name] for name in group))
            combined = [(most + part.gain, (*before, part)) for most, before in combined for part in parts]
        found += [(most, candidate, parts) for most, parts in combined]
    found.sort(key=itemgetter(0), reverse=True)
    return (_Draft(parent, parts, most) for most, parent, parts in found)


def _parts(
    values: Mapping[str, Sequence[int]],
    gains: Mapping[tuple[str, int], float],
    group: Sequence[str],
    kernel: int,
    own: Sequence[int],
) -> list[_Part]:
    """What a candidate can become in the fields of one group, also by staying as it is."""
    found = []
    for combination in product(*({mine, *values.get(name, ())} for name, mine in zip(group, own, strict=True))):
        assigned = tuple(pair for pair in zip(group, combination, strict=True) if pair[0] in values)
        gain = sum(gains.get(pair, 0.0) for pair in assigned)
        found.append(_Part(assigned, gain, (group, kernel, combination)))
    return found


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
