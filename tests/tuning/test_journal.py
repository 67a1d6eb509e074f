"""The journal: what was measured survives an end in the middle, and never speaks for another device or version."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from spiraltorch_web.kernels.rankk.choice import Choice, RankKind
from spiraltorch_web.kernels.rankk.problem import RankProblem
from spiraltorch_web.tuning import Cell
from spiraltorch_web.tuning.facts import Facts
from spiraltorch_web.tuning.journal import Journal

FACTS = Facts(1e12, 2e-6)


def cell(rows: int) -> Cell:
    times = MappingProxyType({Choice(): 1.5, Choice(mk=1, use_2ce=True): 2.25})
    return Cell(RankProblem(RankKind.MIDK, rows, 100, 10), times)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "run.journal"


def filled(path) -> Journal:
    journal = Journal(path, "a-card", "1")
    journal.note(FACTS)
    for rows in (1, 2):
        journal.add(cell(rows))
    return journal


def test_a_journal_is_read_back(path):
    filled(path)
    again = Journal(path, "a-card", "1")
    assert again.facts == FACTS and list(again.cells.values()) == [cell(1), cell(2)]


def test_a_torn_last_line_is_dropped_and_the_run_goes_on(path):
    filled(path)
    text = path.read_text()
    path.write_text(text[:-20])
    torn = Journal(path, "a-card", "1")
    assert len(torn) == 1
    torn.add(cell(3))
    assert list(Journal(path, "a-card", "1").cells.values()) == [cell(1), cell(3)]


@pytest.mark.parametrize(("device", "version"), [("another-card", "1"), ("a-card", "2")])
def test_a_journal_of_another_device_or_version_is_put_aside(path, device, version):
    filled(path)
    assert len(Journal(path, device, version)) == 0
    assert path.with_name("run.journal.old").is_file()
    assert len(Journal(path, device, version)) == 0


def test_without_a_path_it_keeps_everything_in_memory():
    journal = filled(None)
    assert len(journal) == 2 and journal.facts == FACTS
