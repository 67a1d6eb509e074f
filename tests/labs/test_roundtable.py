"""Facts of the roundtable's view: previews agree with decisions, nothing is overwritten, files are read with care."""

from __future__ import annotations

import json

import pytest

from spiraltorch_web import roundtable as table
from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.labs import roundtable
from spiraltorch_web.rankk import RankKind, plan_rank, planner
from tests.labs.devices import on
from tests.roundtable.inputs import PROBLEM, WRONG

HARD = "mk: sel(c > 500, 1, 0);\n"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A policy and a transcript of this test alone, on a device that launches."""
    monkeypatch.setenv("SPIRAL_HEUR_FILE", str(tmp_path / "heur.kdsl"))
    monkeypatch.setenv("SPIRAL_LOG_FILE", str(tmp_path / "roundtable.log"))
    monkeypatch.setenv("SPIRAL_MEASURE", "0")
    with on("webgpu:software"):
        planner().forget()
        yield tmp_path
    planner().forget()


def test_survey_and_preview_are_what_will_be_decided_once_the_policy_is_saved(files):
    rows, cols = [1, 64], [64, 1024, 16_384]
    found = roundtable.survey("topk", 100, rows, cols, HARD)["cells"]
    assert found[0][0] is None, "k does not fit"
    seen = roundtable.preview("topk", 64, 1024, 100, HARD)
    roundtable.save(HARD, "")
    for row, line in zip(rows, found, strict=True):
        for col, cell in zip(cols[1:], line[1:], strict=True):
            plan = plan_rank(RankKind.TOPK, row, col, 100)
            assert (cell["winner"], cell["mk"], cell["wg"]) == (plan.winner, plan.choice.mk, plan.choice.wg)
    kept = [record for record in roundtable.state()["records"] if (record["rows"], record["cols"]) == (64, 1024)]
    assert {**kept[0], "time": ""} == seen


def test_policy_that_is_not_saved_changes_nothing(files):
    before = plan_rank(RankKind.TOPK, 3, 900, 7).choice
    roundtable.survey("topk", 7, [3], [900], HARD)
    planner().forget()
    assert plan_rank(RankKind.TOPK, 3, 900, 7).choice == before and roundtable.state()["text"] == ""


def test_findings_name_line_column_and_what_may_be_meant():
    found = roundtable.check("mk: 1;\nfoo(2;\nsoft(mkk, 2, 0.25, k <= 128);\n")
    assert [(each["level"], each["line"]) for each in found] == [("error", 2), ("error", 3)]
    assert "mkk" in found[1]["message"] and found[1]["suggestion"] == "Did you mean mk?"
    assert roundtable.check("") == []
    mixed = roundtable.check("soft(mkk, 2, 0.25, true);\nfoo(2;\n")
    assert [each["line"] for each in mixed] == [1, 2], "as they stand in the text"


def test_policy_that_has_changed_meanwhile_is_not_overwritten(files):
    table.current().memory.replace("mk: 2;\n")
    with pytest.raises(ArgumentError, match="has changed since this text was opened"):
        roundtable.save(HARD, "")
    assert roundtable.save(HARD, "mk: 2;\n")["text"] == HARD


def test_import_takes_records_once_and_leaves_out_what_is_none(files):
    plan_rank(RankKind.TOPK, 3, 900, 7)
    text = roundtable.log()["text"]
    record = json.loads(text)
    other = json.dumps({**record, "rows": 77})
    found = roundtable.import_log(f'{text}{other}\n{other}\n{{"event": "decision"}}\n[]\nnonsense\n{"[" * 100_000}\n')
    assert (found["taken"], found["refused"]) == (1, 4)
    assert [each["rows"] for each in found["records"]] == [3, 77]
    with pytest.raises(ArgumentError, match="a transcript has at most"):
        roundtable.import_log(" " * 5_000_000)


def damaged(record):
    """Lines that are JSON and name an event, but cannot be shown as what they claim to be."""
    yield {}
    yield {"event": "lesson"}
    yield {"event": "lesson", "time": "x", "rules": [{"rule": 1}], "wilson": {"wins": 1, "trials": 1}}
    yield {"event": "undo", "time": 7, "rules": []}
    yield {"event": "trial", "time": "x", "wilson": {"wins": 1, "trials": 1}}
    trial = {name: record[name] for name in ("kind", "rows", "cols", "k", "device")} | {"event": "trial", "time": "x"}
    yield {**trial, "pair": "mk=1:0", "seconds": [1], "wilson": {"wins": 1, "trials": 1}}
    yield {**trial, "pair": "mk=1:0", "seconds": [1, 2], "wilson": {"wins": 2, "trials": 1}}
    yield {**record, "time": None}
    yield {**record, "voices": [{**record["voices"][0], "prior": float("nan")}]}
    yield {**record, "voices": [{**record["voices"][0], "seconds": 10**400}]}
    yield {"event": "something new", "time": "x"}


def test_records_that_are_damaged_reach_no_view(files):
    """Neither from a file that is imported nor from the transcript itself; what is shown can be shown."""
    plan_rank(RankKind.TOPK, 3, 900, 7)
    (record,) = roundtable.state()["records"]
    lines = [json.dumps(each) for each in damaged(record)]
    found = roundtable.import_log("".join(f"{line}\n" for line in lines))
    assert (found["taken"], found["refused"]) == (0, len(lines))
    with open(files / "roundtable.log", "a") as log:
        log.writelines(f"{line}\n" for line in lines)
    assert roundtable.state()["records"] == [record]


def test_a_decision_without_its_scores_is_shown_with_them(files):
    """They follow from the rest of the record."""
    plan_rank(RankKind.TOPK, 3, 900, 7)
    (record,) = roundtable.state()["records"]
    voices = [{name: value for name, value in voice.items() if name != "score"} for voice in record["voices"]]
    found = roundtable.import_log(json.dumps({**record, "rows": 77, "voices": voices}))
    assert found["records"][-1] == {**record, "rows": 77}


def test_trials_lessons_and_undos_are_shown_and_imported(files):
    with_trials = table.current()
    decision = with_trials.decide(PROBLEM, WRONG)
    for _ in range(8):
        with_trials.record_trial(decision, 1e-4, 2e-4)
    with_trials.undo()
    records = roundtable.state()["records"]
    assert [record["event"] for record in records] == ["decision", *["trial"] * 8, "lesson", "undo"]
    text = roundtable.log()["text"]
    (files / "roundtable.log").unlink()
    assert roundtable.import_log(text)["taken"] == len(records)
    assert roundtable.state()["records"] == records


def test_trials_are_switched_on_and_off(files):
    assert roundtable.try_out(True)["measure"] is True
    assert roundtable.try_out(False)["measure"] is False
