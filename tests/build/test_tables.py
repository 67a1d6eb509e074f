"""Tuner tables as they are shipped: all are sound, and a broken one stops the build with its name."""

from __future__ import annotations

import json

import pytest

from buildtools.project import BuildError, Project
from buildtools.tables import checked_tables, write_tables
from spiraltorch_web.tuning import Provenance, TunerTable
from tests.support.site import PROJECT

RECORD = {"rows": 1, "cols_min": 1, "cols_max": 2**31 - 1, "k_max": 2**31 - 1, "wg": 64}
CARD = "vulkan-a-card-sg32-48k-1024"


def text_for(*classes: str) -> str:
    made = Provenance("a card", "1.0", "Vulkan", "2026-11-22", "0.1.0", classes, 1e12, 2e-6)
    return TunerTable([RECORD], (), made).to_json()


@pytest.fixture
def project(tmp_path):
    (tmp_path / "tuner_tables").mkdir()
    return Project(tmp_path)


def test_every_shipped_table_is_sound():
    found = checked_tables(PROJECT)
    assert sorted(path.name for path in found) == sorted(p.name for p in (PROJECT.root / "tuner_tables").glob("*.json"))


def test_tables_and_the_list_of_their_names_go_into_the_site(project, tmp_path, capsys):
    (project.root / "tuner_tables" / f"{CARD}.json").write_text(text_for(CARD))
    write_tables(checked_tables(project), tmp_path / "site")
    assert json.loads((tmp_path / "site" / "index.json").read_text()) == [CARD]
    assert (tmp_path / "site" / f"{CARD}.json").read_text() == text_for(CARD)
    assert capsys.readouterr().out == ""  # no gaps to speak of


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[", "not JSON"),
        (json.dumps([RECORD]), "named after a device class"),
        (text_for("vulkan-another-card"), "named after a device class"),
        (json.dumps([RECORD, RECORD]), "equally specific"),
    ],
)
def test_a_table_that_could_not_serve_stops_the_build(project, text, why):
    (project.root / "tuner_tables" / f"{CARD}.json").write_text(text)
    with pytest.raises(BuildError, match=f"{CARD}.json: .*{why}"):
        checked_tables(project)


def test_what_a_table_leaves_open_is_said(project, capsys):
    table = json.loads(text_for(CARD))
    table["records"][0]["k_max"] = 64
    (project.root / "tuner_tables" / f"{CARD}.json").write_text(json.dumps(table))
    checked_tables(project)
    assert "k > 64" in capsys.readouterr().out
