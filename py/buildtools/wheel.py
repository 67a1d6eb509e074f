"""Our wheel: pure Python with shaders and tuner tables as package data, equal bytes for equal sources."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .environment import ensure_python
from .project import BuildError, Project, run, say
from .stamps import digest, is_current, tree_files, write_stamp
from .tables import checked_tables

# The date of every file in the wheel: 1 January 2024. ZIP knows no time zone and nothing before 1980.
SOURCE_DATE_EPOCH = "1704067200"


def wheel_sources(project: Project) -> list[Path]:
    """Every file that goes into the wheel or decides what does."""
    folders = (project.package, project.root / "shaders", project.root / "tuner_tables")
    single = [project.root / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    return [path for folder in folders for path in tree_files(folder)] + single


def build_wheel(project: Project) -> Path:
    """Build spiraltorch_web-<version>-py3-none-any.whl unless its sources are unchanged; give its path."""
    folder = project.cache / "wheel"
    wanted = digest(project.root, wheel_sources(project))
    if is_current(folder / "stamp", wanted):
        return _only_wheel(folder)
    ensure_python(project, "build")
    checked_tables(project)
    say("building the wheel")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = {"SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH, **os.environ}
    run(
        [project.python, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=project.root,
        what="building the wheel",
        env=environment,
    )
    write_stamp(folder / "stamp", wanted)
    return _only_wheel(folder)


def _only_wheel(folder: Path) -> Path:
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise BuildError(f"expected one wheel in {folder}, found {[path.name for path in wheels]}")
    return wheels[0]
