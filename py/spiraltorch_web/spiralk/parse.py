"""Text to programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from ..collecting import PostponedCollection
from ..errors import ArgumentError, SpiralKError
from . import messages
from .grammar import Draft, Refused, parser
from .layout import Comment, Layout, comments_of, without_comments
from .messages import Text
from .program import Program
from .reader import UnexpectedCharacter, UnexpectedToken
from .tree import MAX_DEPTH, Expression, Rule, place_rule

# A program is read in at most 5 µs per character (x86 core, 2026-11), so this bounds the time, too.
MAX_CHARACTERS = 1 << 18
_BRACKETS = re.compile(r"#[^\n]*|[()]")
_NEWLINE = re.compile(r"\r\n?")


@dataclass(frozen=True)
class Lines:
    """What `parse_lines` found: the program of all good lines, and an error for each bad one, with its number."""

    program: Program
    errors: tuple[SpiralKError, ...]


def parse(text: str | bytes) -> Program:
    """The program in a text, or in bytes of UTF-8. Raises SpiralKError with line, column and what was expected."""
    with PostponedCollection():
        return _program(Text(_decoded(text)))


def parse_expression(text: str) -> Expression:
    """The expression in a text, such as ``"sg && k <= 128"``. Raises SpiralKError."""
    with PostponedCollection():
        return _parsed(Text(_decoded(text)), "expression")


def parse_rule_line(text: str) -> Rule:
    """The rule in one line of a file: exactly one, ended by ";" so that a torn line is not taken for a shorter one.

    Raises SpiralKError."""
    whole = Text(_decoded(text))
    rules = _line(whole).rules
    if len(rules) != 1:
        raise whole.error(0, 1, f"expected one rule in the line, found {len(rules)}")
    return rules[0]


def parse_lines(text: str | bytes) -> Lines:
    """Read a file that holds its rules line by line, such as ``heur.kdsl``: a bad line is left out and reported.

    Every line holds whole rules, a comment, or nothing.
    """
    with PostponedCollection():
        content = _decoded(text, "replace")
        try:
            return Lines(_program(Text(content), by_lines=True), ())
        except SpiralKError:
            pass
        return _good_lines(content)


def _good_lines(content: str) -> Lines:
    """As `parse_lines`, one line after the other: takes twice as long, but finds each bad one."""
    good, errors = [], []
    for number, line in enumerate(content.split("\n"), start=1):
        try:
            _line(Text(line, number))
        except SpiralKError as error:
            error.__context__ = None
            errors.append(error.with_traceback(None))  # else it keeps all that was read alive
            line = ""
        good.append(line)
    return Lines(_program(Text("\n".join(good))), tuple(errors))


def _line(text: Text) -> Program:
    if not without_comments(text.content).strip():
        _check_devices(text, comments_of(text.content))
        return Program()
    return _program(text, by_lines=True)


def _program(text: Text, by_lines: bool = False) -> Program:
    """All rules; with `by_lines` each has to end, with its semicolon, on the line on which it begins."""
    comments = comments_of(text.content)
    _check_devices(text, comments)
    parts = _parsed(text, "start")
    drafts, ends = parts[::2], parts[1::2]
    layout = Layout(text.content, comments)
    rules = []
    for draft, semicolon in zip_longest(drafts, ends):
        end = text.end_before(len(text.content)) if semicolon is None else semicolon.end
        if by_lines and (semicolon is None or semicolon.at.line != draft.word.at.line):
            raise text.error(end, 1, "expected ';' at the end of the line", expected=("';'",))
        rules.append(_rule(draft, layout, end))
    return Program(tuple(rules), layout.rest())


def _rule(draft: Draft, layout: Layout, end: int) -> Rule:
    place_rule(draft.rule, *layout.around(draft.word.start, end), draft.word.at)
    return draft.rule


def _parsed(text: Text, start: str):
    _check_nesting(text)
    try:
        return parser().read(text.content, start)
    except UnexpectedToken as error:
        raise messages.unexpected_token(text, error) from None
    except UnexpectedCharacter as error:
        raise messages.unexpected_character(text, error) from None
    except Refused as error:
        raise messages.refused(text, error) from None


def _decoded(text: str | bytes, errors: str = "strict") -> str:
    """The text with "\\n" between its lines and without a byte order mark. SpiralKError where it is no UTF-8."""
    if isinstance(text, bytes | bytearray):
        try:
            text = text.decode("utf-8", errors)
        except UnicodeDecodeError as error:
            before = Text(_normal(error.object[: error.start].decode("utf-8")))
            problem = f"byte 0x{error.object[error.start]:02X} is not UTF-8"
            raise before.error(len(before.content), 1, problem, "Save the file as UTF-8.") from None
    if not isinstance(text, str):
        raise ArgumentError(f"a SpiralK program is a str or bytes, not {type(text).__name__}")
    normal = _normal(text)
    if len(normal) > MAX_CHARACTERS:
        raise SpiralKError(f"a program of {len(normal):,} characters; at most {MAX_CHARACTERS:,} are read")
    return normal


def _normal(text: str) -> str:
    return _NEWLINE.sub("\n", text).removeprefix("\ufeff")


def _check_devices(text: Text, comments: Sequence[Comment]) -> None:
    for comment in comments:
        if comment.device == "":
            suggestion = "Write # device: <adapter class>, or # device: any to end a section."
            raise text.error(comment.start, comment.end - comment.start, "a section needs a device", suggestion)


def _check_nesting(text: Text) -> None:
    depth = 0
    for found in _BRACKETS.finditer(text.content):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            problem = f"parentheses are nested deeper than {MAX_DEPTH} levels"
            raise text.error(found.start(), 1, problem, "Split the rule.")
