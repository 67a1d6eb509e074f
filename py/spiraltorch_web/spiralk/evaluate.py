"""What a program says about one launch."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import NamedTuple

from ..errors import ArgumentError
from ..kernels.rankk.choice import FIELDS, Choice, RankKind
from .arithmetic import as_integer
from .closures import SLOTS, Valued, Values, valued
from .names import FACTS, LARGEST
from .tree import HardRule, HintRule, Rule, device_key

# Lanes of a subgroup where the caller only says that there are some; most GPUs have so many.
USUAL_SUBGROUP = 32


class Hint(NamedTuple):
    """A weight for (or, below 0, against) one value of a field."""

    field: str
    value: int
    weight: float


@dataclass(frozen=True)
class Evaluation:
    """What a program says: ``hard`` fields with their values, and ``soft`` hints in the program's order.

    ``soft_rules`` are the rules that gave the hints, one for one; ``hard_rules`` those that decided the hard fields.
    """

    hard: Mapping[str, int]
    soft: tuple[Hint, ...]
    hard_rules: Mapping[str, Rule]
    soft_rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Speaker:
    """A rule made ready to run. ``key`` is its section's device; ``slot`` where the field's value is kept."""

    rule: Rule
    key: str | None
    slot: int
    value: Valued
    weight: Valued | None = None  # None for a hard rule
    condition: Valued | None = None

    def hint(self, values: Values) -> Hint | None:
        """What a soft rule says, None where its condition does not hold."""
        if not self.condition(values):
            return None
        return Hint(self.rule.field, as_integer(self.value(values)), self.rule.sign * self.weight(values))


def speaker(rule: Rule) -> Speaker | None:
    """The rule made ready; None for a rule about something that is no field, which says nothing."""
    if rule.field not in FIELDS:
        return None
    key = None if rule.device is None else device_key(rule.device)
    start = (rule, key, SLOTS[rule.field], valued(rule.value))
    match rule:
        case HardRule():
            return Speaker(*start)
        case HintRule(weight=weight, condition=condition):
            return Speaker(*start, valued(weight), valued(condition))
    raise TypeError(f"{type(rule).__name__} is no rule")


def speak(speakers: tuple[Speaker, ...], values: list[float], device: str | None) -> Evaluation:
    """Let the rules speak in order; hard ones change ``values`` for those that follow."""
    key = None if device is None else device_key(device)
    hard: dict[str, int] = {}
    hard_rules: dict[str, Rule] = {}
    soft: list[Hint] = []
    soft_rules: list[Rule] = []
    for each in speakers:
        if each.key is not None and each.key != key:
            continue
        rule = each.rule
        if each.weight is None:
            number = as_integer(each.value(values))
            values[each.slot] = float(number)
            hard[rule.field] = number
            hard_rules[rule.field] = rule
        elif (hint := each.hint(values)) is not None:
            soft.append(hint)
            soft_rules.append(rule)
    return Evaluation(hard, tuple(soft), hard_rules, tuple(soft_rules))


def launch_values(
    r: int, c: int, k: int, sg: bool, sgc: int | None, kind: int, choice: Choice | Mapping[str, int] | None
) -> list[float]:
    """The values of all names before the first rule, in the order of `SLOTS`. Raises ArgumentError."""
    lanes = (USUAL_SUBGROUP if sgc is None else sgc) if sg else 1
    given = {"r": r, "c": c, "k": k, "sg": bool(sg), "sgc": lanes, "kind": kind}
    facts = {name: _integer(name, value) for name, value in given.items()}
    facts["kc"] = facts["k"].bit_length() - 1
    return [float(facts[name]) for name in FACTS] + _field_values(choice)


def _integer(name: str, value: int) -> int:
    fact = FACTS[name]
    try:
        number = operator.index(value)
    except TypeError:
        raise ArgumentError(f"{name} ({fact.meaning}) is an integer, not {value!r}") from None
    if not fact.least <= number <= fact.largest:
        raise ArgumentError(f"{name} ({fact.meaning}) lies between {fact.least} and {fact.largest}, not at {number}")
    return number


def _field_values(choice: Choice | Mapping[str, int] | None) -> list[float]:
    if choice is None:
        return list(_DEFAULTS.values())
    if isinstance(choice, Choice):
        return [float(getattr(choice, name)) for name in FIELDS]
    unknown = choice.keys() - FIELDS.keys()
    if unknown:
        raise ArgumentError(f"choice has no field {min(unknown)!r}; the fields are {', '.join(FIELDS)}")
    merged = {**_DEFAULTS, **choice}
    return [_field_value(name, merged[name]) for name in FIELDS]


def _field_value(name: str, value: int) -> float:
    number = float(value)
    if not -LARGEST <= number <= LARGEST:
        raise ArgumentError(f"choice[{name!r}] is {value!r}; a field's value is an integer")
    return number


_DEFAULTS: Mapping[str, float] = MappingProxyType({name: float(value) for name, value in asdict(Choice()).items()})
KINDS = MappingProxyType({kind.name.removesuffix("K").lower(): kind for kind in RankKind})
