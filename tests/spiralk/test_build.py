"""Rules made from values, without text."""

from __future__ import annotations

import math

import pytest

import spiraltorch_web as st
from spiraltorch_web import spiralk


def test_rules_from_values_equal_parsed_ones():
    made = spiralk.Program(
        (
            spiralk.hard_rule("mk", 2),
            spiralk.hard_rule("use_2ce", True),
            spiralk.hard_rule("ctile", "tile / 2", note="half"),
            spiralk.soft_rule("tile", 2048, 0.25, "log2(c) > 15", device="NVIDIA  H200"),
            spiralk.penalty_rule("wg", "wg", -0.5, spiralk.all_of(spiralk.compare("k", "<=", 128), "sg", True)),
            spiralk.soft_rule("ch", 8, 1e-3, device="any"),
        )
    )
    text = (
        "mk: 2;\nuse_2ce: true;\nctile: tile / 2;  # half\n# device: NVIDIA H200\n"
        "soft(tile, 2048, 0.25, log2(c) > 15);\n# device: any\n"
        "penalty_if(wg, wg, -0.5, k <= 128 && sg && true);\nsoft(ch, 8, 0.001, true);\n"
    )
    assert made.format() == text
    assert spiralk.parse(text) == made
    assert spiralk.all_of() == spiralk.Boolean(True)


def test_equal_rules_are_found_whatever_their_comments():
    learnt = spiralk.parse("soft(mk, 2, 0.25, (sg));  # today").rules[0]
    assert learnt == spiralk.soft_rule("mk", 2, 0.25, "sg")
    assert learnt != spiralk.soft_rule("mk", 2, 0.25, "sg", device="llvmpipe")
    assert len({learnt, spiralk.soft_rule("mk", 2, 0.25, "sg", note="yesterday")}) == 1


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: spiralk.hard_rule("tiles", 64), "unknown field tiles"),
        (lambda: spiralk.soft_rule("k", 64, 1), "fact of the launch"),
        (lambda: spiralk.hard_rule("mk", "sel(1"), "line 1, column 6"),
        (lambda: spiralk.hard_rule("mk", math.nan), "cannot hold the number nan"),
        (lambda: spiralk.hard_rule("mk", math.inf), "cannot hold the number inf"),
        (lambda: spiralk.hard_rule("mk", 1e300), "2\\^53"),
        (lambda: spiralk.hard_rule("mk", 1, device=""), "no adapter class"),
        (lambda: spiralk.hard_rule("mk", 1, note="one\ntwo"), "one line"),
        (lambda: spiralk.hard_rule("mk", 1, note="device: llvmpipe"), "would begin a section"),
        (lambda: spiralk.Program((), ("Device:x",)), "would begin a section"),
        (lambda: spiralk.compare("k", "=", 2), "unknown operator '='"),
        (lambda: spiralk.Unary("~", spiralk.Name("k")), "unknown operator '~'"),
        (lambda: spiralk.Call("sel", (spiralk.Name("k"),)), "sel takes 3 arguments, not 1"),
        (lambda: spiralk.Call("cos", (spiralk.Name("k"),)), "unknown function cos"),
        (lambda: spiralk.Name("a b"), "no name"),
        (lambda: spiralk.Name("sel"), "word of the language"),
        (lambda: spiralk.Number(-1.0), "between 0 and 2\\^53"),
        (lambda: spiralk.Number(math.nan), "between 0 and 2\\^53"),
        (lambda: spiralk.HintRule("hard", "mk", *[spiralk.Name("k")] * 3), "unknown rule hard"),
    ],
)
def test_what_no_program_can_hold_is_refused_where_it_is_made(make, problem):
    with pytest.raises(st.SpiralKError, match=problem):
        make()


def test_what_is_no_value_is_an_argument_error():
    with pytest.raises(st.ArgumentError, match="no number"):
        spiralk.hard_rule("mk", [1])


def test_programs_join():
    first, second = spiralk.parse("mk: 1;"), spiralk.parse("tile: 64;")
    joined = spiralk.Program(first.rules + second.rules)
    assert joined == spiralk.parse("mk: 1; tile: 64;")
