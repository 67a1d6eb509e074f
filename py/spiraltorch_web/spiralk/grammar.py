"""The LALR parser that Lark makes of ``spiralk.lark``, and the parts that it makes of the text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..errors import SpiralError, SpiralKError
from ..hosted import IN_BROWSER, load_package, load_package_now
from ..kernels.rankk.choice import FIELDS
from .arithmetic import BINDING, COMPARISON
from .names import LITERALS, RESERVED, call_problem, hint_problem, name_problem
from .tree import Binary, Boolean, Call, Expression, HardRule, HintRule, Name, Number, Place, Rule, Unary

if TYPE_CHECKING:
    from lark import Lark, Token

NO_CHAINS = "Comparisons do not chain: write a < b && b < c."
# A literal longer than this says nothing that a shorter one does not.
LONGEST_LITERAL = 32


@dataclass(frozen=True)
class Draft:
    """A rule before its comments and its section are known. ``word`` is its first token."""

    kind: type[Rule]
    parts: tuple[Any, ...]
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
def parser() -> Lark:
    """The parser, made at first use (20 ms on an x86 core, 2026-11). Raises SpiralError where Lark is missing."""
    lark = _import_lark()
    grammar = files(__package__).joinpath("spiralk.lark").read_text(encoding="utf-8")
    return lark.Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start=["start", "expression"],
        transformer=_builder(lark.Transformer),
        maybe_placeholders=False,
    )


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


def _builder(transformer: type) -> Any:
    """Functions that Lark calls with the children of each rule of the grammar, innermost first."""
    names = ("start", "expression", "hard", "hint", "chain", "unary", "number", "name", "call")
    return type("Builder", (transformer,), {name: staticmethod(globals()[f"_{name}"]) for name in names})()


def _start(children: list[Any]) -> list[Any]:
    return children


def _expression(children: list[Expression]) -> Expression:
    return children[0]


def _hard(children: list[Any]) -> Draft:
    word, value = children
    if str(word) in RESERVED:
        raise Refused(word, f"{word} is a word of the language, not a field", f"The fields are {', '.join(FIELDS)}.")
    return Draft(HardRule, (str(word), value), word)


def _hint(children: list[Any]) -> Draft:
    word, *arguments = children
    problem, suggestion = hint_problem(str(word), len(arguments))
    if problem:
        raise Refused(word, problem, suggestion)
    field, value, weight, condition = arguments
    if not isinstance(field, Name):
        raise Refused(word, f"the first argument of {word} is the name of a field")
    return Draft(HintRule, (str(word), field.name, value, weight, condition), word)


def _number(children: list[Token]) -> Expression:
    (token,) = children
    if len(token) > LONGEST_LITERAL:
        raise Refused(token, f"a number of {len(token):,} characters; {LONGEST_LITERAL} are enough for any")
    return _made(token, Number, float(token))


def _name(children: list[Token]) -> Expression:
    (token,) = children
    word = str(token)  # comparing tokens takes Lark long
    if word in LITERALS:
        return Boolean(word == "true", at=_place(token))
    if word in RESERVED:
        raise Refused(token, *name_problem(word))
    return Name(word, at=_place(token))


def _call(children: list[Any]) -> Expression:
    word, *arguments = children
    problem, suggestion = call_problem(str(word), len(arguments))
    if problem:
        raise Refused(word, problem, suggestion)
    return _made(word, Call, str(word), tuple(arguments))


def _unary(children: list[Any]) -> Expression:
    operator, operand = children
    return _made(operator, Unary, str(operator), operand)


def _chain(children: list[Any]) -> Expression:
    """The tree of ``operand operator operand operator …``; operators that bind alike group from the left."""
    operands, waiting = children[:1], []
    for operator, operand in zip(children[1::2], children[2::2], strict=True):
        binding = BINDING[str(operator)]
        while waiting and waiting[-1][1] >= binding:
            if binding == COMPARISON == waiting[-1][1]:
                raise Refused(operator, f"a comparison of a comparison, found '{operator}'", NO_CHAINS)
            _join(operands, waiting.pop()[0])
        waiting.append((operator, binding))
        operands.append(operand)
    while waiting:
        _join(operands, waiting.pop()[0])
    return operands[0]


def _join(operands: list[Expression], operator: Token) -> None:
    """Put an operator between the last two operands."""
    right = operands.pop()
    operands[-1] = _made(operator, Binary, str(operator), operands[-1], right)


def _made(token: Token, kind: Callable[..., Expression], *parts: Any) -> Expression:
    try:
        return kind(*parts, at=_place(token))
    except SpiralKError as error:
        raise Refused(token, error.problem, error.suggestion) from None


def _place(token: Token) -> Place:
    return Place(token.line, token.column)
