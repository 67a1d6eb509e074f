"""The three voices on Rank-K as it is: real candidates, real predictions, real tables, the seed's own program."""

from __future__ import annotations

import json

import pytest

from spiraltorch_web.kernels.rankk import Merge, RankKind
from spiraltorch_web.roundtable import Problem, RankFamily, current, decide
from spiraltorch_web.tuning import DeviceCaps, TunerTable
from tests.roundtable.test_consensus import SEED_PROGRAM

CARD = DeviceCaps.wgpu(lane=32, subgroups=True, max_workgroup=1024).with_shared_mem(48 * 1024)
PLAIN = DeviceCaps.wgpu(lane=32, subgroups=False, max_workgroup=256)
SORTS = '[{"rows": 1, "cols_min": 1, "cols_max": 2147483647, "k_max": 2147483647, "mk": 0}]'


@pytest.fixture(autouse=True)
def own_files(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIRAL_HEUR_FILE", str(tmp_path / "heur.kdsl"))
    monkeypatch.setenv("SPIRAL_LOG_FILE", str(tmp_path / "roundtable.log"))


def test_softlogic_wins_over_a_table_that_sorts_everything():
    decision = decide(RankKind.TOPK, 8, 65_536, 64, CARD, table=TunerTable.from_json_str(SORTS))
    assert decision.winner == "A"
    assert decision.choice.mk != Merge.BITONIC and decision.voice("C").choice.mk == Merge.BITONIC


def measured_table(problem: Problem, times: dict) -> TunerTable:
    """A table whose record is the second of the measured choices; `times` are microseconds."""
    choices = [{name: int(value) for name, value in vars(choice).items()} for choice in times]
    cell = {"kind": problem.kind, "rows": problem.rows, "cols": problem.cols, "k": problem.k}
    parts = {
        "schema": 1,
        "records": [{"rows": 1, "cols_min": 1, "cols_max": 1 << 24, "k_max": 1 << 24, **choices[1]}],
        "choices": choices,
        "cells": [cell | {"us": list(enumerate(times.values()))}],
    }
    return TunerTable.from_json_str(json.dumps(parts))


def test_the_table_wins_within_its_prior():
    """Its record, which serves many shapes, was measured 3 % slower here than the best choice."""
    problem = Problem("topk", 8, 65_536, 64, CARD.device_class)
    best, record, *others = RankFamily(RankKind.TOPK, CARD, TunerTable()).candidates(problem)
    table = measured_table(problem, {best: 100.0, record: 103.0, **dict.fromkeys(others, 200.0)})
    decision = decide(RankKind.TOPK, 8, 65_536, 64, CARD, table=table)
    assert (decision.winner, decision.choice, decision.voice("A").choice) == ("C", record, best)
    assert (decision.voice("A").seconds, decision.voice("C").seconds) == pytest.approx((100e-6, 103e-6))


def test_the_seeds_program_decides_and_its_repairs_are_told(monkeypatch):
    monkeypatch.setenv("SPIRAL_HEUR_K", SEED_PROGRAM)
    on_card = decide(RankKind.TOPK, 1024, 512, 64, CARD)
    assert (on_card.winner, on_card.choice.mk, on_card.choice.mkd) == ("B", Merge.WARP, 4)
    without_subgroups = decide(RankKind.TOPK, 1024, 512, 64, PLAIN)
    assert (without_subgroups.winner, without_subgroups.choice.mk) == ("B", Merge.SHARED)
    too_wide = decide(RankKind.TOPK, 1024, 1 << 20, 64, CARD)
    assert too_wide.winner == "B" and too_wide.choice.mk != Merge.WARP
    assert any("mk = 2 (warp) is not possible" in reason for reason in too_wide.repairs)
    (line,) = [record for record in current().transcript.read().records if record["cols"] == 1 << 20]
    assert line["voices"][1]["repairs"] == list(too_wide.repairs)


def test_soft_rules_of_the_seed_bias_the_search(monkeypatch):
    soft_only = "\n".join(line for line in SEED_PROGRAM.split("\n") if "soft(" in line)
    before = decide(RankKind.TOPK, 1024, 1000, 512, CARD)
    monkeypatch.setenv("SPIRAL_HEUR_K", soft_only.replace("0.20", "9"))
    after = decide(RankKind.TOPK, 1024, 1000, 512, CARD)
    assert after.voice("B") is None and after.choice.mk == Merge.SHARED
    assert {rule.value for rule in after.winning.rules if rule.field == "mk"} == {1}
    monkeypatch.setenv("SPIRAL_HEUR_SOFT", "0")
    assert decide(RankKind.TOPK, 1024, 1000, 512, CARD).choice == before.choice


@pytest.mark.parametrize("kind", RankKind)
@pytest.mark.parametrize("caps", [CARD, PLAIN, DeviceCaps.cpu()], ids=["card", "plain", "cpu"])
def test_every_shape_has_a_decision_that_runs(kind, caps):
    for rows, cols, k in ((1, 1, 1), (1, 3, 3), (4096, 100, 7), (2, 5000, 5000), (8, 65_536, 1024), (1, 1 << 22, 8)):
        decision = decide(kind, rows, cols, k, caps)
        problem = Problem(kind.name.lower(), rows, cols, k, caps.device_class)
        assert RankFamily(kind, caps, TunerTable()).repair(problem, decision.choice) == (decision.choice, ())
