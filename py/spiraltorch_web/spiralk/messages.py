"""What to say about a text that does not parse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..errors import SpiralKError
from .grammar import Refused
from .layout import without_comments
from .names import HINT_ARGUMENTS, HINTS, clipped
from .reader import END, UnexpectedCharacter, UnexpectedToken

_VALUE = frozenset({"LPAR", "MINUS", "NAME", "NOT", "NUMBER"})
_OPERATOR = frozenset({"AND", "COMPARE", "MINUS", "OR", "PLUS", "TIMES"})
_SIGNS = MappingProxyType({"COLON": "':'", "COMMA": "','", "LPAR": "'('", "RPAR": "')'", "SEMICOLON": "';'"})
# What people write who come from other languages -> what SpiralK has for it.
_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "=": "A rule sets its field with ':', and == compares.",
        "&": "Write && for and.",
        "|": "Write || for or.",
        "?": "Write sel(condition, a, b) to choose between two values.",
        "%": "There is no remainder; floor(a / b) rounds down.",
        "^": "There is no power; write the product.",
        '"': "There are no strings; names stand alone.",
        "'": "There are no strings; names stand alone.",
        "≤": "Write <=.",
        "≥": "Write >=.",
        "≠": "Write !=.",
        "−": "Write -.",
        "×": "Write *.",
        "÷": "Write /.",
        "and": "Write && for and.",
        "or": "Write || for or.",
        "not": "Write ! for not.",
        "if": "Write sel(condition, a, b) to choose between two values.",
    }
)


@dataclass(frozen=True)
class Text:
    """A text as it is parsed: newlines are "\\n". ``first_line`` is the number of its first line."""

    content: str
    first_line: int = 1

    def error(
        self, start: int, length: int, problem: str, suggestion: str = "", expected: tuple[str, ...] = ()
    ) -> SpiralKError:
        """The error about `length` characters from offset `start`."""
        begin = self.content.rfind("\n", 0, start) + 1
        end = self.content.find("\n", start)
        column = start - begin + 1
        return SpiralKError(
            problem,
            suggestion=suggestion,
            line=self.content.count("\n", 0, start) + self.first_line,
            column=column,
            end_column=column + max(1, length),
            source=self.content[begin : end if end >= 0 else None],
            expected=expected,
        )

    def end_before(self, offset: int) -> int:
        """Where the last thing before an offset ends that is neither space nor comment."""
        return len(without_comments(self.content[:offset]).rstrip())


def refused(text: Text, error: Refused) -> SpiralKError:
    """The error about a part that the language does not allow."""
    return text.error(error.token.start, len(error.token.text), error.problem, error.suggestion)


def unexpected_character(text: Text, error: UnexpectedCharacter) -> SpiralKError:
    """The error about a character that begins nothing."""
    letter = text.content[error.start]
    shown = f"'{letter}'" if letter.isprintable() else f"U+{ord(letter):04X}"
    return text.error(error.start, 1, f"unexpected character {shown}", _ADVICE.get(letter, ""))


def unexpected_token(text: Text, error: UnexpectedToken) -> SpiralKError:
    """The error about a word or sign that cannot stand where it stands."""
    token, accepted = error.token, error.accepted
    expected = expectations(accepted)
    at_end = error.kind == END
    found = "the end of the program" if at_end else f"'{clipped(token.text)}'"
    previous = text.end_before(token.start)
    # A missing sign belongs behind what stands before it, however many lines lie between.
    missing = at_end or ("SEMICOLON" in accepted and "\n" in text.content[previous : token.start])
    place, length = (previous, 1) if missing else (token.start, len(token.text))
    return text.error(place, length, f"expected {_joined(expected)}, found {found}", _advice(error), expected)


def expectations(accepted: frozenset[str]) -> tuple[str, ...]:
    """Kinds of tokens in a reader's words."""
    if "NUMBER" in accepted:
        return ("a value", *_signs(accepted - _VALUE))
    if "NAME" in accepted:
        return ("a rule",)
    if accepted & _OPERATOR:
        return ("an operator", *_signs(accepted - {"LPAR"}))
    return _signs(accepted)


def _signs(accepted: frozenset[str]) -> tuple[str, ...]:
    return tuple(sign for kind, sign in _SIGNS.items() if kind in accepted)


def _advice(error: UnexpectedToken) -> str:
    before = error.before.text if error.before else ""
    if error.accepted == {"COLON", "LPAR"}:
        return _advice_for_rule(before)
    return next((_ADVICE[word] for word in (error.token.text, before) if word in _ADVICE), "")


def _advice_for_rule(word: str) -> str:
    """After a word that begins a rule there was neither ':' nor '('."""
    if word in HINTS:
        return f"Write {word}({HINT_ARGUMENTS});"
    return f"Write {clipped(word)}: value;"


def _joined(words: tuple[str, ...]) -> str:
    *others, last = words or ("the end of the program",)
    return f"{', '.join(others)} or {last}" if others else last
