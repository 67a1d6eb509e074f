"""The Rank-K benchmark's own machinery: shapes, forced choices, what it prints and how it judges the chooser."""

from __future__ import annotations

import json

import pytest

from spiraltorch_web.kernels.rankk.choice import Choice, RankKind
from spiraltorch_web.runtime.session import session
from spiraltorch_web.tuning.caps import DeviceCaps
from spiraltorch_web.tuning.grid import grid_named
from tests.bench import rankk
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
