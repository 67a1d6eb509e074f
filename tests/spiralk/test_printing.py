"""Printing: what is printed parses to an equal program, with every comment, and is printed the same again."""

from __future__ import annotations

import copy
import pickle
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings

import spiraltorch_web as st
from spiraltorch_web.spiralk.printer import WIDTH
from spiraltorch_web.spiralk.tree import MAX_DEPTH, parts_of
from tests.spiralk.programs import EVERYTHING, FIRST
from tests.spiralk.strategies import expressions, programs


def comments_of(program):
    """All comments; blank lines are counted by the text."""
    groups = [(*rule.comments, rule.note) for rule in program.rules] + [program.tail]
    return [[comment for comment in group if comment is not None] for group in groups]


@settings(max_examples=150, deadline=None)
@given(programs())
def test_a_printed_program_parses_to_an_equal_one(program):
    text = program.format()
    again = st.spiralk.parse(text)
    assert again == program
    assert hash(again) == hash(program)
    assert again.format() == text
    assert comments_of(again) == comments_of(program)


@settings(max_examples=150, deadline=None)
@given(expressions())
def test_a_printed_expression_parses_to_an_equal_one(expression):
    assert st.spiralk.parse_expression(st.spiralk.expression_text(expression)) == expression


def test_the_usual_form():
    assert st.spiralk.parse(FIRST).format() == (
        "# mk: 0=bitonic, 1=shared, 2=warp (subgroup path on WGPU)\n"
        "mk: sel(sg && k <= 128, 2, sel(k <= 2048, 1, 0));\n"
        "# mkd: sub-strategy (auto/heap/kway/bitonic/warp_heap/warp_bitonic)\n"
        "mkd: sel(mk == 2, 4, sel(mk == 1, 1, 3));\n"
        "# TopK sweeping tile\n"
        "tile: sel(log2(c) > 15, 2048, sel(log2(c) > 13, 1024, sel(log2(c) > 12, 512, 256)));\n"
        "# Mid/Bottom compaction tile\n"
        "ctile: sel(tile >= 1024, tile / 2, tile);\n"
        "\n"
        "# Soft hints (gently bias the solver)\n"
        "soft(mk, 2, 0.25, sg && k <= 128);\n"
        "soft(mk, 1, 0.2, k > 128 && k <= 2048);\n"
        "soft(tile, 2048, 0.2, log2(c) > 15);\n"
        "soft(tile, 1024, 0.15, log2(c) > 13 && log2(c) <= 15);\n"
    )


def test_every_part_of_the_language_is_in_its_usual_form():
    expected = EVERYTHING.replace("1e0", "1").replace(", .5,", ", 0.5,")
    assert st.spiralk.parse(EVERYTHING).format() == expected


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ("(a < b) < c", "(a < b) < c"),
        ("a == (b && c)", "a == (b && c)"),
        ("((a || b)) && c", "(a || b) && c"),
        ("-(a + b) * -c", "-(a + b) * -c"),
        ("!(a && b)", "!(a && b)"),
        ("1.50 + 1e16/1e5", None),
        ("2e3 + 1e-5 + 00.5", "2000 + 1e-05 + 0.5"),
    ],
)
def test_parentheses_are_there_where_they_are_needed(text, usual):
    if usual is None:
        with pytest.raises(st.SpiralKError, match="2\\^53"):
            st.spiralk.parse_expression(text)
    else:
        assert st.spiralk.expression_text(st.spiralk.parse_expression(text)) == usual


def test_a_chain_too_long_for_a_line_gets_a_line_for_each_choice():
    links = "".join(f"sel(log2(c) > {20 - depth} && kind == 0, {1 << depth}, " for depth in range(6))
    text = st.spiralk.parse(f"tile: {links}64{')' * 6}; # measured").format()
    lines = text.splitlines()
    assert lines[0] == "tile: sel(log2(c) > 20 && kind == 0, 1,"
    assert lines[1] == "      sel(log2(c) > 19 && kind == 0, 2,"
    assert lines[-1] == "      sel(log2(c) > 15 && kind == 0, 32, 64))))));  # measured"
    assert max(map(len, lines)) <= WIDTH
    assert st.spiralk.parse(text).format() == text
    assert st.spiralk.parse(text).format(wrap=False) == " ".join(text.split()).replace("; #", ";  #") + "\n"


def test_comments_stay_with_their_rules():
    text = (
        "#first\n# of two\n\nmk: # inside\n  1;   # behind\n\n\n\n  #device: a\n# in a\nwg: 64; ch: 2; # both\n"
        "# device: b\n# device: any\nkl: 8\n# the end"
    )
    assert st.spiralk.parse(text).format() == (
        "# first\n# of two\n\n# inside\nmk: 1;  # behind\n\n# device: a\n# in a\nwg: 64;\nch: 2;  # both\n"
        "# device: any\nkl: 8;\n# the end\n"
    )


def test_other_newlines_and_a_byte_order_mark_are_read():
    wanted = st.spiralk.parse("mk: 1; # one\ntile: 64;")
    for text in (
        "mk: 1; # one\r\ntile: 64;\r\n",
        "\ufeffmk: 1; # one\rtile: 64;",
        b"\xef\xbb\xbfmk: 1; # one\ntile:64;",
    ):
        found = st.spiralk.parse(text)
        assert found == wanted
        assert found.rules[0].note == "one"
        assert found.rules[1].at == (2, 1)


def test_parts_know_where_they_stand():
    program = st.spiralk.parse("mk: 1;\n\n  tile: min(-k,\n 2 + c);")
    (call,) = [rule.value for rule in program.rules[1:]]
    minus, plus = call.arguments
    places = [(3, 3), (3, 9), (3, 13), (3, 14), (4, 4), (4, 2), (4, 6)]
    assert [part.at for part in (program.rules[1], call, minus, minus.operand, plus, plus.left, plus.right)] == places
    here = st.spiralk.Name("k", at=minus.operand.at)
    assert (here.at, st.spiralk.Name("k").at) == ((3, 14), None)
    assert here == st.spiralk.Name("k") and repr(here) == "Name(name='k')"
    assert replace(here, name="c").at == (3, 14)


def test_parsed_parts_are_the_same_as_those_made_by_hand():
    """A parser makes them without the checks of the constructors."""
    for text in (FIRST, EVERYTHING):
        for rule in st.spiralk.parse(text).rules:
            values = {each.name: getattr(rule, each.name) for each in fields(rule)}
            assert vars(type(rule)(**values)) == vars(rule)
            for name in ("value", "weight", "condition"):
                for part in parts_of(values[name]) if name in values else ():
                    made = replace(part)
                    assert made == part and [made.at, made.depth, made.size] == [part.at, part.depth, part.size]


def test_a_tree_whose_parts_are_shared_is_refused_before_it_takes_exponential_time():
    expression = st.spiralk.Name("k")
    with pytest.raises(st.SpiralKError, match="parts"):
        for _ in range(MAX_DEPTH):
            expression = st.spiralk.Call("sel", (expression, expression, expression))
    assert expression.depth < 14


def test_the_deepest_text_can_be_compared_copied_printed_checked_and_run():
    deep = "!" * (MAX_DEPTH - 1) + "k"
    chain = " && ".join(["c > 3"] * (MAX_DEPTH - 1))
    nested = "sel(k > 3, 1, " * (MAX_DEPTH - 2) + "0" + ")" * (MAX_DEPTH - 2)
    conditions = "sel(" * (MAX_DEPTH // 2 - 1) + "k" + " > 3, 1, 0)" * (MAX_DEPTH // 2 - 1)
    for expression in (deep, chain, nested, conditions):
        text = f"mk: {expression};\nsoft(ch, {expression}, {expression}, {expression});\n"
        program = st.spiralk.parse(text)
        for twin in (st.spiralk.parse(text), copy.deepcopy(program), pickle.loads(pickle.dumps(program))):
            assert twin == program
            assert hash(twin) == hash(program)
        assert repr(program)
        assert st.spiralk.parse(program.format()) == program
        assert program.evaluate(r=1, c=9, k=5).hard["mk"] in (0, 1)
        assert isinstance(program.check(), list)
        assert program.explain(r=1, c=9, k=5).verdicts[0].spoke


@pytest.mark.parametrize(
    "text",
    [
        "mk: " + "!" * MAX_DEPTH + "k;",
        "mk: " + "(" * (MAX_DEPTH + 1) + "k" + ")" * (MAX_DEPTH + 1) + ";",
        "mk: " + "+".join("k" * (MAX_DEPTH + 1)) + ";",
        "mk: " + "abs(" * 5000 + "k" + ")" * 5000 + ";",
        "mk: " + "(" * 100_000,
        "mk: " + "-" * 100_000 + "1;",
    ],
)
def test_what_is_nested_deeper_is_refused_politely(text):
    with pytest.raises(st.SpiralKError, match=f"nested deeper than {MAX_DEPTH} levels") as caught:
        st.spiralk.parse(text)
    assert caught.value.line == 1
    assert len(str(caught.value)) < 400
