"""What is wrong or strange in a program, found without running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from ..kernels.rankk.choice import FIELDS
from .arithmetic import as_integer
from .names import FACTS, clipped, field_problem, name_problem
from .printer import expression_text
from .ranges import Knowledge, Range, Reasoner, exactly, union
from .tree import Call, Expression, HardRule, HintRule, Name, Place, Rule, device_key, parts_of, start_of

_FACTS = {
    Name(name): exactly(range(fact.least, fact.largest + 1))
    if fact.largest < 8
    else Range(float(fact.least), float(fact.largest))
    for name, fact in FACTS.items()
}


@dataclass(frozen=True)
class Finding:
    """Something in a program. ``level`` is "error" for what cannot be meant, else "warning".

    ``line`` and ``column`` are None in programs that were built by hand; ``rule`` is the rule it is about.
    """

    level: str
    message: str
    suggestion: str
    line: int | None
    column: int | None
    rule: Rule

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}, column {self.column}: "
        return f"{place}{self.level}: {self.message}{f'. {self.suggestion}' if self.suggestion else ''}"


def findings(rules: Iterable[Rule]) -> list[Finding]:
    """All findings, rule by rule."""
    checker = _Checker()
    for rule in rules:
        checker.look_at(rule)
    return checker.found


@cache
def known_at_start() -> Knowledge:
    """What names can be before the first rule; a field may have been chosen by anyone."""
    return Knowledge({**_FACTS, **{Name(name): exactly(field.domain) for name, field in FIELDS.items()}})


class _Checker:
    """Goes through the rules in order and remembers what those before have done.

    Rules of a section see what was assigned there, rules for every device what was assigned anywhere.
    """

    def __init__(self) -> None:
        self.found: list[Finding] = []
        # Field -> device (None: every other one) -> the values that it can have there by now.
        self._assigned: dict[str, dict[str | None, Range]] = {}
        # Field -> device -> the last rule that assigned it, until something reads the field.
        self._unread: dict[str, dict[str | None, Rule]] = {}
        self._seen: dict[Rule, Rule] = {}

    def look_at(self, rule: Rule) -> None:
        key = None if rule.device is None else device_key(rule.device)
        expressions = _expressions(rule)
        self._check_names(rule, expressions)
        self._note_reading(expressions, key)
        if rule.field not in FIELDS:
            return
        reasoner, known = Reasoner(sum(part.size for part in expressions)), self._knowledge(key)
        if isinstance(rule, HintRule):
            self._check_hint(rule, reasoner, known)
        else:
            values = self._check_value(rule, reasoner, known)
            self._note_assignment(rule, key, values)

    def _report(self, level: str, message: str, suggestion: str, place: Place | None, rule: Rule) -> None:
        line, column = place or rule.at or (None, None)
        self.found.append(Finding(level, message, suggestion, line, column, rule))

    def _check_names(self, rule: Rule, expressions: tuple[Expression, ...]) -> None:
        problem, suggestion = field_problem(rule.field)
        if problem:
            self._report("error", problem, suggestion, rule.at, rule)
        told = set()
        for name in _names_in(expressions):
            problem, suggestion = name_problem(name.name)
            if problem and name.name not in told:
                told.add(name.name)
                self._report("error", f"{problem}, which counts as 0", suggestion, name.at, rule)

    def _check_hint(self, rule: HintRule, reasoner: Reasoner, known: Knowledge) -> None:
        first = self._seen.setdefault(rule, rule)
        if first is not rule:
            where = "above" if first.at is None else f"in line {first.at.line}"
            self._report("warning", f"the same rule stands {where}; their weights add up", "", rule.at, rule)
        narrowed = reasoner.assume(rule.condition, True, known)
        if narrowed is None:
            message = f"the condition {_shown(rule.condition)} never holds, so this rule is never used"
            self._report("warning", message, "", start_of(rule.condition), rule)
            return
        self._check_weight(rule, reasoner.range_of(rule.weight, narrowed))
        self._check_value(rule, reasoner, narrowed)

    def _check_weight(self, rule: HintRule, weight: Range) -> None:
        if weight.is_false:
            self._report("warning", "a weight of 0 changes nothing", "", start_of(rule.weight), rule)
        elif weight.high < 0:
            other = "penalty_if" if rule.sign > 0 else "soft"
            message = f"{rule.hint} with a negative weight is {other}"
            self._report("warning", message, f"Write {other}.", start_of(rule.weight), rule)

    def _check_value(self, rule: Rule, reasoner: Reasoner, known: Knowledge) -> Range:
        """Check what the field can become, and give it."""
        leaves = []
        for leaf, there in self._leaves(rule, rule.value, reasoner, known):
            values = _as_integers(reasoner.range_of(leaf, there))
            self._check_domain(rule, leaf, values)
            leaves.append(values)
        return union(leaves)

    def _leaves(
        self, rule: Rule, value: Expression, reasoner: Reasoner, known: Knowledge
    ) -> Iterator[tuple[Expression, Knowledge]]:
        """The values between which sel(…) chooses; one that is never chosen is reported."""
        if not (isinstance(value, Call) and value.function == "sel"):
            yield value, known
            return
        sides = reasoner.branches(value, known)
        if len(sides) == 1:
            condition, then, otherwise = value.arguments
            always = sides[0][0] is then
            never = otherwise if always else then
            message = (
                f"the condition {_shown(condition)} {'always' if always else 'never'} holds, "
                f"so {_shown(never)} is never chosen"
            )
            self._report("warning", message, "", start_of(condition), rule)
        for side, there in sides:
            yield from self._leaves(rule, side, reasoner, there)

    def _check_domain(self, rule: Rule, leaf: Expression, values: Range) -> None:
        domain = FIELDS[rule.field].domain
        if values.values is None:
            outside = [] if any(values.low <= legal <= values.high for legal in domain) else [values.low]
            inside = not outside
        else:
            outside = sorted(values.values - set(domain))
            inside = len(outside) < len(values.values)
        if not outside:
            return
        shown = ", ".join(f"{value:.0f}" for value in outside[:3]) + (", …" if len(outside) > 3 else "")
        legal = ", ".join(f"{value:d}" for value in domain)
        message = f"{rule.field} {'can become' if inside else 'cannot be'} {shown}; its values are {legal}"
        nearest = min(domain, key=lambda value: abs(value - outside[0]))
        suggestion = "" if inside else f"The nearest is {nearest:d}."
        self._report("warning" if inside else "error", message, suggestion, start_of(leaf), rule)

    def _knowledge(self, key: str | None) -> Knowledge:
        start = known_at_start().ranges
        assigned = {}
        for field, worlds in self._assigned.items():
            name = Name(field)
            base = worlds.get(None, start[name])
            assigned[name] = worlds.get(key, base) if key is not None else union([base, *worlds.values()])
        return Knowledge({**start, **assigned})

    def _note_reading(self, expressions: tuple[Expression, ...], key: str | None) -> None:
        for name in _names_in(expressions):
            waiting = self._unread.get(name.name, {})
            if key is None:
                waiting.clear()
            else:
                waiting.pop(key, None)
                waiting.pop(None, None)

    def _note_assignment(self, rule: HardRule, key: str | None, values: Range) -> None:
        waiting = self._unread.setdefault(rule.field, {})
        worlds = self._assigned.setdefault(rule.field, {})
        for other in list(waiting) if key is None else [key]:
            if other in waiting:
                self._report_overwritten(waiting.pop(other), rule)
        if key is None:
            worlds.clear()
        worlds[key] = values
        waiting[key] = rule

    def _report_overwritten(self, earlier: Rule, later: Rule) -> None:
        where = "below" if later.at is None else f"in line {later.at.line}"
        message = f"{earlier.field} is assigned again {where} before anything reads it, so this rule is never used"
        self._report("warning", message, "", earlier.at, earlier)


def _expressions(rule: Rule) -> tuple[Expression, ...]:
    return (rule.value, rule.weight, rule.condition) if isinstance(rule, HintRule) else (rule.value,)


def _names_in(expressions: Iterable[Expression]) -> Iterator[Name]:
    return (part for each in expressions for part in parts_of(each) if isinstance(part, Name))


def _as_integers(values: Range) -> Range:
    """What a field keeps of the values."""
    if values.values is not None:
        return exactly(map(as_integer, values.values))
    return Range(float(as_integer(values.low)), float(as_integer(values.high)))


def _shown(expression: Expression) -> str:
    return clipped(expression_text(expression))
