"""The Rank-K benchmark's own machinery: shapes, forced choices, what it prints and how it judges the chooser."""

from __future__ import annotations

import json

import pytest

from spiraltorch_web.kernels.rankk.choice import Choice, Merge, RankKind
from spiraltorch_web.kernels.rankk.problem import RankProblem
from spiraltorch_web.runtime.session import session
from spiraltorch_web.tuning.caps import DeviceCaps
from spiraltorch_web.tuning.grid import grid_named
from spiraltorch_web.tuning.records import Cell
from spiraltorch_web.tuning.table import TunerTable
from tests.bench import rankk, rankk_cells
from tests.bench.rankk_shapes import HELD_OUT, TABLE, shapes_named


def result(origin: str, microseconds: float, torch: float | None = None, rows: int = 8) -> rankk.Result:
    return rankk.Result("TOPK", rows, 64, 4, vars(Choice()), origin, microseconds, 0.1, 9, 1, 0, 1.0, torch)


def test_shapes_are_named_or_spelt_out():
    assert len(shapes_named("table", list(RankKind), False)) == 39 == 3 * len(TABLE)
    (only,) = shapes_named("8x65536x1024", [RankKind.MIDK], False)
    assert (only.kind, only.rows, only.cols, only.k) == (RankKind.MIDK, 8, 65536, 1024)
    for name in ("table", "heldout"):
        assert 1 <= max(p.rows * p.cols for p in shapes_named(name, [RankKind.TOPK], True)) < 1 << 21


def test_no_table_was_fitted_on_the_held_out_shapes():
    grid = {(p.rows, p.cols, p.k) for p in grid_named("full", DeviceCaps.cuda()).problems()}
    assert not grid & set(HELD_OUT)


def test_forced_choices_are_spelt_by_their_fields():
    assert rankk.forced("mk=1,wg=512,use_2ce=1") == Choice(mk=1, wg=512, use_2ce=True)
    assert rankk.shown(rankk.forced("mk=1,wg=512")) == "mk=1,wg=512"
    with pytest.raises(SystemExit, match="no field 'warps'"):
        rankk.forced("warps=2")


def test_the_summary_compares_with_torch_and_with_the_best_choice():
    lines = rankk.summary([result("auto", 12.0, 40.0), result("all", 10.0, 40.0), result("auto", 5.0, 50.0, rows=9)])
    assert lines[0] == "chosen: geometric mean 5.77 x torch.topk over 2 shapes, least 3.33 x"
    assert lines[-1] == "chooser: mean regret 1.100, worst 1.200"
    assert "WRONG in 2 rows" in rankk.line(rankk.Result(**{**vars(result("all", 1.0)), "wrong_rows": 2}))


def test_it_runs_checks_and_writes_on_a_software_adapter(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(session(), "_device", None)  # other tests get their device back
    words = ["--shapes", "16x100x5", "--kinds", "mid", "--choice", "mk=1,wg=64;mk=0", "--rounds", "1"]
    assert rankk.main([*words, "--device", "webgpu:software", "--out", str(tmp_path)]) == 0
    assert "MIDK" in capsys.readouterr().out
    document = json.loads((tmp_path / "rankk.json").read_text())
    assert [row["wrong_rows"] for row in document["results"]] == [0, 0]
    assert document["facts"]["read_bytes_per_second"] > 0 and document["adapter"]


def test_cells_are_measured_anew_beside_the_best_known_and_keep_their_slow_choices(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(session(), "_device", None)  # other tests get their device back
    known, other = RankProblem(RankKind.TOPK, 8, 100, 5), RankProblem(RankKind.TOPK, 8, 2000, 5)
    fast, slow = Choice(mk=Merge.SHARED, mkd=1, wg=64, kl=2, ctile=64), Choice(mk=Merge.BITONIC, mkd=3)
    cells = [Cell(problem, {fast: 10.0, slow: 1000.0}) for problem in (known, other)]
    path = tmp_path / "one.json"
    path.write_text(TunerTable((), cells).to_json())
    words = [
        "--merges",
        "lane",
        "--kinds",
        "top",
        "--cols",
        ":100",
        "--problems",
        "8x90x7",
        "--out",
        str(tmp_path / "new"),
    ]
    assert rankk_cells.main([str(path), *words, "--device", "webgpu:software"]) == 0
    assert "2 cells measured, 3 in all" in capsys.readouterr().out
    found = {
        cell.problem: cell for cell in TunerTable.from_json_str((tmp_path / "new/one.json").read_text()).cells.cells
    }
    assert found.keys() == {known, other, RankProblem(RankKind.TOPK, 8, 90, 7)}
    assert found[other] == cells[1]
    assert {choice.mk for choice in found[known].microseconds} == {Merge.SHARED, Merge.BITONIC, Merge.LANE}
    assert found[known].microseconds[slow] == 1000.0
    assert len((tmp_path / "new/one.journal").read_text().splitlines()) == 4
