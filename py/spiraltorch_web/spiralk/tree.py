"""The syntax tree of SpiralK: expressions and rules, frozen and checked where they are made.

Two trees are equal when they mean the same text; where it stood, its comments and its blank lines do not count.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field
from itertools import pairwise
from typing import ClassVar, NamedTuple

from ..errors import SpiralKError
from .arithmetic import BINARY, UNARY
from .names import HINTS, LARGEST, RESERVED, call_problem, clipped, hint_problem

# Operators and functions inside each other; keeps everything that walks a tree far from Python's own limit.
MAX_DEPTH = 64
# No text is so long; a tree whose parts are shared could have exponentially many.
MAX_SIZE = 1 << 18
_DEVICE = re.compile(r"device\s*:\s*(.*)", re.IGNORECASE)
EVERYWHERE = "any"
Comments = tuple[str | None, ...]
_set = object.__setattr__
_new = object.__new__


class Place(NamedTuple):
    """Where a part begins in its text; both count from 1."""

    line: int
    column: int


# A place as one number: line in the upper bits, column in the lower 32. Each part of a long program has one, and
# as tuples they would double the work of Python's garbage collector.
_COLUMN_BITS = 32


def place_number(line: int, column: int) -> int:
    """The number of a place; its columns follow each other."""
    return (line << _COLUMN_BITS) + column


def place_of(number: int) -> Place:
    """The place with a number."""
    return Place(number >> _COLUMN_BITS, number & (1 << _COLUMN_BITS) - 1)


class _At:
    """The field `Expression.at`: a place that is kept as a number, or None."""

    def __get__(self, part: Expression | None, kind: type | None = None) -> Place | None:
        number = None if part is None else part.place
        return None if number is None else place_of(number)

    def __set__(self, part: Expression, at: Place | None) -> None:
        # The dataclass gives the field itself where nobody gives a place.
        _set(part, "place", place_number(*at) if isinstance(at, tuple) else None)


@dataclass(frozen=True)
class Expression:
    """What has a value. ``depth`` counts the levels of the tree and ``size`` its parts; both are 1 for a leaf."""

    place: ClassVar[int | None] = None
    _: KW_ONLY
    at: Place | None = field(default=_At(), compare=False, repr=False)
    depth: int = field(default=1, init=False, compare=False, repr=False)
    size: int = field(default=1, init=False, compare=False, repr=False)

    def _stand_on(self, depth: int, size: int) -> None:
        """Be one level above operands of this depth, one part more than all of them."""
        depth, size = depth + 1, size + 1
        if depth > MAX_DEPTH:
            raise SpiralKError(f"the expression is nested deeper than {MAX_DEPTH} levels", suggestion="Split the rule.")
        if size > MAX_SIZE:
            raise SpiralKError(f"the expression has more than {MAX_SIZE:,} parts", suggestion="Split the rule.")
        _set(self, "depth", depth)
        _set(self, "size", size)


@dataclass(frozen=True)
class Number(Expression):
    """A literal: finite, from 0 to 2^53. Negative numbers are a `Unary` minus."""

    value: float

    def __post_init__(self) -> None:
        if not 0 <= self.value <= LARGEST:
            raise SpiralKError(f"a number in a program lies between 0 and 2^53 = {LARGEST:.0f}")


@dataclass(frozen=True)
class Boolean(Expression):
    """``true`` or ``false``; counts as 1 or 0."""

    value: bool


@dataclass(frozen=True)
class Name(Expression):
    """The value of a fact or a field; 0 for a name that is neither."""

    name: str

    def __post_init__(self) -> None:
        _require_word(self.name)


@dataclass(frozen=True)
class Unary(Expression):
    """``!x`` or ``-x``."""

    operator: str
    operand: Expression

    def __post_init__(self) -> None:
        if self.operator not in UNARY:
            raise SpiralKError(f"unknown operator {self.operator!r}; there are {' '.join(UNARY)}")
        self._stand_on(self.operand.depth, self.operand.size)


@dataclass(frozen=True)
class Binary(Expression):
    """``left operator right``."""

    operator: str
    left: Expression
    right: Expression

    def __post_init__(self) -> None:
        if self.operator not in BINARY:
            raise SpiralKError(f"unknown operator {self.operator!r}; there are {' '.join(BINARY)}")
        left, right = self.left, self.right
        self._stand_on(left.depth if left.depth > right.depth else right.depth, left.size + right.size)


@dataclass(frozen=True)
class Call(Expression):
    """``function(arguments)``."""

    function: str
    arguments: tuple[Expression, ...]

    def __post_init__(self) -> None:
        _refuse(*call_problem(self.function, len(self.arguments)))
        depth = size = 0
        for argument in self.arguments:
            size += argument.size
            if argument.depth > depth:
                depth = argument.depth
        self._stand_on(depth, size)


@dataclass(frozen=True)
class Rule:
    """One rule. ``device`` is the adapter class of its section, None for rules that hold on every device.

    ``comments`` are the lines above the rule, without the "#", and None for a blank line; ``note`` is the comment
    behind it. Neither counts for equality.
    """

    _: KW_ONLY
    device: str | None = None
    comments: Comments = field(default=(), compare=False, repr=False)
    note: str = field(default="", compare=False, repr=False)
    at: Place | None = field(default=None, compare=False, repr=False)

    def _check(self, field_name: str) -> None:
        _require_word(field_name)
        if self.device is not None:
            require_device(self.device)
        if self.note:
            single_spaced((self.note,))
        if self.comments:
            _set(self, "comments", single_spaced(self.comments))


@dataclass(frozen=True)
class HardRule(Rule):
    """``field: value;``: the field gets the value, cut to an integer."""

    field: str
    value: Expression

    def __post_init__(self) -> None:
        self._check(self.field)


@dataclass(frozen=True)
class HintRule(Rule):
    """``soft(field, value, weight, condition);`` or ``penalty_if(…);``, as ``hint`` says.

    Where the condition holds, the value of the field (cut to an integer) gains the weight, or loses it.
    """

    hint: str
    field: str
    value: Expression
    weight: Expression
    condition: Expression

    def __post_init__(self) -> None:
        _refuse(*hint_problem(self.hint, len(("field", "value", "weight", "condition"))))
        self._check(self.field)

    @property
    def sign(self) -> int:
        """1 for soft, -1 for penalty_if."""
        return 1 if self.hint == HINTS[0] else -1


# --- what a parser makes of words that it has checked, in a third of the time ----------------------------------------


def parsed_number(value: float, place: int) -> Number:
    """A `Number` at the place with this number, as all of these."""
    if value > LARGEST:
        return Number(value, at=place_of(place))
    made = _new(Number)
    _set(made, "value", value)
    _set(made, "place", place)
    return made


def parsed_name(name: str, place: int) -> Name:
    """A `Name` of a word that is not reserved."""
    made = _new(Name)
    _set(made, "name", name)
    _set(made, "place", place)
    return made


def parsed_unary(operator: str, operand: Expression, place: int) -> Unary:
    """A `Unary` of an operator that there is."""
    depth, size = operand.depth + 1, operand.size + 1
    if depth > MAX_DEPTH or size > MAX_SIZE:
        return Unary(operator, operand, at=place_of(place))
    made = _new(Unary)
    _set(made, "operator", operator)
    _set(made, "operand", operand)
    _set(made, "place", place)
    _set(made, "depth", depth)
    _set(made, "size", size)
    return made


def parsed_binary(operator: str, left: Expression, right: Expression, place: int) -> Binary:
    """A `Binary` of an operator that there is."""
    depth, other, size = left.depth, right.depth, left.size + right.size + 1
    depth = (depth if depth > other else other) + 1
    if depth > MAX_DEPTH or size > MAX_SIZE:
        return Binary(operator, left, right, at=place_of(place))
    made = _new(Binary)
    _set(made, "operator", operator)
    _set(made, "left", left)
    _set(made, "right", right)
    _set(made, "place", place)
    _set(made, "depth", depth)
    _set(made, "size", size)
    return made


def parsed_hard(field: str, value: Expression) -> HardRule:
    """A `HardRule` for a word that is not reserved; what surrounds it is to be set by `place_rule`."""
    made = _new(HardRule)
    _set(made, "field", field)
    _set(made, "value", value)
    return made


def parsed_hint(hint: str, field: str, value: Expression, weight: Expression, condition: Expression) -> HintRule:
    """A `HintRule` of a hint that there is, as `parsed_hard`."""
    made = _new(HintRule)
    _set(made, "hint", hint)
    _set(made, "field", field)
    _set(made, "value", value)
    _set(made, "weight", weight)
    _set(made, "condition", condition)
    return made


def place_rule(rule: Rule, device: str | None, comments: Comments, note: str, at: Place) -> None:
    """Tell a rule that was just parsed what surrounds it; only single blank lines."""
    _set(rule, "device", device)
    _set(rule, "comments", comments)
    _set(rule, "note", note)
    _set(rule, "at", at)


def parts_of(expression: Expression) -> Iterator[Expression]:
    """The expression and everything in it."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        yield part
        match part:
            case Unary(operand=operand):
                waiting.append(operand)
            case Binary(left=left, right=right):
                waiting += (right, left)
            case Call(arguments=arguments):
                waiting += reversed(arguments)


def start_of(expression: Expression) -> Place | None:
    """Where the text of an expression begins; a `Binary` itself stands where its operator does."""
    while isinstance(expression, Binary):
        expression = expression.left
    return expression.at


def device_of_comment(comment: str) -> str | None:
    """The adapter class that a comment (without "#") begins a section for, ``"any"`` included; None for other ones."""
    found = _DEVICE.match(comment)
    return normal_device(found[1]) if found else None


def normal_device(device: str) -> str:
    """As it is compared and printed: without spaces around it and single ones inside, "any" in small letters."""
    normal = " ".join(device.split())
    return EVERYWHERE if normal.casefold() == EVERYWHERE else normal


def device_key(device: str) -> str:
    """What two spellings of one adapter class have in common."""
    return normal_device(device).casefold()


def require_device(device: str) -> None:
    """SpiralKError unless the text can be a section's adapter class."""
    if not device or device != normal_device(device) or device == EVERYWHERE:
        raise SpiralKError(
            f"{device!r} is no adapter class of a section: it needs a name in one line with single spaces; "
            "rules for every device have none (None)"
        )


def single_spaced(comments: Comments) -> Comments:
    """The comments with single blank lines (None); SpiralKError unless each can be one that is no section's head."""
    for comment in filter(None, comments):
        if "\n" in comment or "\r" in comment or comment != comment.strip():
            raise SpiralKError(f"a comment is one line without spaces around it, not {comment!r}")
        if device_of_comment(comment) is not None:
            raise SpiralKError(f"the comment {comment!r} would begin a section; give the rules their device instead")
    later = (comment for before, comment in pairwise(comments) if comment is not None or before is not None)
    return (*comments[:1], *later)


def _require_word(word: str) -> None:
    if not (word.isidentifier() and word.isascii()):
        raise SpiralKError(f"{clipped(word)!r} is no name: names are made of letters, digits and _")
    if word in RESERVED:
        raise SpiralKError(f"{word} is a word of the language and cannot be a name here")


def _refuse(problem: str, suggestion: str) -> None:
    if problem:
        raise SpiralKError(problem, suggestion=suggestion)


def finite_number(value: float) -> Expression:
    """The expression for a finite number of either sign."""
    if not math.isfinite(value):
        raise SpiralKError(f"a program cannot hold the number {value}")
    number = Number(float(abs(value)))
    return Unary("-", number) if value < 0 else number
