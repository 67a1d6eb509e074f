"""The LALR parser of ``spiralk.lark``, and the parts that it makes of the text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple

from ..errors import SpiralError, SpiralKError
from ..hosted import IN_BROWSER, load_package, load_package_now
from ..kernels.rankk.choice import FIELDS
from .arithmetic import BINDING, COMPARISON
from .names import LITERALS, RESERVED, hint_problem, name_problem
from .reader import Build, Reader, Token
from .tree import (
    Boolean,
    Call,
    Expression,
    Name,
    Rule,
    parsed_binary,
    parsed_hard,
    parsed_hint,
    parsed_name,
    parsed_number,
    parsed_unary,
)

NO_CHAINS = "Comparisons do not chain: write a < b && b < c."
# A literal longer than this says nothing that a shorter one does not.
LONGEST_LITERAL = 32
_BINDING = dict(BINDING)  # looked up for each operator, which takes twice as long in what cannot be changed


class Draft(NamedTuple):
    """A rule whose comments and section are not known yet. ``word`` is its first token."""

    rule: Rule
    word: Token


class Refused(Exception):
    """What the grammar lets through and the language does not, at a token."""

    def __init__(self, token: Token, problem: str, suggestion: str = "") -> None:
        super().__init__(problem)
        self.token, self.problem, self.suggestion = token, problem, suggestion


async def prepare() -> None:
    """Load what parsing needs, for browsers that cannot wait inside Python (without JSPI): ``await prepare()``.

    Elsewhere the first `parse` does it by itself, and this is quick.
    """
    await load_package("lark")
    parser()


@lru_cache(maxsize=1)
def parser() -> Reader:
    """The parser, made at first use (50 ms on a busy x86 core, and as much to import Lark; 2026-11).

    Raises SpiralError where Lark is missing.
    """
    lark = _import_lark()
    grammar = files(__package__).joinpath("spiralk.lark").read_text(encoding="utf-8")
    made = lark.Lark(grammar, parser="lalr", lexer="basic", start=["start", "expression"], maybe_placeholders=False)
    return Reader(made, _BUILDS)


def _import_lark() -> Any:
    try:
        import lark
    except ModuleNotFoundError as error:
        if error.name != "lark":
            raise
        load_package_now("lark")
    try:
        import lark
    except ModuleNotFoundError as error:
        where = "await st.spiralk.prepare()" if IN_BROWSER else "pip install 'lark>=1.3,<2'"
        raise SpiralError(f"parsing SpiralK needs Lark: {where}") from error
    return lark


def _itself(parts: list[Any]) -> list[Any]:
    return parts


def _expression(parts: list[Any]) -> Expression:
    return parts[0]


def _hard(parts: list[Any]) -> Draft:
    word, value = parts
    if word.text in RESERVED:
        problem = f"{word.text} is a word of the language, not a field"
        raise Refused(word, problem, f"The fields are {', '.join(FIELDS)}.")
    return Draft(parsed_hard(word.text, value), word)


def _hint(parts: list[Any]) -> Draft:
    word, *arguments = parts
    problem, suggestion = hint_problem(word.text, len(arguments))
    if problem:
        raise Refused(word, problem, suggestion)
    field, value, weight, condition = arguments
    if not isinstance(field, Name):
        raise Refused(word, f"the first argument of {word.text} is the name of a field")
    return Draft(parsed_hint(word.text, field.name, value, weight, condition), word)


def _number(parts: list[Any]) -> Expression:
    (token,) = parts
    if len(token.text) > LONGEST_LITERAL:
        raise Refused(token, f"a number of {len(token.text):,} characters; {LONGEST_LITERAL} are enough for any")
    try:
        return parsed_number(float(token.text), token.place)
    except SpiralKError as error:
        raise _refused(token, error) from None


def _name(parts: list[Any]) -> Expression:
    (token,) = parts
    word = token.text
    if word in RESERVED:
        if word in LITERALS:
            return Boolean(word == "true", at=token.at)
        raise Refused(token, *name_problem(word))
    return parsed_name(word, token.place)


def _call(parts: list[Any]) -> Expression:
    word, *arguments = parts
    try:
        return Call(word.text, tuple(arguments), at=word.at)
    except SpiralKError as error:
        raise _refused(word, error) from None


def _unary(parts: list[Any]) -> Expression:
    operator, operand = parts
    try:
        return parsed_unary(operator.text, operand, operator.place)
    except SpiralKError as error:
        raise _refused(operator, error) from None


def _chain(parts: list[Any]) -> Expression:
    """The tree of ``operand operator operand operator …``; operators that bind alike group from the left."""
    waiting: list[tuple[int, Token, Expression]] = []  # operators that lack their right side, each tighter than before
    operand = parts[0]
    for operator, following in zip(parts[1::2], parts[2::2], strict=True):
        binding = _BINDING[operator.text]
        while waiting and waiting[-1][0] >= binding:
            if binding == COMPARISON == waiting[-1][0]:
                raise Refused(operator, f"a comparison of a comparison, found '{operator.text}'", NO_CHAINS)
            operand = _joined(waiting.pop(), operand)
        waiting.append((binding, operator, operand))
        operand = following
    while waiting:
        operand = _joined(waiting.pop(), operand)
    return operand


def _joined(waiting: tuple[int, Token, Expression], right: Expression) -> Expression:
    _, operator, left = waiting
    try:
        return parsed_binary(operator.text, left, right, operator.place)
    except SpiralKError as error:
        raise _refused(operator, error) from None


def _refused(token: Token, error: SpiralKError) -> Refused:
    """What the tree does not allow, at a token."""
    return Refused(token, error.problem, error.suggestion)


# What is made of the parts that each rule of the grammar finds, innermost first.
_BUILDS: Mapping[str, Build] = MappingProxyType(
    {
        "start": _itself,
        "expression": _expression,
        "hard": _hard,
        "hint": _hint,
        "chain": _chain,
        "unary": _unary,
        "number": _number,
        "name": _name,
        "call": _call,
    }
)
