"""``python -m spiraltorch_web roundtable …`` as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import spiraltorch_web as st
from spiraltorch_web.cli.main import main
from spiraltorch_web.roundtable import current
from tests.roundtable.inputs import FAST, PROBLEM, SLOW_TABLE, WRONG


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Run a command on files of the test; gives (exit code, output, errors)."""
    monkeypatch.setenv("SPIRAL_HEUR_FILE", str(tmp_path / "heur.kdsl"))
    monkeypatch.setenv("SPIRAL_LOG_FILE", str(tmp_path / "roundtable.log"))

    def run(*words):
        code = main(["roundtable", *words])
        return code, *capsys.readouterr()

    return run


def learn():
    table = current()
    decision = table.decide(PROBLEM, WRONG)
    for _ in range(8):
        table.record_trial(decision, 1e-4, 2e-4)
    return table.decide(PROBLEM, WRONG)


def test_empty_files_are_no_error(call):
    assert call("show") == (0, "the transcript is empty\n", "")
    assert call("learnt") == (0, "nothing has been learnt\n", "")
    assert call("replay")[0] == call("stats")[0] == 0
    assert call("undo")[0] == 1


def test_show_tells_who_said_what_and_who_won(call):
    learn()
    _, text, _ = call("show", "-n", "1")
    assert "topk 64 x 65536, k = 1024 on vulkan-test-gpu" in text
    assert " *A" in text and "  C" in text and "A wins: A has" in text
    assert "A won 8 of 8 trials (95 %: 0.68" in text
    _, text, _ = call("show")
    assert text.count(": trial of mk=3:0 tile=4096:1024 wg=256:128, 100 µs against 200 µs") == 8 and "lesson" in text
    assert len(json.loads(call("show", "--json", "-n", "3")[1])) == 3


def test_show_needs_a_number_of_records(call):
    learn()
    for number in ("0", "-3"):
        code, text, error = call("show", "-n", number)
        assert (code, text) == (1, "") and "1 or more" in error


def test_what_cannot_be_read_is_said(call, tmp_path):
    (tmp_path / "roundtable.log").mkdir()
    assert call("show") == (0, "the transcript is empty\n", f"skipped: {tmp_path / 'roundtable.log'}: it is a folder\n")
    (tmp_path / "heur.kdsl").mkdir()
    with pytest.warns(RuntimeWarning, match="heur.kdsl counts as empty: Is a directory"):
        assert call("learnt")[:2] == (0, "nothing has been learnt\n")


def test_replay_gives_the_same_winners_and_finds_a_forged_one(call, tmp_path):
    learn()
    code, text, _ = call("replay")
    assert (code, text) == (0, "2 decisions judged again, 0 differ\n")
    log = tmp_path / "roundtable.log"
    log.write_text(log.read_text().replace('"winner":"A"', '"winner":"C"'))
    code, text, _ = call("replay")
    assert code == 1 and "C was written, A wins" in text
    assert json.loads(call("replay", "--json")[1])["judged"] == 2


def test_stats_count_voices_and_trials(call):
    learn()
    _, text, _ = call("stats")
    assert "topk: A (SoftLogic) 1, B (hard rules) 0, C (tuner table) 1" in text
    assert "2^16 columns, k of 2^10: mk=3:0 tile=4096:1024 wg=256:128 won 8 of 8 (95 %: 0.68-1.00)" in text
    facts = json.loads(call("stats", "--json")[1])
    assert facts["trials"][0]["wins"] == 8 and facts["learnt"] == 3


def test_learnt_rules_are_listed_and_undone(call):
    learn()
    _, text, _ = call("learnt")
    assert text.count("soft(") == 3
    first = text.split()[0]
    code, text, _ = call("undo", first)
    assert code == 0 and first in text
    assert len(json.loads(call("learnt", "--json")[1])) == 2
    assert call("undo", "--all")[0] == 0
    assert call("learnt")[1] == "nothing has been learnt\n"
    assert current().decide(PROBLEM, WRONG).choice == SLOW_TABLE != FAST


def test_an_unknown_id_is_named(call):
    learn()
    code, _, errors = call("undo", "abcxyz")
    assert code == 1 and "no learnt rule has the id abcxyz" in errors
    assert len(current().learnt()) == 3


def test_unreadable_lines_are_reported_and_the_rest_is_shown(call, tmp_path):
    learn()
    with open(tmp_path / "roundtable.log", "a") as log:
        log.write('{"torn')
    code, text, errors = call("show")
    assert code == 0 and "A wins" in text
    assert errors == "skipped: roundtable.log:12: not a whole line of JSON\n"


def test_records_that_are_something_else_are_shown_as_they_are(call, tmp_path):
    records = [{}, {"event": "trial", "time": 1}, {"event": "decision", "time": 1}, {"event": "x", "time": "y"}]
    records += [{"event": "trial", "time": "", "pair": "", "seconds": [10**400, 1]}]
    records += [{"event": "lesson", "time": "", "rules": 5}, {"event": ["lesson"], "time": "", "kind": 1}]
    (tmp_path / "roundtable.log").write_text("".join(json.dumps(record) + "\n" for record in records))
    code, text, _ = call("show")
    assert code == 0 and text.count("not understood: {") == len(records)
    assert call("replay")[0] == 1 and call("stats")[0] == 0


def test_a_table_that_changes_its_mind_logs_each_decision_once(call):
    learn()
    for _ in range(3):
        current().decide(PROBLEM, WRONG)
    assert "2 decisions judged again" in call("replay")[1]


def test_output_that_nobody_reads_to_its_end_is_no_error(tmp_path):
    """As with ``| head``, also where the reader is gone before the first line comes."""
    log = tmp_path / "roundtable.log"
    log.write_text('{"event": "undo", "time": "x", "rules": ["mk: 1;"]}\n' * 4000)
    environment = {**os.environ, "SPIRAL_LOG_FILE": str(log), "PYTHONPATH": str(Path(st.__file__).parents[1])}
    for count in ("4000", "1"):
        shown = subprocess.Popen(
            [sys.executable, "-m", "spiraltorch_web", "roundtable", "show", "-n", count],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        shown.stdout.close()
        assert shown.stderr.read() == b""
        shown.stderr.close()
        assert shown.wait() == 1
