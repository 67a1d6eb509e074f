"""The checker: names, values, rules that are never used, duplicates; and nothing about a sound program."""

from __future__ import annotations

from collections import Counter

import pytest

import spiraltorch_web as st
from spiraltorch_web.spiralk.ranges import Reasoner
from tests.spiralk.programs import EVERYTHING, FIRST

# Text -> (level, line, column, part of the message, part of the suggestion) of each finding.
TABLE = {
    "mkk: 2;": [("error", 1, 1, "unknown field mkk", "Did you mean mk?")],
    "k: 3;": [("error", 1, 1, "k is a fact of the launch", "")],
    "zebra: 3;": [("error", 1, 1, "unknown field zebra", "The fields are mk, mkd")],
    "mk: sel(tilee > 3, 1, tilee);": [("error", 1, 9, "unknown name tilee, which counts as 0", "Did you mean tile?")],
    "mk: True;": [("error", 1, 5, "unknown name True", "Did you mean true?")],
    "soft(mk, 1, w, x);": [("error", 1, 13, "unknown name w", ""), ("error", 1, 16, "unknown name x", "")],
    "mk: 9;": [("error", 1, 5, "mk cannot be 9; its values are 0, 1, 2, 3", "The nearest is 5.")],
    "tile: 300;": [("error", 1, 7, "tile cannot be 300; its values are 64, 128", "The nearest is 256.")],
    "mk: sel(sg, 2, 7 - 1);": [("error", 1, 16, "mk cannot be 6", "")],
    "mk: -1;": [("error", 1, 5, "mk cannot be -1", "The nearest is 0.")],
    "wg: c / 0 + 7;": [("error", 1, 5, "wg cannot be 7", "")],
    "ctile: tile / 2;": [("warning", 1, 8, "ctile can become 32, 16384, 32768; its values", "")],
    "tile: 64; ctile: tile / 2;": [("error", 1, 18, "ctile cannot be 32", "")],
    "ch: c * 4096 + 1;": [("error", 1, 5, "ch cannot be 4097", "")],
    "soft(tile, 100, 0.1, true);": [("error", 1, 12, "tile cannot be 100", "")],
    "soft(mk, 1, 0.1, k < 1);": [("warning", 1, 18, "the condition k < 1 never holds", "")],
    "soft(mk, 1, 0.1, k > 8 && k <= 8);": [("warning", 1, 18, "never holds", "")],
    "soft(mk, 1, 0.1, k > 8 && k < 9);": [("warning", 1, 18, "never holds", "")],
    "soft(mk, 1, 0.1, log2(c) > 13 && log2(c) <= 12);": [("warning", 1, 18, "never holds", "")],
    "soft(mk, 1, 0.1, !(kind < 3));": [("warning", 1, 18, "never holds", "")],
    "soft(mk, 1, 0.1, sg && sgc > 2048);": [("warning", 1, 18, "never holds", "")],
    "mk: 1; soft(ch, 2, 0.1, mk == 2);": [("warning", 1, 25, "mk == 2 never holds", "")],
    "soft(mk, 1, 0, sg);": [("warning", 1, 13, "a weight of 0 changes nothing", "")],
    "soft(mk, 1, -0.5, sg);": [("warning", 1, 13, "soft with a negative weight is penalty_if", "Write penalty_if.")],
    "mk: sel(kind == 5, 1, 2);": [("warning", 1, 9, "kind == 5 never holds, so 1 is never chosen", "")],
    "mk: sel(r > 0, 1, 2);": [("warning", 1, 9, "r > 0 always holds, so 2 is never chosen", "")],
    "mk: sel(k > 9, sel(k > 8, 1, 2), 3);": [("warning", 1, 20, "k > 8 always holds", "")],
    "mk: 1;\nmk: 2;": [("warning", 1, 1, "mk is assigned again in line 2 before anything reads it", "")],
    "# device: a\nmk: 1;\nmk: 2;": [("warning", 2, 1, "assigned again in line 3", "")],
    "# device: a\nmk: 1;\n# device: any\nmk: 2;": [("warning", 2, 1, "assigned again in line 4", "")],
    "soft(mk,1,.1,sg);\nsoft(mk, 1, 0.1, sg);": [("warning", 2, 1, "the same rule stands in line 1", "")],
}
SOUND = [
    "",
    FIRST,
    EVERYTHING,
    "mk: 1; mk: mk + 1;",
    "mk: 1; soft(ch, 2, 0.1, mk == 1); mk: 2;",
    "mk: 1;\n# device: a\nmk: 2;\n# device: b\nmk: 3;",
    "mk: 1;\n# device: a\nmk: 2;\n# device: any\nsoft(ch, 2, 0.1, mk == 2); soft(ch, 4, 0.1, mk == 1);",
    "soft(mk, 1, 0.1, sg);\n# device: a\nsoft(mk, 1, 0.1, sg);",
    "soft(mk, 1, 0.1, true);",
    "ch: c / 4096;",
    "soft(mk, 1, 0.1, !(kind < 2));",
    "soft(mk, 1, 0.1, (k < 5 || c < 5) && k >= 5);",
    "soft(mk, 1, 0.1, log2((c - 1) / c) < 0);",
    "soft(mk, 1, 0.1, kind < kl && kind == 1);",
    "# device: a\nmk: 1;\n# device: any\nsoft(ch, 2, 0.1, mk == 1);\nmk: 2;",
    "mk: 1;\n# device: a\nsoft(ch, 2, 0.1, mk == 1);\n# device: any\nmk: 2;",
    "# device: a\nmk: 1; kl: mk;\n# device: any\nmk: 2;\n# device: a\nsoft(ch, 4, 0.1, mk == 2);",
    "tile: 64; ctile: tile;",
]


@pytest.mark.parametrize("text", TABLE)
def test_findings(text):
    found = st.spiralk.parse(text).check()
    assert [(each.level, each.line, each.column) for each in found] == [wanted[:3] for wanted in TABLE[text]]
    for each, (*_, message, suggestion) in zip(found, TABLE[text], strict=True):
        assert message in each.message
        assert suggestion in each.suggestion
        assert str(each).startswith(f"line {each.line}, column {each.column}: {each.level}: ")


@pytest.mark.parametrize("text", SOUND)
def test_a_sound_program_has_no_findings(text):
    assert st.spiralk.parse(text).check() == []


SUGGESTIONS = {
    "bar": "",
    "row": "",
    "zz": "",
    "kk": "Did you mean k?",
    "R": "Did you mean r?",
    "sgk": "Did you mean sg?",
    "tiles": "Did you mean tile?",
    "segment": "Did you mean segments?",
}


@pytest.mark.parametrize("name", SUGGESTIONS)
def test_a_name_is_only_suggested_where_it_is_near(name):
    """That a longer word holds the letter of a fact says nothing."""
    (finding,) = st.spiralk.parse(f"mk: sel({name} > 3, 1, 2);").check()
    assert finding.suggestion == SUGGESTIONS[name]


def test_findings_about_programs_made_by_hand_have_no_place():
    rule = st.spiralk.hard_rule("mk", 9)
    (finding,) = st.spiralk.Program((rule,)).check()
    assert (finding.line, finding.column, finding.rule) == (None, None, rule)
    assert str(finding).startswith("error: mk cannot be 9")


def test_conditions_nested_in_conditions_end_in_time():
    """Each level doubles what could be looked at four times: 4^30 cases, were there no limit."""
    nested = "k"
    for _ in range(30):
        nested = f"sel({nested} > 3, k, c)"
    assert st.spiralk.parse(f"soft(ch, 2, 0.1, {nested} > 5);").check() == []


def test_the_work_for_a_program_is_proportional_to_its_length(monkeypatch):
    """Counted in looks at an expression, twenty for each part of a rule and some for the rule itself."""
    looks = Counter()
    look = Reasoner.range_of

    def counted(reasoner, expression, facts):
        looks["all"] += reasoner._steps > 0
        return look(reasoner, expression, facts)

    monkeypatch.setattr(Reasoner, "range_of", counted)
    nested = f"{'sel(' * 30}k{' > 3, k, c)' * 30}"
    program = st.spiralk.parse(f"soft(ch, 2, 0.1, {nested} > 5);" * 20)
    assert program.check()[-1].message.startswith("the same rule stands")
    parts = 20 * (program.rules[0].condition.size + 2)
    assert 0 < looks["all"] <= 20 * (1000 + 20 * parts // 20)
