"""Errors: where, what was expected, and what to write instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

import spiraltorch_web as st
from spiraltorch_web.spiralk.names import FACTS, FUNCTIONS, HINTS
from spiraltorch_web.spiralk.parse import _good_lines

# Text -> line, column, part of the problem, part of the suggestion.
TABLE = {
    "mk 2;": (1, 4, "expected ':' or '(', found '2'", "Write mk: value;"),
    "mk = 2;": (1, 4, "unexpected character '='", "':'"),
    "mk: ;": (1, 5, "expected a value, found ';'", ""),
    "mk: k = 2;": (1, 7, "unexpected character '='", "== compares"),
    "mk: k & 3;": (1, 7, "unexpected character '&'", "&&"),
    "mk: k | 3;": (1, 7, "unexpected character '|'", "||"),
    "mk: k and 3;": (1, 7, "expected an operator or ';', found 'and'", "&&"),
    "mk: not k;": (1, 9, "found 'k'", "!"),
    "mk: k % 3;": (1, 7, "unexpected character '%'", "floor"),
    "mk: k ≤ 3;": (1, 7, "unexpected character '≤'", "<="),
    "mk: k ? 1 : 2;": (1, 7, "unexpected character '?'", "sel("),
    "mk: 'warp';": (1, 5, "unexpected character", "no strings"),
    "mk: \x00;": (1, 5, "unexpected character U+0000", ""),
    "mk: 1 < k < 5;": (1, 11, "found '<'", "a < b && b < c"),
    "mk: (1;": (1, 7, "expected", ""),
    "mk: 1);": (1, 6, "expected", ""),
    "mk: 1;;": (1, 7, "expected a rule, found ';'", ""),
    "mk: 1\n\n  # a comment\ntile: 2;": (1, 6, "expected an operator or ';', found 'tile'", ""),
    "mk: sel(k,\n  1,\n  2;": (3, 4, "expected", ""),
    "mk: 1 +": (1, 8, "expected a value, found the end of the program", ""),
    "mk": (1, 3, "expected ':' or '(', found the end of the program", "Write mk: value;"),
    "5: mk;": (1, 1, "expected a rule, found '5'", ""),
    "soft mk;": (1, 6, "expected ':' or '('", "soft(field, value, weight, condition);"),
    "soft(mk, 1, 0.5);": (1, 1, "soft takes 4 arguments, not 3", "the condition true always holds"),
    "soft();": (1, 1, "soft takes 4 arguments, not 0", ""),
    "penalty_if(mk, 1, 2, 3, 4);": (1, 1, "takes 4 arguments, not 5", ""),
    "soft(1, 1, 1, 1);": (1, 1, "the first argument of soft is the name of a field", ""),
    "sfot(mk, 1, 1, 1);": (1, 1, "unknown rule sfot(…)", "Did you mean soft?"),
    "penalty(mk, 1, 1, 1);": (1, 1, "unknown rule penalty(…)", "Did you mean penalty_if?"),
    "nonsense(mk);": (1, 1, "unknown rule nonsense(…)", "soft and penalty_if"),
    "mk: sell(1, 2, 3);": (1, 5, "unknown function sell", "Did you mean sel?"),
    "mk: zzz(1);": (1, 5, "unknown function zzz", ""),
    "mk: sel(1, 2);": (1, 5, "sel takes 3 arguments, not 2", "Write sel(condition, a, b)."),
    "mk: min(1);": (1, 5, "min takes at least 2 arguments, not 1", ""),
    "mk: log2();": (1, 5, "log2 takes 1 argument, not 0", ""),
    "mk: log2;": (1, 5, "log2 is a function", "Write log2(x)."),
    "mk: 1 + soft;": (1, 9, "soft is a rule of its own", ""),
    "sel: 1;": (1, 1, "sel is a word of the language, not a field", "mk, mkd"),
    "soft(max, 1, 1, 1);": (1, 6, "max is a function", ""),
    "soft(true, 1, 1, 1);": (1, 1, "the name of a field", ""),
    "mk: 1e16;": (1, 5, "2^53", ""),
    "mk: 1e999;": (1, 5, "2^53", ""),
    "mk: " + "9" * 100_000 + ";": (1, 5, "a number of 100,000 characters", ""),
    "mk: 1.2.3;": (1, 8, "found '.3'", ""),
    "mk: 2tile;": (1, 6, "found 'tile'", ""),
    "# device:\nmk: 1;": (1, 1, "a section needs a device", "# device: any"),
    "mk: 1; # device :  ": (1, 8, "a section needs a device", ""),
    b"mk: 1;\ntile: \xff;": (2, 7, "byte 0xFF is not UTF-8", "UTF-8"),
}


@pytest.mark.parametrize("text", TABLE, ids=lambda text: repr(text)[:40])
def test_errors_say_where_and_what(text):
    line, column, problem, suggestion = TABLE[text]
    with pytest.raises(st.SpiralKError) as caught:
        st.spiralk.parse(text)
    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert error.end_column > column
    assert problem in error.problem
    assert suggestion in error.suggestion
    assert str(error).startswith(f"line {line}, column {column}: {error.problem}\n")
    assert isinstance(error, ValueError) and isinstance(error, st.SpiralError)


def test_the_caret_stands_below_the_place():
    with pytest.raises(st.SpiralKError) as caught:
        st.spiralk.parse("mk: 1;\n\ttile: sel(c > 15, 2048 512);")
    message, source, caret, *_ = str(caught.value).split("\n")
    assert message == "line 2, column 25: expected an operator, ',' or ')', found '512'"
    assert source == "   tile: sel(c > 15, 2048 512);"
    assert source[caret.index("^") :].startswith("512")
    assert caught.value.expected == ("an operator", "','", "')'")


def test_a_long_line_is_shown_in_part():
    with pytest.raises(st.SpiralKError) as caught:
        st.spiralk.parse(f"mk: min({'k, ' * 3000} = 2);")
    _, source, caret, *_ = str(caught.value).split("\n")
    assert len(source) < 120
    assert source[caret.index("^")] == "="


def test_only_the_last_rule_may_lack_its_semicolon():
    assert st.spiralk.parse("mk: 1; tile: 64") == st.spiralk.parse("mk: 1; tile: 64;")


@pytest.mark.parametrize("text", ["", " \n\t", "# nothing", b""])
def test_a_program_may_be_empty(text):
    assert st.spiralk.parse(text).rules == ()


def test_what_is_no_text_is_an_argument_error():
    with pytest.raises(st.ArgumentError, match="str or bytes, not int"):
        st.spiralk.parse(7)


def test_a_program_that_is_too_long_is_refused_at_once():
    with pytest.raises(st.SpiralKError, match="at most 262,144"):
        st.spiralk.parse(" " * 300_000)


def test_the_words_of_the_language_can_never_be_fields():
    for word in (*FUNCTIONS, *HINTS, "true", "false"):
        with pytest.raises(st.SpiralKError):
            st.spiralk.parse(f"{word}: 1;")
    for fact in FACTS:
        (finding,) = st.spiralk.parse(f"{fact}: 1;").check()
        assert "fact of the launch" in finding.message


LINES = """\
# learnt on 2026-11-22
soft(mk, 2, 0.25, sg);
soft(tile, 2048, 0.2, c > ;

# device: llvmpipe
soft(wg, 64, 0.5, tr
soft(wg, 64, 0.5, true);  # 12 wins in 14
mk: 1
penalty_if(ch, 8, 0.1, true); soft(ch, 4, 0.1, true);
# device:
"""


def test_bad_lines_of_a_file_are_left_out_and_reported():
    found = st.spiralk.parse_lines(LINES)
    assert [(error.line, error.column) for error in found.errors] == [(3, 27), (6, 21), (8, 6), (10, 1)]
    assert found.program.format() == (
        "# learnt on 2026-11-22\nsoft(mk, 2, 0.25, sg);\n\n# device: llvmpipe\n"
        "soft(wg, 64, 0.5, true);  # 12 wins in 14\n\npenalty_if(ch, 8, 0.1, true);\nsoft(ch, 4, 0.1, true);\n"
    )
    assert [rule.at.line for rule in found.program.rules] == [2, 7, 9, 9]


def test_a_file_with_bytes_that_are_no_text_loses_only_those_lines():
    found = st.spiralk.parse_lines(b"mk: 1;\n\xff\xfe\x00\ntile: 64; # caf\xe9\n")
    assert [error.line for error in found.errors] == [2]
    assert [rule.field for rule in found.program.rules] == ["mk", "tile"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("soft(mk, 2, 0.25, sg)", "expected ';' at the end of the line"),
        ("mk: 128", "expected ';'"),
        ("mk: 1; mk: 2;", "expected one rule in the line, found 2"),
        ("# only a comment", "found 0"),
        ("", "found 0"),
    ],
)
def test_a_rule_line_holds_one_whole_rule(line, problem):
    with pytest.raises(st.SpiralKError, match=problem):
        st.spiralk.parse_rule_line(line)


def test_a_rule_line_is_a_rule():
    rule = st.spiralk.parse_rule_line("soft(mk, 2, 0.25, sg);  # 9 wins in 9\n")
    assert rule == st.spiralk.soft_rule("mk", 2, 0.25, "sg")
    assert rule.note == "9 wins in 9"
    assert st.spiralk.rule_text(rule) == "soft(mk, 2, 0.25, sg);"


@given(some.lists(some.sampled_from([*LINES.split("\n"), "", "mk: 2; tile: 64;", "mk:", "1;", "(", ")"]), max_size=8))
def test_a_file_is_read_at_once_as_it_is_read_line_by_line(lines):
    """Only a file with bad lines is gone through one by one; what is good in it means the same."""
    text = "\n".join(lines)
    at_once, one_by_one = st.spiralk.parse_lines(text), _good_lines(text)
    assert at_once.program == one_by_one.program
    assert at_once.program.format() == one_by_one.program.format()
    assert [str(error) for error in at_once.errors] == [str(error) for error in one_by_one.errors]
    places = [[rule.at for rule in found.program.rules] for found in (at_once, one_by_one)]
    assert places[0] == places[1]
