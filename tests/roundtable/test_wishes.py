"""Soft rules reach every launch that the device can run, not only those that are offered without them."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from spiraltorch_web.config import RoundtableSettings
from spiraltorch_web.kernels.rankk import Merge, RankKind
from spiraltorch_web.kernels.rankk.choice import FIELDS, Choice
from spiraltorch_web.roundtable import Decision, Problem, RankFamily, Roundtable, deliberate
from spiraltorch_web.roundtable.policy import read_rulebook
from spiraltorch_web.roundtable.softlogic import base_score
from spiraltorch_web.roundtable.wishes import TRIED_MOST
from spiraltorch_web.tuning import DeviceCaps, TunerTable
from tests.roundtable.inputs import FAST, PROBLEM, SLOW_TABLE, WRONG
from tests.roundtable.test_consensus import SEED_PROGRAM

CARD = DeviceCaps.wgpu(lane=32, subgroups=True, max_workgroup=1024).with_shared_mem(48 * 1024)
WIDE = Problem("topk", 1024, 65_536, 64, CARD.device_class)
NARROW = Problem("topk", 64, 900, 10, CARD.device_class)


def decided(program: str, problem: Problem = WIDE, family: Any = None, heur: str = "", soft: bool = True) -> Decision:
    family = family or RankFamily(RankKind[problem.kind.upper()], CARD, TunerTable())
    rules = read_rulebook(heur, "heur.kdsl", program)
    return deliberate(problem, family, rules.policy(problem, family.context(problem), (), soft), 0.1)


DEFAULT = decided("").choice
OFFERED = {choice.tile for choice in RankFamily(RankKind.TOPK, CARD, TunerTable()).candidates(WIDE)}
# A tile that no candidate has and the device runs; the roofline sees no difference between it and its neighbours.
FREE = next(tile for tile in (2048, 1024, 512) if tile not in OFFERED)


def test_the_seeds_hint_for_a_tile_is_followed():
    hints = "\n".join(line for line in SEED_PROGRAM.split("\n") if "soft(" in line)
    assert DEFAULT.tile != 2048
    decision = decided(hints)
    assert decision.choice == replace(DEFAULT, tile=2048)
    assert any("tile=2048 (+0.2, SPIRAL_HEUR_K:" in reason for reason in decision.reasons)
    assert decided(hints, soft=False).choice == DEFAULT


def test_a_penalty_makes_room_for_the_values_beside_it():
    tile = DEFAULT.tile
    assert decided(f"penalty_if(tile, {tile}, 1, true);").choice.tile in (tile // 2, 2 * tile)


def test_wishes_are_combined():
    chosen = decided("soft(kl, 4, 5, true); soft(wg, 512, 5, true); soft(use_2ce, 0, 5, true);").choice
    assert (chosen.wg, chosen.kl, chosen.use_2ce, chosen.ch) == (512, 4, False, 1)


def test_a_wish_that_nothing_fulfils_is_told():
    decision = decided("soft(wg, 32, 5, true); soft(tile, 64, 1, false);")
    assert decision.choice == DEFAULT
    told = [reason for reason in decision.reasons if "fulfils" in reason]
    assert told == ["no launch that runs here fulfils wg=32 (+5, SPIRAL_HEUR_K:1:1)"]


def test_a_wish_brings_no_kernel_that_the_family_does_not_offer():
    """Subgroups are offered where a table vouches for them."""
    decision = decided("soft(mk, 2, 9, true);", NARROW)
    assert decision.choice.mk != Merge.WARP
    assert any("fulfils mk=2" in reason for reason in decision.reasons)


def test_a_guess_is_not_what_wins():
    """A launch that nobody measured is not taken to be faster than the one it comes from, whatever is predicted."""
    times = {FAST: 1e-4, replace(FAST, tile=512): 1e-6}
    family = replace(WRONG, times=times, table=None, offered=(FAST,))
    decision = decided("soft(tile, 512, 0.1, true);", PROBLEM, family)
    assert (decision.choice.tile, decision.predicted) == (512, 1e-4)
    assert "as with tile=4096" in decision.reasons[1]
    assert decided("soft(tile, 512, 0.1, true); soft(tile, 4096, 0.2, true);", PROBLEM, family).choice == FAST


def test_learnt_rules_mix_no_launches_that_were_measured_one_by_one():
    bucket = "kind == 0 && floor(log2(c)) == 16 && kc == 6"
    rules = (f"soft({wish}, 0.3, {bucket});  # learnt 2026-11-22T00:00:00Z 8/8\n" for wish in ("ch, 16", "ctile, 2048"))
    learnt = f"# device: {CARD.device_class}\n{''.join(rules)}"
    offered = RankFamily(RankKind.TOPK, CARD, TunerTable()).candidates(WIDE)
    assert not any(choice.ch == 16 and choice.ctile == 2048 for choice in offered)
    assert decided("", heur=learnt).choice in offered
    new = learnt.replace("soft(ctile, 2048,", f"soft(tile, {FREE},")
    assert decided("", heur=new).choice.tile == FREE, "a value that no candidate has was learnt elsewhere"


# -- the search is exact -----------------------------------------------------------------------------------------------

WISHED = {"tile": (1024, 2048, 4096), "wg": (64, 256, 512), "kl": (4, 8, 16), "ch": (1, 2, 8), "mkd": (1, 2, 3)}
RULES = st.lists(
    st.sampled_from([(name, value) for name, values in WISHED.items() for value in values]).flatmap(
        lambda pair: st.tuples(st.sampled_from(["soft", "penalty_if"]), st.just(pair), st.sampled_from([0.1, 0.5, 3]))
    ),
    min_size=1,
    max_size=3,
)
PROBLEMS = st.builds(
    Problem,
    st.sampled_from(["topk", "midk", "bottomk"]),
    st.sampled_from([1, 100]),
    st.sampled_from([300, 5000, 100_000]),
    st.sampled_from([1, 77]),
    st.just(CARD.device_class),
)


@settings(max_examples=40)
@given(RULES, PROBLEMS)
@example(
    [("soft", ("tile", 1024), 0.1), ("penalty_if", ("mkd", 2), 3)], Problem("midk", 100, 100_000, 1, CARD.device_class)
)
def test_no_legal_launch_scores_more(rules, problem):
    """By force: each candidate with every value of the fields that rules are for, as far as it runs as it stands."""
    family = RankFamily(RankKind[problem.kind.upper()], CARD, TunerTable())
    program = "".join(f"{hint}({name}, {value}, {weight}, true);" for hint, (name, value), weight in rules)
    wanted = {name: {value for _, (of, value), _ in rules if of == name} for _, (name, _), _ in rules}

    def weight_of(choice: Choice) -> float:
        signed = ((weight if hint == "soft" else -weight, pair) for hint, pair, weight in rules)
        return sum(weight for weight, (name, value) in signed if int(getattr(choice, name)) == value)

    best = -1e9
    for parent in family.candidates(problem):
        sides = [{int(getattr(parent, name)), *values} for name, values in wanted.items()]
        for combination in product(*sides):
            choice = replace(parent, **dict(zip(wanted, combination, strict=True)))
            if family.repair(problem, choice) == (choice, ()):
                seconds = max(family.predict(problem, each).seconds for each in (choice, parent))
                best = max(best, base_score(seconds) + weight_of(choice))
    assert decided(program, problem, family).voice("A").score >= best - 1e-9


def _table_of(choice: Choice) -> TunerTable:
    """One that says the same everywhere."""
    everywhere = {"rows": 1, "cols_min": 1, "cols_max": 1 << 24, "k_max": 1 << 24}
    record = {name: int(value) for name, value in vars(choice).items()}
    return TunerTable.from_json_str(json.dumps([everywhere | record]))


TABLES_TRIED = 8  # until one of them decides


@settings(max_examples=25)
@given(RULES, PROBLEMS, st.integers(0, 3))
@example(
    [("penalty_if", ("wg", 512), 0.1), ("penalty_if", ("mkd", 3), 0.1)],
    Problem("topk", 1, 5000, 1, CARD.device_class),
    2,
)
def test_a_lesson_about_a_launch_that_was_wished_for_is_followed(rules, problem, pick):
    """The challenger may be such a launch; what trials teach makes it win, with the same wishes in force."""
    plain = RankFamily(RankKind[problem.kind.upper()], CARD, TunerTable())
    offered = plain.candidates(problem)
    program = "".join(f"{hint}({name}, {value}, {weight}, true);" for hint, (name, value), weight in rules)
    own = RoundtableSettings(program=program, measure=True)
    with warnings.catch_warnings(action="ignore"):
        for turn in range(TABLES_TRIED):
            family = replace(plain, table=_table_of(offered[(pick + turn) % len(offered)]))
            before = Roundtable(own).decide(problem, family)
            # A lesson weighs 8 at most.
            if can_be_taught := before.winner == "C" and before.voice("C").score - before.challenger.score < 7.9:
                break
        assume(can_be_taught)
        after = Roundtable(own).decide(problem, family, lambda a, c: ((1e-4, 2e-4) for _ in range(8)))
    assert after.choice == before.challenger.choice
    assert after.winner == "A"


@dataclass(frozen=True)
class Counting(RankFamily):
    """Counts what it is asked."""

    asked: Counter = field(default_factory=Counter, hash=False)

    def repair(self, problem, choice):
        self.asked["repair"] += 1
        return super().repair(problem, choice)


def test_a_program_full_of_wishes_tries_so_many_launches_and_no_more():
    family = Counting(RankKind.TOPK, CARD, TunerTable())
    everything = "".join(
        f"soft({name}, {int(value)}, 0.5, true);" for name, each in FIELDS.items() for value in each.domain
    )
    decided(everything * 10, WIDE, family)
    assert 0 < family.asked["repair"] <= TRIED_MOST


def test_what_was_wished_for_is_written_down(tmp_path):
    decision = decided("soft(tile, 2048, 5, true);")
    record = json.loads(json.dumps(decision.record()))
    assert record["choice"]["tile"] == 2048
    assert record["voices"][0]["rules"][0]["source"] == "SPIRAL_HEUR_K:1:1"


def test_hard_rules_are_filled_up_with_what_soft_ones_wish_for():
    decision = decided("mk: 3; soft(tile, 2048, 5, true);")
    assert (decision.winner, decision.choice.tile) == ("B", 2048)


def test_a_table_is_not_outvoted_by_wishes_of_no_weight():
    assert decided("soft(tile, 2048, 0, true);").choice == DEFAULT
    assert decided("soft(mk, 3, 0.01, true);", PROBLEM, WRONG).choice == SLOW_TABLE


@pytest.mark.parametrize("rule", [f"{FREE}, 1, wg == {DEFAULT.wg}", f"kl * {FREE // DEFAULT.kl}, 1, true"])
def test_rules_that_read_the_launch_may_wish_for_another(rule):
    assert decided(f"soft(tile, {rule});").choice == replace(DEFAULT, tile=FREE)
