"""Which rules spoke about a launch, and what they said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .arithmetic import as_integer
from .evaluate import speaker
from .names import field_problem
from .printer import rule_text
from .tree import HardRule, Rule, device_key


@dataclass(frozen=True)
class Verdict:
    """One rule and what it said: ``value`` for its field and, of a hint, ``weight``; both None where it was silent.

    ``reason`` says in words what it did, or why it did nothing.
    """

    rule: Rule
    value: int | None
    weight: float | None
    reason: str

    @property
    def spoke(self) -> bool:
        return self.value is not None


@dataclass(frozen=True)
class Explanation:
    """All rules of a program with their verdicts, in order; prints as a table."""

    verdicts: tuple[Verdict, ...]

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        width = max((len(verdict.reason) for verdict in self.verdicts), default=0)
        for verdict in self.verdicts:
            text = rule_text(verdict.rule)
            yield f"{'*' if verdict.spoke else ' '} {verdict.reason:<{width}}  {text}"


def explained(rules: tuple[Rule, ...], values: list[float], device: str | None) -> Explanation:
    """Let every rule speak by itself; hard ones change ``values``."""
    key = None if device is None else device_key(device)
    return Explanation(tuple(_verdict(rule, values, key) for rule in rules))


def _verdict(rule: Rule, values: list[float], key: str | None) -> Verdict:
    if rule.device is not None and device_key(rule.device) != key:
        return Verdict(rule, None, None, f"only on {rule.device}")
    ready = speaker(rule)
    if ready is None:
        return Verdict(rule, None, None, field_problem(rule.field)[0])
    if isinstance(rule, HardRule):
        number = as_integer(ready.value(values))
        values[ready.slot] = float(number)
        return Verdict(rule, number, None, f"{rule.field} = {number}")
    hint = ready.hint(values)
    if hint is None:
        return Verdict(rule, None, None, "condition does not hold")
    return Verdict(rule, hint.value, hint.weight, f"{hint.weight:+.4g} for {rule.field} = {hint.value}")
