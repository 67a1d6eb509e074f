"""Tuner tables as they are shipped: each one is read as the library reads it, and the site gets a list of all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .project import BuildError, Project, say

FOLDER = "tuner_tables"
INDEX = "index.json"


def checked_tables(project: Project) -> list[Path]:
    """All tables, sorted. Raises BuildError for one that cannot be read or has another device's name."""
    found = sorted((project.root / FOLDER).glob("*.json"))
    for path in found:
        _check(path)
    return found


def write_tables(tables: list[Path], folder: Path) -> None:
    """Put the tables into a site, with the list of their names that the page asks first."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in tables:
        shutil.copyfile(path, folder / path.name)
    (folder / INDEX).write_text(json.dumps([path.stem for path in tables]) + "\n", encoding="utf-8")


def _check(path: Path) -> None:
    # The build's Python has the library beside it, and reading tables needs nothing else.
    from spiraltorch_web.errors import FileFormatError
    from spiraltorch_web.kernels.rankk.choice import RankKind
    from spiraltorch_web.tuning.table import TunerTable

    try:
        table = TunerTable.from_json_str(path.read_text(encoding="utf-8"))
    except FileFormatError as problem:
        raise BuildError(f"{path.name}: {problem}") from None
    if table.provenance is None or path.stem not in table.provenance.device_classes:
        raise BuildError(f"{path.name}: a table is named after a device class of its provenance")
    for kind in RankKind:
        if gaps := table.gaps(kind, subgroups="-sg0-" not in path.stem):
            say(f"{path.name}, {kind.name}: nothing for {'; '.join(map(str, gaps))}")
