"""The transcript outlives crashes, other writers and folders that cannot be written."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from spiraltorch_web.roundtable.shared import Keeper
from spiraltorch_web.roundtable.transcript import Transcript

WRITER = """
import sys
from pathlib import Path
from spiraltorch_web.roundtable.shared import Keeper
from spiraltorch_web.roundtable.transcript import Transcript

path, name, count, limit = sys.argv[1:]
transcript = Transcript(Path(path), Keeper(), limit=int(limit), kept=99)
for number in range(int(count)):
    transcript.append({"writer": name, "number": number})
"""


def run_together(script: str, *argument_lists) -> None:
    """Run a script several times at once, as processes of their own."""
    package = str(Path(__file__).resolve().parents[2] / "py")
    started = [
        subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], env={"PYTHONPATH": package})
        for arguments in argument_lists
    ]
    assert [process.wait(60) for process in started] == [0] * len(started)


def test_what_is_written_is_read_in_order(tmp_path):
    transcript = Transcript(tmp_path / "new" / "roundtable.log", Keeper())
    for number in range(5):
        transcript.append({"number": number, "text": "ä\ud800"})  # a lone surrogate has no UTF-8
    reading = transcript.read()
    assert [record["number"] for record in reading.records] == list(range(5))
    assert reading.problems == ()


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    """Also while the file is rotated every dozen lines."""
    log = tmp_path / "roundtable.log"
    run_together(WRITER, *((log, name, 150, 400) for name in "abc"))
    reading = Transcript(log, Keeper(), kept=99).read()
    assert reading.problems == ()
    for name in "abc":
        assert [record["number"] for record in reading.records if record["writer"] == name] == list(range(150))
    assert all(file.stat().st_size <= 400 for file in tmp_path.glob("roundtable.log*"))


def test_a_torn_line_is_skipped_reported_and_harmless(tmp_path):
    log = tmp_path / "roundtable.log"
    transcript = Transcript(log, Keeper())
    transcript.append({"number": 1})
    with open(log, "ab") as handle:
        handle.write(b'{"number": 2, "unfini')  # the process dies here
    transcript.append({"number": 3})
    reading = transcript.read()
    assert [record["number"] for record in reading.records] == [1, 3]
    assert reading.problems == ("roundtable.log:2: not a whole line of JSON",)


def test_garbage_is_reported_line_by_line(tmp_path):
    log = tmp_path / "roundtable.log"
    lines = [b"\xff\xfe\x00", b"[1, 2]", b'{"event": "decision"}', b"[" * 50_000, b'{"event": "other"}']
    log.write_bytes(b"\n".join(lines))
    reading = Transcript(log, Keeper()).read()
    assert [record["event"] for record in reading.records] == ["decision", "other"]
    assert [problem.split(":")[1] for problem in reading.problems] == ["1", "2", "4"]
    decisions, problems = reading.decisions()
    assert decisions == [] and len(problems) == 1


def test_old_lines_go_and_the_size_stays_bounded(tmp_path):
    transcript = Transcript(tmp_path / "roundtable.log", Keeper(), limit=1000, kept=2)
    for number in range(400):
        transcript.append({"number": number})
    files = sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock"))
    assert files == ["roundtable.log", "roundtable.log.1", "roundtable.log.2"]
    numbers = [record["number"] for record in transcript.read().records]
    assert numbers == list(range(numbers[0], 400)) and numbers[0] > 0


def test_without_a_writable_folder_there_is_memory_and_one_warning(tmp_path):
    (tmp_path / "file").write_text("")  # a folder of this name cannot be made, not even by root
    transcript = Transcript(tmp_path / "file" / "roundtable.log", Keeper())
    with pytest.warns(RuntimeWarning, match="in memory only") as caught:
        for number in range(3):
            transcript.append({"number": number})
    assert len(caught) == 1
    assert [record["number"] for record in transcript.read().records] == [0, 1, 2]


def test_a_full_disk_is_noticed():
    transcript = Transcript(Path("/dev/full"), Keeper())
    with pytest.warns(RuntimeWarning, match="No space left"):
        transcript.append({"number": 1})
    assert transcript.read().records[-1] == {"number": 1}


def test_a_transcript_that_nobody_wants_goes_to_the_null_device():
    with warnings.catch_warnings(action="error"):
        Transcript(Path("/dev/null"), Keeper()).append({"number": 1})
    assert not Path("/dev/null.lock").exists()


def test_lines_are_compact_json(tmp_path):
    transcript = Transcript(tmp_path / "roundtable.log", Keeper())
    transcript.append({"a": 1.5, "b": [1, 2]})
    assert (tmp_path / "roundtable.log").read_text() == '{"a":1.5,"b":[1,2]}\n'
    assert json.loads((tmp_path / "roundtable.log").read_text())
