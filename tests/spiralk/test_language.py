"""What programs mean: the first README's program, precedence, sections, and results where mathematics has none."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import spiraltorch_web as st
from spiraltorch_web.kernels.rankk.choice import FIELDS, Choice, RankKind
from spiraltorch_web.spiralk.names import FACTS, FUNCTIONS, HINTS
from tests.spiralk.programs import EVERYTHING, FIRST

PACKAGE_FOLDER = str(Path(st.__file__).parents[1])
LAUNCH = {"r": 512, "c": 4096, "k": 16}


def hard(text, **facts):
    return st.spiralk.parse(text).evaluate(**{**LAUNCH, **facts}).hard


def value(expression, **facts):
    """A field's value where any integer will do."""
    return hard(f"ch: {expression};", **facts)["ch"]


@pytest.mark.parametrize(
    ("facts", "fields", "hints"),
    [
        (
            {"r": 1024, "c": 65536, "k": 64, "sg": True},
            {"mk": 2, "mkd": 4, "tile": 2048, "ctile": 1024},
            [("mk", 2, 0.25), ("tile", 2048, 0.2)],
        ),
        (
            {"r": 1024, "c": 20000, "k": 512, "sg": True},
            {"mk": 1, "mkd": 1, "tile": 1024, "ctile": 512},
            [("mk", 1, 0.2), ("tile", 1024, 0.15)],
        ),
        ({"r": 8, "c": 8192, "k": 4096}, {"mk": 0, "mkd": 3, "tile": 512, "ctile": 512}, []),
        ({"r": 8, "c": 4096, "k": 1}, {"mk": 1, "mkd": 1, "tile": 256, "ctile": 256}, []),
    ],
)
def test_the_first_program_runs_as_it_is(facts, fields, hints):
    said = st.spiralk.parse(FIRST).evaluate(**facts)
    assert said.hard == fields
    assert list(said.soft) == hints
    assert [rule.field for rule in said.soft_rules] == [hint[0] for hint in hints]
    assert all(type(number) is int for number in said.hard.values())


@pytest.mark.parametrize(
    ("expression", "meaning"),
    [
        ("2 + 3 * 4", 14),
        ("2 * 3 + 4", 10),
        ("20 - 8 - 4", 8),
        ("64 / 8 / 2", 4),
        ("-2 * -3", 6),
        ("--5", 5),
        ("!0 + 1", 2),
        ("!!7", 1),
        ("1 + 2 == 3", 1),
        ("1 || 0 && 0", 1),
        ("(1 || 0) && 0", 0),
        ("2 < 3 && 3 < 4", 1),
        ("5 && 7", 1),
        ("!k == 0", 1),
        ("true + true", 2),
        ("1e2 + .5 + 3.", 103),
        ("min(4, 3, 5) + max(1, 2)", 5),
        ("clamp(9, 1, 4) + clamp(0, 1, 4)", 5),
        ("floor(2.9) + ceil(2.1) + floor(-0.5)", 4),
        ("2.9", 2),
        ("-2.9", -2),
    ],
)
def test_operators_and_functions(expression, meaning):
    assert value(expression) == meaning


def test_facts_of_the_launch():
    names = "r c k sg sgc kc kind".split()
    found = {name: value(name, r=3, c=100, k=9, sg=True, sgc=16, kind=RankKind.BOTTOMK) for name in names}
    assert found == {"r": 3, "c": 100, "k": 9, "sg": 1, "sgc": 16, "kc": 3, "kind": 2}
    assert (value("sgc"), value("sgc", sg=True), value("sgc", sgc=64)) == (1, 32, 1)
    assert [value("kc", k=k) for k in (1, 2, 3, 4, 2**40, 2**40 - 1)] == [0, 1, 1, 2, 40, 39]


@pytest.mark.parametrize("facts", [{"k": 0}, {"c": 1.5}, {"r": 2**53 + 1}, {"kind": 3}, {"k": "9"}, {"r": None}])
def test_a_launch_that_cannot_be_is_an_argument_error(facts):
    with pytest.raises(st.ArgumentError, match=next(iter(facts))):
        hard("mk: 1;", **facts)


def test_fields_are_what_the_rules_above_assigned_else_the_choice_given_else_the_default():
    assert hard("ch: tile; tile: 128; kl: tile;")["ch"] == Choice().tile
    assert hard("tile: 128; ch: tile;")["ch"] == 128
    program = st.spiralk.parse("ch: tile; kl: wg;")
    assert program.evaluate(**LAUNCH, choice=Choice(tile=512, wg=64)).hard == {"ch": 512, "kl": 64}
    assert program.evaluate(**LAUNCH, choice={"tile": 512}).hard == {"ch": 512, "kl": Choice().wg}
    with pytest.raises(st.ArgumentError, match="no field 'tiles'"):
        program.evaluate(**LAUNCH, choice={"tiles": 512})


def test_a_field_holds_an_integer_for_the_rules_below():
    assert hard("tile: 1000 / 3; ctile: tile * 3;") == {"tile": 333, "ctile": 999}


def test_the_last_assignment_wins():
    assert hard("mk: 1; mk: mk + 1;") == {"mk": 2}


def test_hints_carry_signed_weights_and_integer_values():
    said = st.spiralk.parse("soft(tile, c/3, kc/8, k>1); penalty_if(ch, 2, 0.5, true); soft(wg, 64, 1, k<1);")
    assert said.evaluate(**LAUNCH).soft == (("tile", 1365, 0.5), ("ch", 2, -0.5))


def test_unknown_names_count_as_zero_and_rules_for_unknown_fields_are_silent():
    assert hard("ch: speed + 3; speed: 7; kl: speed; r: 5; wg: r;") == {"ch": 3, "kl": 0, "wg": 512}


def test_sections_speak_on_their_device_only():
    text = "mk: 0;\n# device: NVIDIA  H200\nmk: 1;\n# device: llvmpipe\nmk: 2;\n# Device: Any\nwg: mk * 64;"
    assert hard(text) == {"mk": 0, "wg": 0}
    assert hard(text, device="nvidia h200") == {"mk": 1, "wg": 64}
    assert hard(text, device=" LLVMpipe") == {"mk": 2, "wg": 128}
    assert hard(text, device="any") == {"mk": 0, "wg": 0}
    assert hard("mk: 0;  # device: llvmpipe\nmk: 2;") == {"mk": 0}


def test_the_help_names_every_word_of_the_language():
    for word in (*FACTS, *FIELDS, *FUNCTIONS, *HINTS, "SPIRAL_HEUR_K", "heur.kdsl", "# device:"):
        assert re.search(rf"\b{word}\b" if word[0] != "#" else word, st.spiralk.__doc__), word


LARGEST = 2**53


@pytest.mark.parametrize(
    ("expression", "documented"),
    [
        ("1 / 0", 0),
        ("0 / 0", 0),
        ("-7 / (k - k)", 0),
        ("log2(0)", 0),
        ("log2(-4)", 0),
        ("log2(k - k - 1)", 0),
        ("9007199254740992 * 9007199254740992", LARGEST),
        ("-9007199254740992 * 2", -LARGEST),
        ("clamp(5, 9, 1)", 1),
        ("sel(0 / 0, 1, 2)", 2),
        ("1e-300 / 1e10 / 1e10", 0),
    ],
)
def test_results_where_mathematics_has_none_are_documented(expression, documented):
    assert value(expression) == documented


def test_overflow_is_the_largest_number_not_infinity_so_that_nothing_becomes_nan():
    square = "9007199254740992"
    for _ in range(6):
        square = f"({square} * {square})"
    assert value(f"{square} - {square}") == 0
    assert value(f"{square} > 1e-9") == 1
    assert value(f"sel({square} / 1e-9 == {square}, 1, 0)") == 1
    said = st.spiralk.parse(f"soft(mk, 1, {square}, true); soft(mk, 1, 0 - {square}, true);").evaluate(**LAUNCH)
    assert [hint.weight for hint in said.soft] == [sys.float_info.max, -sys.float_info.max]


def test_every_part_of_the_language_in_one_program():
    said = st.spiralk.parse(EVERYTHING).evaluate(r=32, c=65536, k=200, sg=True, sgc=64, kind=1, device="llvmpipe")
    assert said.hard == {"mk": 1, "tile": 4096, "kl": 8, "use_2ce": 1, "ch": 2}
    assert said.soft == (("wg", 1024, -0.5),)


def test_explaining_tells_of_every_rule():
    program = st.spiralk.parse("mk: 2;\nsoft(tile, 64, 0.5, k > 99);\npenalty_if(ch, 2, 1, mk == 2);\nmkk: 1;")
    told = program.explain(**LAUNCH)
    assert [(verdict.spoke, verdict.value, verdict.weight) for verdict in told.verdicts] == [
        (True, 2, None),
        (False, None, None),
        (True, 2, -1.0),
        (False, None, None),
    ]
    assert str(told).splitlines() == [
        "* mk = 2                   mk: 2;",
        "  condition does not hold  soft(tile, 64, 0.5, k > 99);",
        "* -1 for ch = 2            penalty_if(ch, 2, 1, mk == 2);",
        "  unknown field mkk        mkk: 1;",
    ]
    section = st.spiralk.parse("# device: llvmpipe\nmk: 1;").explain(**LAUNCH, device="nvidia")
    assert section.verdicts[0].reason == "only on llvmpipe"


def test_the_parser_is_loaded_by_the_first_parse_and_not_before():
    """Importing the library, and making, evaluating and printing rules, does without Lark."""
    script = (
        "import sys, spiraltorch_web as st\n"
        "assert 'spiraltorch_web.spiralk' not in sys.modules\n"
        "rule = st.spiralk.soft_rule('tile', 64, 0.5, st.spiralk.compare('k', '<=', 9))\n"
        "program = st.spiralk.Program((rule,))\n"
        "print(program.format(), program.evaluate(r=1, c=9, k=1).soft, program.check(), 'lark' in sys.modules)\n"
        "st.spiralk.parse('mk: 1;')\n"
        "print('lark' in sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": PACKAGE_FOLDER}, check=True
    )
    rule = "soft(tile, 64, 0.5, k <= 9);\n"
    assert run.stdout == f"{rule} (Hint(field='tile', value=64, weight=0.5),) [] False\nTrue\n"


def test_without_lark_the_error_says_what_to_install():
    script = (
        "import sys; sys.modules['lark'] = None\n"
        "import spiraltorch_web as st\n"
        "try: st.spiralk.parse('mk: 1;')\n"
        "except st.SpiralError as error: print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": PACKAGE_FOLDER}, check=True
    )
    assert run.stdout == "parsing SpiralK needs Lark: pip install 'lark>=1.3,<2'\n"
