"""Tuning runs end to end on a software adapter: measured, checked, fitted, judged, interrupted and taken up again."""

from __future__ import annotations

import json

import pytest

from spiraltorch_web.cli.main import main
from spiraltorch_web.errors import DeviceError
from spiraltorch_web.kernels.rankk import default_choice, legal_choices
from spiraltorch_web.kernels.rankk.choice import Choice, Merge, RankKind
from spiraltorch_web.kernels.rankk.problem import RankProblem
from spiraltorch_web.rankk import plan_rank, planner
from spiraltorch_web.runtime.session import session
from spiraltorch_web.tuning import DeviceCaps, TunerTable, tuner
from spiraltorch_web.tuning import measure as measuring
from spiraltorch_web.tuning.grid import Grid
from spiraltorch_web.tuning.inputs import matrix
from spiraltorch_web.tuning.journal import Journal
from spiraltorch_web.tuning.loading import Loaded, builtin_table
from spiraltorch_web.tuning.measure import Contest
from spiraltorch_web.tuning.tuner import Finished, Measured, Started, tune
from tests.support.adapters import note_adapter
from tests.support.sessions import opened

GRID = Grid((1, 8), (40, 160), (3,), 1 << 12)


@pytest.fixture
def adapter(request, monkeypatch):
    """A software adapter as the session's device; two choices a problem, since compiling is what takes long there."""
    chosen = opened("webgpu:software")
    note_adapter(request.node, f"{chosen.info.adapter} ({chosen.info.backend})")
    session().use_device(chosen)
    monkeypatch.setattr(tuner, "legal_choices", two_choices)
    monkeypatch.setattr(tuner, "CONSTANTS", 1)
    yield DeviceCaps.of(chosen.info)
    session().use_device(opened("cpu"))


def two_choices(*sizes) -> tuple[Choice, ...]:
    """One that holds rows, and the one that sorts them."""
    held = next(choice for choice in legal_choices(*sizes) if choice.mk == Merge.SHARED)
    return held, legal_choices(*sizes)[-1]


def test_a_run_measures_fits_and_judges_and_an_interrupted_one_goes_on(adapter, tmp_path):
    path = tmp_path / "run.journal"
    events = tune(GRID, Journal(path, adapter.device_class, "1"), seconds=300, rounds=1)
    started = next(events)
    assert isinstance(started, Started) and started.known == 0
    first = [next(events) for _ in range(3)]
    events.close()  # as Stop does

    again = list(tune(GRID, Journal(path, adapter.device_class, "1"), seconds=300, rounds=1, date="2026-11-23"))
    assert again[0].known == 3 and again[0].facts == started.facts
    measured = [event for event in again if isinstance(event, Measured)]
    problems = {event.cell.problem for event in (*first, *measured)}
    assert len(problems) == started.problems == 3 + len(measured)
    assert problems >= set(GRID.problems())

    finished = again[-1]
    assert isinstance(finished, Finished) and finished.complete
    assert finished.chooser.cells == len(GRID.between()) and finished.chooser.mean >= 1
    assert finished.always and all(regret.cells == len(GRID.between()) for regret in finished.always)
    table = TunerTable.from_json_str(finished.table.to_json())
    assert table.provenance.device_classes == (adapter.device_class,) and table.provenance.date == "2026-11-23"
    assert len(table.cells) == len(GRID.problems())
    for cell in table.cells:
        p = cell.problem
        assert table.lookup(p.rows, p.cols, p.k, adapter.subgroups, p.kind) is not None
    problem = GRID.problems()[0]
    planner().use_table(finished.table.to_json())
    plan = plan_rank(problem.kind, problem.rows, problem.cols, problem.k)
    assert plan.predicted * 1e6 == pytest.approx(table.cells.near(problem)[0][1].best()[1], rel=0.2)
    planner().forget()


def test_an_earlier_table_tells_what_is_worth_trying(adapter, monkeypatch):
    first = list(tune(GRID, Journal(None, adapter.device_class, "1"), seconds=300, rounds=1))[-1].table
    monkeypatch.setattr(tuner, "load_table", lambda caps: Loaded(first, "earlier"))
    monkeypatch.setattr(tuner, "KNOWN_ENOUGH", len(first.cells))
    monkeypatch.setattr(tuner, "MOST_PROMISING", 1)
    monkeypatch.setattr(tuner, "HOPE", 1.0)
    again = list(tune(GRID, Journal(None, adapter.device_class, "1"), seconds=300, rounds=1))[-1].table
    for cell in again.cells:
        earlier = first.cells.near(cell.problem)[0][1]
        assert list(cell.microseconds) == [earlier.best()[0]]


def test_what_is_predicted_to_be_slow_is_not_tried_once_enough_is_known(adapter, monkeypatch):
    monkeypatch.setattr(tuner, "load_table", lambda caps: Loaded(builtin_table(), "no table yet"))
    monkeypatch.setattr(tuner, "KNOWN_ENOUGH", 3)
    monkeypatch.setattr(tuner, "MOST_PROMISING", 1)
    monkeypatch.setattr(tuner, "HOPE", 1.0)
    journal = Journal(None, adapter.device_class, "1")
    *_, finished = tune(GRID, journal, seconds=300, rounds=1)
    tried = [len(journal.cells[problem].microseconds) for problem in GRID.problems()]
    assert sorted(tried) == [1] * (len(tried) - 3) + [2] * 3
    assert all(len(cell.microseconds) > 1 for cell in finished.judged)  # those are measured in full


def test_time_that_is_too_short_for_anything_is_an_error(adapter):
    with pytest.raises(DeviceError, match="not enough to measure a single problem"):
        list(tune(GRID, Journal(None, adapter.device_class, "1"), seconds=0))


def test_a_family_that_was_wrong_once_is_left_out_of_the_whole_table(adapter, monkeypatch, tmp_path):
    calls = []

    def wrong_third(kind, x, values, indices):
        calls.append(kind)
        return int(len(calls) == 9)

    monkeypatch.setattr(measuring, "wrong_rows", wrong_third)
    path = tmp_path / "run.journal"
    *events, finished = list(tune(GRID, Journal(path, adapter.device_class, "1"), seconds=300, rounds=1))
    ((family, fault),) = Journal(path, adapter.device_class, "1").distrusted.items()
    assert "rows are wrong for" in fault and finished.distrusted == (fault,)
    assert [fault for event in events if isinstance(event, Measured) for fault in event.left_out]
    left = [choice for cell in finished.table.cells for choice in cell.microseconds]
    assert left and family not in {(choice.mk, choice.mkd) for choice in left}
    assert family not in {(record.assigns["mk"], record.assigns["mkd"]) for record in finished.table}


def test_a_device_that_gets_everything_wrong_has_no_table(adapter, monkeypatch):
    monkeypatch.setattr(measuring, "wrong_rows", lambda kind, x, values, indices: 1)
    with pytest.raises(DeviceError, match="no choice solves .* 1 of .* rows are wrong for normal entries"):
        list(tune(GRID, Journal(None, adapter.device_class, "1"), seconds=60))


def test_what_a_run_does_not_write_is_poison_and_counts_as_wrong(adapter, monkeypatch):
    problem = RankProblem(RankKind.TOPK, 8, 40, 3)
    with Contest(problem, matrix("normal", 8, 40)) as contest:
        entrant = contest.enter(default_choice(problem, adapter.limits))
        assert contest.wrong(entrant) == 0
        monkeypatch.setattr(contest.device, "submit", lambda number, handles: None)
        values, indices = contest.run(entrant)
        monkeypatch.undo()
        assert set(indices.numpy().view("uint32").reshape(-1).tolist()) == {0x7FF0A55A}
        assert measuring.wrong_rows(problem.kind, contest.matrix, values, indices) == 8


def test_the_cpu_has_no_launches_to_compare():
    session().use_device(opened("cpu"))
    with pytest.raises(DeviceError, match="no launches to compare"):
        Contest(RankProblem(RankKind.TOPK, 2, 4, 1), matrix("normal", 2, 4))


def test_tune_writes_the_table_that_plans_are_made_by(adapter, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("spiraltorch_web.cli.tune.grid_named", lambda name, caps: GRID)
    folder = tmp_path / "tables"
    command = ["tune", "--device", "webgpu:software", "--seconds", "300", "--rounds", "1", "--out", str(folder)]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "the table: mean regret" in said and "always the same" in said and "plans by it: mean regret" in said
    path = folder / f"{adapter.device_class}.json"
    assert TunerTable.from_json_str(path.read_text()).provenance.adapter == adapter.adapter
    assert not path.with_suffix(".journal").exists()
    monkeypatch.setenv("SPIRAL_TUNER_TABLES", str(folder))
    planner().forget()
    assert f"table: {path}" in plan_rank(RankKind.TOPK, 8, 160, 3).reasons
    planner().forget()


def test_tune_on_the_cpu_is_refused(capsys):
    assert main(["tune", "--device", "cpu"]) == 1
    assert "nothing to choose" in capsys.readouterr().err


def test_plan_explains_measures_and_prints_json(adapter, capsys):
    sizes = ["--rows", "8", "--cols", "160", "--k", "3", "--device", "webgpu:software"]
    assert main(["plan", "topk", *sizes, "--explain"]) == 0
    said = capsys.readouterr().out
    assert "topk 8 × 160, k 3 on vulkan-" in said and "because" in said and "predicted" in said and "\n* " in said
    assert main(["plan", "midk", "--rows", "8", "--cols", "65536", "--k", "3", "--device", "cuda", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["device_class"] == "cuda-sg32-48k-1024" and record["alternatives"]
    assert main(["plan", "topk", "--rows", "8", "--cols", "5", "--k", "6"]) == 1
    assert "from 1 to cols = 5" in capsys.readouterr().err
