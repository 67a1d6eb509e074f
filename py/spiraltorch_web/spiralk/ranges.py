"""What values an expression can have, found without running it.

A `Range` is an interval, and the set of values where it is small. Results are safe: a value that the expression can
have is in its range, but not each value of the range need be reachable. Conditions narrow what is known of the
expressions that they compare, such as ``log2(c)`` in ``log2(c) > 13 && log2(c) <= 15``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from .arithmetic import BINARY, CALLS, UNARY
from .tree import Binary, Boolean, Call, Expression, Name, Number, Unary

_MOST = 1.7976931348623157e308
_LARGEST_SET = 64
_LARGEST_PRODUCT = 512
# Only so small an expression is narrowed by conditions: larger ones are rarely compared twice.
_NARROWED_DEPTH = 2
# Nested choices in conditions of choices multiply the work; past so many steps nothing more is found out. So the time
# for a program is proportional to its length.
_STEPS_AT_LEAST = 1000
_STEPS_PER_PART = 20
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``; exactly ``values`` where that is known."""

    low: float
    high: float
    values: frozenset[float] | None = None

    @property
    def is_true(self) -> bool:
        """Never 0."""
        return 0.0 not in self.values if self.values is not None else not self.low <= 0 <= self.high

    @property
    def is_false(self) -> bool:
        """Always 0."""
        return self.low == self.high == 0


ANYTHING = Range(-_MOST, _MOST)


def exactly(values: Iterable[float]) -> Range:
    """The range of these values, of which there is one at least."""
    found = frozenset(map(float, values))
    return Range(min(found), max(found), found if len(found) <= _LARGEST_SET else None)


TRUTHS = exactly((0, 1))


def union(ranges: Iterable[Range]) -> Range:
    """What any of the ranges holds."""
    parts = list(ranges)
    if all(part.values is not None for part in parts):
        return exactly(value for part in parts for value in part.values)
    return Range(min(part.low for part in parts), max(part.high for part in parts))


def kept(known: Range, test: Callable[[float], bool], low: float, high: float) -> Range | None:
    """The part of a range from low to high whose values pass the test; None when nothing is left."""
    if known.values is not None:
        left = [value for value in known.values if test(value)]
        return exactly(left) if left else None
    low, high = max(low, known.low), min(high, known.high)
    if low > high or (low == high and not test(low)):
        return None
    return Range(low, high)


class Knowledge(NamedTuple):
    """What is known of names, and of expressions that a condition has narrowed."""

    ranges: Mapping[Expression, Range]

    def narrowed(self, expression: Expression, known: Range) -> Knowledge:
        return Knowledge({**self.ranges, expression: known})


class Reasoner:
    """Finds ranges, with a limit on the work for all of them: so many steps for each of the `parts` of a rule."""

    def __init__(self, parts: int) -> None:
        self._steps = _STEPS_AT_LEAST + _STEPS_PER_PART * parts

    def range_of(self, expression: Expression, facts: Knowledge) -> Range:
        """What values the expression can have."""
        self._steps -= 1
        if self._steps < 0:
            return ANYTHING
        match expression:
            case Number(value=value) | Boolean(value=value):
                return exactly((value,))
            case Name():
                return facts.ranges.get(expression, ANYTHING)  # unknown names are reported as such
        if expression.depth <= _NARROWED_DEPTH and expression in facts.ranges:
            return facts.ranges[expression]
        match expression:
            case Call(function="sel"):
                return union(self.range_of(leaf, known) for leaf, known in self.branches(expression, facts))
            case Unary(operator=operator, operand=operand):
                return self._applied(UNARY[operator], operator, (self.range_of(operand, facts),))
            case Binary(operator="&&", left=left, right=right):
                narrowed = self.assume(left, True, facts)
                sides = (self.range_of(left, facts), self.range_of(right, narrowed) if narrowed else exactly((0,)))
                return self._applied(BINARY["&&"], "&&", sides)
            case Binary(operator=operator, left=left, right=right):
                sides = (self.range_of(left, facts), self.range_of(right, facts))
                return self._applied(BINARY[operator], operator, sides)
            case Call(function=function, arguments=arguments):
                parts = tuple(self.range_of(argument, facts) for argument in arguments)
                return self._applied(CALLS[function], function, parts)
        raise TypeError(f"{type(expression).__name__} is no expression")

    def branches(self, choice: Call, facts: Knowledge) -> list[tuple[Expression, Knowledge]]:
        """The values of a sel(…) that can be chosen, with what is known where they are."""
        condition, then, otherwise = choice.arguments
        sides = ((then, self.assume(condition, True, facts)), (otherwise, self.assume(condition, False, facts)))
        # Two contradictions can only mean that the narrowing saw one too many.
        return [(side, known) for side, known in sides if known is not None] or [(then, facts), (otherwise, facts)]

    def assume(self, condition: Expression, truth: bool, facts: Knowledge) -> Knowledge | None:
        """What is known where the condition has this truth; None where it cannot have it."""
        narrowed = self._narrow(condition, truth, facts)
        if narrowed is None:
            return None
        found = self.range_of(condition, narrowed)
        return None if (found.is_false if truth else found.is_true) else narrowed

    def _narrow(self, condition: Expression, truth: bool, facts: Knowledge) -> Knowledge | None:
        match condition:
            case Unary(operator="!", operand=operand):
                return self.assume(operand, not truth, facts)
            case Binary(operator=("&&" | "||") as operator, left=left, right=right):
                if truth == (operator == "&&"):
                    first = self.assume(left, truth, facts)
                    return first and self.assume(right, truth, first)
                return self._either(left, right, truth, facts)
            case Binary(operator=operator, left=left, right=right) if operator in _FLIPPED:
                wanted = operator if truth else _NEGATED[operator]
                first = self._compare(left, wanted, right, facts)
                return first and self._compare(right, _FLIPPED[wanted], left, first)
            case Name():
                known = self.range_of(condition, facts)
                limit = _MOST if truth else 0.0
                left = kept(known, lambda value: bool(value) == truth, -limit, limit)
                return left and facts.narrowed(condition, left)
        return facts

    def _either(self, left: Expression, right: Expression, truth: bool, facts: Knowledge) -> Knowledge | None:
        """One of two sides has this truth: only what follows from both is known, unless one cannot."""
        first, second = self.assume(left, truth, facts), self.assume(right, truth, facts)
        return facts if first and second else first or second

    def _compare(self, side: Expression, operator: str, other: Expression, facts: Knowledge) -> Knowledge | None:
        """What ``side operator other`` says about a side that is no number."""
        if isinstance(side, Number | Boolean) or side.depth > _NARROWED_DEPTH:
            return facts
        known, bound = self.range_of(side, facts), self.range_of(other, facts)
        low, high = _bounds(operator, bound, whole=isinstance(side, Name))
        if operator in ("==", "!="):
            left = _equal(known, bound, operator == "==")
        else:
            limit = bound.high if operator in ("<", "<=") else bound.low
            left = kept(known, lambda value: bool(BINARY[operator](value, limit)), low, high)
        return left and facts.narrowed(side, left)

    def _applied(self, compute: Callable[..., float], operation: str, parts: tuple[Range, ...]) -> Range:
        """The range of an operation or a function on operands of these ranges."""
        sets = [part.values for part in parts]
        count = math.prod(len(values) if values is not None else _LARGEST_PRODUCT + 1 for values in sets)
        if count > _LARGEST_PRODUCT:
            return _of_intervals(compute, operation, parts)
        self._steps -= count
        return exactly(compute(*values) for values in product(*sets))


def _of_intervals(compute: Callable[..., float], operation: str, parts: tuple[Range, ...]) -> Range:
    if operation in ("&&", "||", "!") or operation in _FLIPPED:
        return _truth(operation, parts)
    if operation == "log2":
        return _log2(parts[0])
    if operation == "/":
        return _quotient(compute, *parts)
    if operation == "abs":
        return _abs(parts[0])
    if operation in ("min", "max"):
        return Range(compute(part.low for part in parts), compute(part.high for part in parts))
    # What is left is monotone in each argument where the others are fixed, so its extremes are at the corners.
    return _at_corners(compute, parts)


def _at_corners(compute: Callable[..., float], parts: tuple[Range, ...]) -> Range:
    found = [compute(*corner) for corner in product(*((part.low, part.high) for part in parts))]
    return Range(min(found), max(found))


def _equal(known: Range, bound: Range, same: bool) -> Range | None:
    if same:
        return kept(
            known,
            lambda value: bound.low <= value <= bound.high and (bound.values is None or value in bound.values),
            bound.low,
            bound.high,
        )
    only = bound.low if bound.low == bound.high else None
    return kept(known, lambda value: value != only, -_MOST, _MOST)


def _bounds(operator: str, bound: Range, whole: bool) -> tuple[float, float]:
    """Between which values a side lies; that of a name, which is an integer, is tighter."""
    if operator in ("<", "<="):
        return -_MOST, _whole_below(bound.high, operator == "<") if whole else bound.high
    return -_whole_below(-bound.low, operator == ">") if whole else bound.low, _MOST


def _whole_below(value: float, strictly: bool) -> float:
    whole = float(math.floor(value))
    return whole - 1 if strictly and whole == value else whole


def _truth(operation: str, parts: tuple[Range, ...]) -> Range:
    left, right = parts[0], parts[-1]
    certain = {
        "!": (left.is_false, left.is_true),
        "&&": (left.is_true and right.is_true, left.is_false or right.is_false),
        "||": (left.is_true or right.is_true, left.is_false and right.is_false),
        "<": (left.high < right.low, left.low >= right.high),
        "<=": (left.high <= right.low, left.low > right.high),
        ">": (left.low > right.high, left.high <= right.low),
        ">=": (left.low >= right.high, left.high < right.low),
        "==": (left.low == left.high == right.low == right.high, left.high < right.low or left.low > right.high),
        "!=": (left.high < right.low or left.low > right.high, left.low == left.high == right.low == right.high),
    }
    yes, no = certain[operation]
    return exactly((1,)) if yes else exactly((0,)) if no else TRUTHS


def _log2(part: Range) -> Range:
    high = math.log2(part.high) if part.high > 0 else 0.0
    if part.low > 0:
        return Range(math.log2(part.low), high)
    return Range(-1074.0, max(0.0, high)) if part.high > 0 else exactly((0,))


def _abs(part: Range) -> Range:
    ends = (abs(part.low), abs(part.high))
    return Range(0.0 if part.low <= 0 <= part.high else min(ends), max(ends))


def _quotient(compute: Callable[..., float], left: Range, right: Range) -> Range:
    if right.is_false:
        return exactly((0,))
    return ANYTHING if right.low <= 0 <= right.high else _at_corners(compute, (left, right))
