"""Who wins at the table, and that the transcript says so in a way that can be judged again."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiraltorch_web.errors import ArgumentError, FileFormatError
from spiraltorch_web.kernels.rankk.choice import FIELDS, Choice
from spiraltorch_web.roundtable import Candidate, Problem, Said, SoftRule, decision_of, deliberate, solve
from spiraltorch_web.roundtable.policy import read_fields, read_rulebook
from tests.roundtable.inputs import DEVICE, FAST, PROBLEM, SLOW_TABLE, PlainFamily
from tests.spiralk.strategies import programs

SEED_PROGRAM = """
  # mk: 0=bitonic, 1=shared, 2=warp (subgroup path on WGPU)
  mk:   sel(sg && (k<=128), 2, sel(k<=2048, 1, 0));
  # mkd: sub-strategy (auto/heap/kway/bitonic/warp_heap/warp_bitonic)
  mkd:  sel(mk==2,4, sel(mk==1,1,3));
  # TopK sweeping tile
  tile: sel(log2(c)>15.0, 2048,
        sel(log2(c)>13.0, 1024,
        sel(log2(c)>12.0,  512, 256)));
  # Mid/Bottom compaction tile
  ctile: sel(tile>=1024, tile/2, tile);

  # Soft hints (gently bias the solver)
  soft(mk,   2, 0.25, sg && (k<=128));
  soft(mk,   1, 0.20, (k>128)&&(k<=2048));
  soft(tile, 2048, 0.20, log2(c)>15.0);
  soft(tile, 1024, 0.15, (log2(c)>13.0)&&(log2(c)<=15.0));
"""


def decided(family, program="", heur="", prior=0.1, problem=PROBLEM, soft=True):
    rules = read_rulebook(heur, "heur.kdsl", program)
    return deliberate(problem, family, rules.policy(problem, family.context(problem), (), soft), prior)


# -- each voice can win ------------------------------------------------------------------------------------------------


def test_softlogic_wins_where_the_prediction_is_clearly_better_than_the_table():
    decision = decided(PlainFamily({FAST: 1e-4, SLOW_TABLE: 1.2e-4}, SLOW_TABLE))
    assert (decision.winner, decision.choice, decision.predicted) == ("A", FAST, 1e-4)


def test_the_table_wins_where_the_prediction_is_about_as_good():
    # A factor of 1.05 is 0.07 in the score, less than the table's prior of 0.10.
    decision = decided(PlainFamily({FAST: 1e-4, SLOW_TABLE: 1.05e-4}, SLOW_TABLE))
    assert (decision.winner, decision.choice) == ("C", SLOW_TABLE)
    assert decided(PlainFamily({FAST: 1e-4, SLOW_TABLE: 1.05e-4}, SLOW_TABLE), prior=0.0).winner == "A"


def test_hard_rules_win_against_everything():
    """The seed's own program, as it is: k = 1024 of 65,536 columns gives mk 1, mkd 1, tile 2048 and ctile 1024."""
    decision = decided(PlainFamily({FAST: 1e-6, SLOW_TABLE: 2e-6}, SLOW_TABLE), SEED_PROGRAM)
    assert decision.winner == "B"
    chosen = decision.choice
    assert (chosen.mk, chosen.mkd, chosen.tile, chosen.ctile) == (1, 1, 2048, 1024)
    assert (chosen.wg, chosen.kl) == (FAST.wg, FAST.kl), "what is not assigned comes from the best candidate"


def test_a_soft_rule_moves_the_winner_and_is_named():
    family = PlainFamily({FAST: 1e-4, Choice(mk=1): 1.5e-4, SLOW_TABLE: 1.4e-4}, SLOW_TABLE)
    decision = decided(family, "soft(tile, 512, 9, c < 10);\nsoft(mk, 1, 1.0, k > 128);")
    assert (decision.winner, decision.choice.mk) == ("A", 1)
    assert any("mk=1 (+1, SPIRAL_HEUR_K:2:1) moved it from mk=3" in reason for reason in decision.reasons)
    assert decided(family, "soft(mk, 1, 1.0, k > 128);", soft=False).choice == FAST


def test_rules_that_move_the_winner_only_together_are_named_with_their_lead():
    """Three of 0.2 against a factor of 1.2, which is 0.263: two are still enough, one is not."""
    slower = replace(FAST, wg=64, kl=16, ch=2)
    decision = decided(
        PlainFamily({FAST: 1e-4, slower: 1.2e-4}),
        "soft(wg, 64, 0.2, true); soft(kl, 16, 0.2, true); soft(ch, 2, 0.2, true);",
    )
    assert decision.choice == slower
    lead = f"{0.6 - math.log2(1.2):.3f}"
    told = [reason for reason in decision.reasons if "together these did" in reason]
    assert len(told) == 1 and f"by {lead}: wg=64 (+0.2, SPIRAL_HEUR_K:1:1); kl=16" in told[0]


def test_soft_rules_speak_for_the_table_too():
    family = PlainFamily({FAST: 1e-4, SLOW_TABLE: 2e-4}, SLOW_TABLE, offered=(FAST,))
    decision = decided(family, "penalty_if(mk, 3, 1.0, true); soft(mk, 0, 0.5, true);")
    assert decision.winner == "C"
    assert decision.voice("C").score == pytest.approx(-math.log2(2e-4) + 0.5 + 0.1)


def test_rules_may_read_the_choice_that_they_judge():
    family = PlainFamily({FAST: 1e-4, Choice(mk=1, tile=1024): 1e-4, Choice(mk=1, tile=256): 1e-4})
    assert decided(family, "soft(tile, 256, 0.5, mk == 1);").choice == Choice(mk=1, tile=256)
    assert decided(family, "ctile: tile / 2;").choice.ctile == FAST.tile // 2


READING = {
    "mk: 1; tile: k;": (),
    SEED_PROGRAM: (),  # its rules read only what those before them have set
    "soft(mk, 1, 1, wg > 64);": ("wg",),
    "mkd: sel(mk == 3, 2, 1); mk: 3; tile: mk * kl;": ("kl", "mk"),
    "mk: mk + 1;": ("mk",),
    "soft(mk, 1, 0.1, true); soft(mkd, 1, 1, mk == 1);": ("mk",),
    "# device: another\nmk: 3;\n# device: any\nmkd: mk;": ("mk",),
}


@pytest.mark.parametrize("program", READING, ids=lambda program: repr(program)[:40])
def test_rules_are_asked_once_for_choices_that_cannot_matter(program):
    assert read_rulebook("", "heur.kdsl", program).reads == READING[program]


@given(programs(), st.sampled_from([None, "llvmpipe"]), st.data())
def test_rules_say_the_same_of_choices_that_are_equal_in_what_they_read(program, device, data):
    choices = [{name: data.draw(st.sampled_from(each.domain)) for name, each in FIELDS.items()} for _ in range(2)]
    choices[1].update((name, choices[0][name]) for name in read_fields(program.rules))
    first, second = (program.evaluate(r=8, c=4096, k=16, sg=True, device=device, choice=choice) for choice in choices)
    assert (first.hard, first.soft) == (second.hard, second.soft)


def test_assignments_of_another_family_are_not_a_voice():
    assert decided(PlainFamily({FAST: 1e-4}), "radix: 8; mode_midk: 1;").voice("B") is None


def test_what_cannot_run_is_repaired_and_the_repair_is_told():
    decision = decided(PlainFamily({FAST: 1e-4}), "wg: 100; tile: 512;")
    assert (decision.winner, decision.choice.wg, decision.choice.tile) == ("B", 256, 512)
    assert decision.repairs == ("wg 100 is no power of two: 256",)
    table = decided(PlainFamily({FAST: 1.0, replace(SLOW_TABLE, wg=256): 0.1}, replace(SLOW_TABLE, wg=96)))
    assert (table.winner, table.choice.wg, len(table.repairs)) == ("C", 256, 1)


def test_without_a_table_two_voices_are_enough():
    decision = decided(PlainFamily({FAST: 1e-4}))
    assert (decision.winner, decision.challenger) == ("A", None)
    assert "no other voice spoke" in decision.verdict


def test_where_both_agree_the_second_best_is_what_trials_compare():
    decision = decided(PlainFamily({SLOW_TABLE: 1e-4, FAST: 2e-4, Choice(mk=1): 3e-4}, SLOW_TABLE))
    assert decision.choice == SLOW_TABLE
    assert decision.challenger.choice == FAST


# -- the search is exact ----------------------------------------------------------------------------------------------

CHOICES = st.builds(
    Choice,
    mk=st.sampled_from(FIELDS["mk"].domain),
    wg=st.sampled_from((64, 128, 256)),
    tile=st.sampled_from((256, 1024)),
)
RULES = st.builds(
    SoftRule,
    field=st.sampled_from(("mk", "wg", "tile")),
    value=st.sampled_from((0, 1, 2, 3, 64, 128, 256, 1024)),
    weight=st.floats(-3, 3),
    source=st.uuids().map(str),
)


@given(st.dictionaries(CHOICES, st.floats(1e-6, 1e-3), min_size=1, max_size=12), st.lists(RULES, max_size=6))
def test_the_best_is_the_best_and_each_named_rule_moved_it(times, rules):
    def solved(active):
        candidates = [Candidate(choice, seconds) for choice, seconds in times.items()]
        return solve(candidates, [[rule for rule in active if rule.holds(choice)] for choice in times])

    def score(choice, active):
        weights = sum(rule.weight for rule in active if int(getattr(choice, rule.field)) == rule.value)
        return -math.log2(times[choice]) + weights

    solution = solved(rules)
    assert solution.score == pytest.approx(max(score(choice, rules) for choice in times))
    assert solution.score == pytest.approx(score(solution.best.choice, rules))
    for influence in solution.decisive:
        others = [rule for rule in rules if rule != influence.rule]
        assert score(influence.instead, others) >= score(solution.best.choice, others) - 1e-9
        assert influence.lead == pytest.approx(solution.score - score(influence.instead, rules))


def test_no_candidate_is_an_error():
    with pytest.raises(ArgumentError, match="at least one candidate"):
        solve([], [])


@pytest.mark.parametrize("seconds", [math.nan, 0.0, -1.0, math.inf])
def test_predictions_that_are_no_times_do_not_win_or_break(seconds):
    decision = decided(PlainFamily({FAST: 1e-4, Choice(mk=1): seconds if seconds > 0 else 1.0}))
    assert decision.choice == FAST
    assert math.isfinite(decided(PlainFamily({FAST: seconds})).voice("A").score)


# -- the transcript's line can be judged again ------------------------------------------------------------------------


@given(
    st.dictionaries(CHOICES, st.floats(1e-6, 1e-3), min_size=1, max_size=5),
    st.one_of(st.none(), CHOICES),
    st.lists(RULES, max_size=4),
    st.dictionaries(st.sampled_from(("mk", "tile")), st.integers(0, 3), max_size=2),
    st.floats(0, 1),
)
def test_a_written_decision_has_the_same_winner(times, table, rules, hard, prior):
    def policy(choice):
        return Said(hard, tuple(rule for rule in rules if rule.holds(choice)))

    decision = deliberate(PROBLEM, PlainFamily(times, table), policy, prior, notes=("a note",), time="2026-11-22")
    again = decision_of(json.loads(json.dumps(decision.record())))
    assert again == decision
    assert (again.winner, again.choice) == (decision.winner, decision.choice)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rows", 0),
        ("kind", ["topk"]),
        ("voices", []),
        ("voices", [{"name": "D"}]),
        ("voices", None),
        ("challenger", {"name": "A", "choice": {"no such field": 1}}),
        ("wilson", {"wins": 1}),
        ("notes", None),
    ],
)
def test_a_line_that_is_no_decision_is_refused(key, value):
    record = decided(PlainFamily({FAST: 1e-4}, SLOW_TABLE)).record()
    with pytest.raises(FileFormatError, match="not a decision"):
        decision_of({**record, key: value})


@pytest.mark.parametrize(("field", "value"), [("seconds", 10**400), ("seconds", "x"), ("choice", {"mk": math.inf})])
def test_a_voice_with_impossible_numbers_is_refused(field, value):
    record = decided(PlainFamily({FAST: 1e-4}, SLOW_TABLE)).record()
    voice = {**record["voices"][0], field: value}
    with pytest.raises(FileFormatError, match="not a decision"):
        decision_of({**record, "voices": [voice]})


def test_problems_name_what_is_wrong_with_them():
    for wrong in ({"kind": "best"}, {"rows": 0}, {"cols": 1.5}, {"k": -1}):
        with pytest.raises(ArgumentError):
            Problem(**{"kind": "topk", "rows": 1, "cols": 1, "k": 1, "device": DEVICE, **wrong})
