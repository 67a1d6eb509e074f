"""Python's memory after its start and the imports of a visit, from which the page's Python goes on.

With it Python is ready 0.2 s after WebAssembly is, where starting it and importing the library took 1.4 s (Chromium
156, two x86 cores, 2026-11), and the standard library need not be there before a script imports more of it.

The file is a snapshot as Pyodide makes it (``_makeSnapshot``), up to the last word in use. The constants with which the
memory of every module of this WebAssembly begins are combined with the snapshot's by exclusive or, and become zeros. It
fits one build of Pyodide, one standard library and one state of our library.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .library import write_library
from .project import BuildError, Project, run, say
from .runtime import DEFAULT_VERSION, Runtime
from .stamps import digest, is_current, write_stamp

NAME = "python.snapshot"
PACKED = (f"{NAME}.br", f"{NAME}.gz")
MAKER = Path(__file__).with_suffix(".mjs")
INSIDE = Path(__file__).with_name("visit_inside.py")


@dataclass(frozen=True)
class Snapshot:
    """A folder with a snapshot and its packed forms, and what the page must know of it.

    ``bytes`` is its length, ``constants`` the number of 32-bit words that are combined, and ``sum`` the sum of all
    words of Python's memory, which shows that it is whole and fits.
    """

    folder: Path
    bytes: int
    sum: int
    constants: int

    def facts(self) -> dict:
        """What site.json says of it."""
        return {"name": f"pyodide/{NAME}", "bytes": self.bytes, "sum": self.sum, "constants": self.constants}

    def write(self, target: Path) -> None:
        """Put the files into a folder of the site."""
        for name in (NAME, *PACKED):
            shutil.copyfile(self.folder / name, target / name)


def snapshot_of(project: Project, runtime: Runtime, wheel: Path, stdlib: Path | None) -> Snapshot | None:
    """The snapshot for our wheel and the standard library of the site; None where there can be none."""
    if stdlib is None or runtime.version != DEFAULT_VERSION:
        return None
    folder = project.cache / f"snapshot-{runtime.version}"
    wanted = digest(project.root, [wheel, stdlib, MAKER, INSIDE], runtime.version)
    if not is_current(folder / "stamp", wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            _make(project, runtime, wheel, stdlib, folder)
        except BuildError as problem:
            say(f"the page will start Python anew at every visit: {str(problem).splitlines()[-1][:200]}")
            return None
        write_stamp(folder / "stamp", wanted)
    return Snapshot(folder, **json.loads((folder / "snapshot.json").read_text()))


def _make(project: Project, runtime: Runtime, wheel: Path, stdlib: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="library-") as scratch:
        library = Path(scratch) / "library.pack"
        write_library(wheel, library)
        command = ["node", MAKER, runtime.folder(project), stdlib, library, folder]
        run(command, cwd=project.root, what="starting Python once for all visits")
