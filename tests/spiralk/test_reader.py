"""The reader is Lark's parser in a faster loop: it finds what Lark finds, in that order, and stops where Lark stops."""

from __future__ import annotations

from importlib.resources import files

import lark
import pytest

from spiraltorch_web import spiralk
from spiraltorch_web.spiralk.reader import END, Reader, UnexpectedCharacter, UnexpectedToken
from tests.spiralk.fuzz import PIECES, mutated
from tests.spiralk.programs import EVERYTHING, FIRST

GRAMMAR = files(spiralk).joinpath("spiralk.lark").read_text(encoding="utf-8")
STARTS = ("start", "expression")
RULES = ("start", "expression", "hard", "hint", "chain", "unary", "number", "name", "call")
SHORT = (
    "",
    "\n\n",
    "#",
    "mk: 1",
    "mk: 1;\n\n  tile: \n 64 ;",
    "a:min();",
    "a:min(1);",
    "a:b(1,2,3)",
    "k",
    "1+k",
    "(k)",
)


def language(**options):
    return lark.Lark(GRAMMAR, parser="lalr", lexer="basic", start=list(STARTS), maybe_placeholders=False, **options)


def token(part):
    if isinstance(part, lark.Token):
        return str(part), part.start_pos, part.line, part.column
    return (part.text, part.start, *part.at) if hasattr(part, "text") else None


class Both:
    """Reads texts twice. Of each part that is found, its name, and the words in it with their places, are noted."""

    def __init__(self):
        self._found = []
        builds = {name: self._recorder(name) for name in RULES}
        methods = {name: staticmethod(build) for name, build in builds.items()}
        self._lark = language(transformer=type("Recorder", (lark.Transformer,), methods)())
        self._reader = Reader(language(), builds)

    def _recorder(self, name):
        return lambda parts: self._found.append((name, [token(part) for part in parts]))

    def _taken(self):
        found = list(self._found)
        self._found.clear()
        return found

    def lark_reads(self, text, start):
        try:
            self._lark.parse(text, start=start)
        except lark.UnexpectedCharacters as error:
            return self._taken(), error.pos_in_stream
        except lark.UnexpectedToken as error:
            place = len(text) if error.token.type == "$END" else error.token.start_pos
            return self._taken(), place, {END if kind == "$END" else kind for kind in error.accepts}
        return self._taken(), None

    def reader_reads(self, text, start):
        try:
            self._reader.read(text, start)
        except UnexpectedCharacter as error:
            return self._taken(), error.start
        except UnexpectedToken as error:
            return self._taken(), error.token.start, error.accepted
        return self._taken(), None


@pytest.fixture(scope="module")
def both():
    return Both()


@pytest.mark.parametrize("start", STARTS)
def test_the_reader_finds_what_lark_finds(both, start):
    pieces = [f"mk: k + {piece} 3;\nch: 8;" for piece in PIECES]
    mutations = [text for text in map(mutated, range(120)) if isinstance(text, str)]
    for text in (FIRST, EVERYTHING, *SHORT, *pieces, *mutations):
        assert both.reader_reads(text, start) == both.lark_reads(text, start), text[:500]


def test_a_long_list_takes_time_in_proportion():
    """If lists were copied whenever they grow, these would take minutes."""
    sizes = []
    reader = Reader(language(), dict.fromkeys(RULES, lambda parts: sizes.append(len(parts))))
    for text in ("mk: max(" + "k," * 100_000 + "k);", "mk:1;" * 50_000, "mk: max(1" + "&&1" * 80_000 + ", 2);"):
        reader.read(text, "start")
        assert max(sizes) >= 100_000
        sizes.clear()
