"""Writers that are killed in the middle of their work: what they had finished is there, and nothing is damaged."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spiraltorch_web.roundtable.memory import Memory
from spiraltorch_web.roundtable.rewrite import learnt_rules
from spiraltorch_web.roundtable.shared import Keeper
from spiraltorch_web.roundtable.transcript import Transcript
from tests.roundtable.test_learning import BY_HAND, ROOT, rule

KILLS = 6
# What each writer does, over and over; it says a number once that number is written.
TRANSCRIPT = """
from spiraltorch_web.roundtable.transcript import Transcript
transcript = Transcript(folder / "roundtable.log", Keeper(), limit=300, kept=9999)
work = lambda number: transcript.append({"number": number, "text": "x" * 200})
"""
RULES = """
from spiraltorch_web.roundtable.memory import Memory
from tests.roundtable.test_learning import rule
memory = Memory(folder / "heur.kdsl", Keeper())
work = lambda number: memory.learn([rule(number)])
"""
LOOP = """
import itertools, sys, warnings
from pathlib import Path
sys.path[:0] = {paths!r}
from spiraltorch_web.roundtable.shared import Keeper
warnings.simplefilter("error")
folder, first = Path(sys.argv[1]), int(sys.argv[2])
{task}
for number in itertools.count(first):
    work(number)
    sys.stdout.write(f"{{number}}\\n")
    sys.stdout.flush()
"""


def killed_writers(folder: Path, task: str) -> Iterator[int]:
    """Run a task and kill it, some times; gives the last number that each run has said."""
    script = LOOP.format(paths=[str(ROOT), str(ROOT / "py")], task=task)
    chance, first = random.Random(7), 0
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", script, str(folder), str(first)], stdout=subprocess.PIPE, text=True
        )
        said = [writer.stdout.readline()]  # it has begun
        assert said[0].strip() == str(first), "the writer failed"
        time.sleep(chance.uniform(0, 0.05))
        writer.kill()  # SIGKILL: nothing of the process runs any more
        said += writer.communicate()[0].split("\n")
        assert writer.returncode == -9
        last = max(int(line) for line in said if line.strip())
        yield last
        first = last + 2  # the number after the last may have been written, too


def test_killed_transcript_writers_lose_nothing_that_was_written(tmp_path):
    said = []
    for last in killed_writers(tmp_path, TRANSCRIPT):
        said += range(said[-1] + 2 if said else 0, last + 1)
    reading = Transcript(tmp_path / "roundtable.log", Keeper(), kept=9999).read()
    numbers = [record["number"] for record in reading.records]
    assert numbers == sorted(numbers)
    assert set(said) <= set(numbers)
    assert len(reading.problems) <= KILLS, "at most one torn line for each kill"
    assert len(list(tmp_path.glob("roundtable.log.[0-9]*"))) >= KILLS - 1, "each line has moved those before it"


def test_killed_learners_leave_whole_files_and_nothing_else(tmp_path):
    (tmp_path / "heur.kdsl").write_text(BY_HAND)
    said = []
    for last in killed_writers(tmp_path, RULES):
        said += range(said[-1] + 2 if said else 0, last + 1)
        text = (tmp_path / "heur.kdsl").read_text()
        assert text.startswith(BY_HAND)
        claims = {each.condition for each in learnt_rules(text)}
        wanted = [rule(number).condition for number in said]
        assert set(wanted[-50:]) <= claims, "the oldest make room in a full file, the newest are there"
        assert (tmp_path / "heur.kdsl.bak").read_text().startswith(BY_HAND)
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))  # some time later
    Memory(tmp_path / "heur.kdsl", Keeper()).learn([rule(10**6)])
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"heur.kdsl", "heur.kdsl.bak", "heur.kdsl.lock"}, "what killed writers left is cleared away"


@pytest.mark.parametrize("gap", [1, 2])
def test_a_rotation_that_was_cut_short_drops_nothing_early(tmp_path, gap):
    """Killed between two renames, a generation is missing; the next rotation fills the gap."""
    transcript = Transcript(tmp_path / "roundtable.log", Keeper(), limit=1000, kept=3)
    number = 0
    while not (tmp_path / "roundtable.log.3").exists():
        transcript.append({"number": (number := number + 1), "text": "x" * 300})
    oldest = (tmp_path / "roundtable.log.3").read_bytes()
    (tmp_path / f"roundtable.log.{gap}").unlink()
    while not (tmp_path / f"roundtable.log.{gap}").exists():
        transcript.append({"number": (number := number + 1), "text": "x" * 300})
    assert (tmp_path / "roundtable.log.3").read_bytes() == oldest
