"""Bytecode for the page, so that its Python need not compile libraries at every visit.

From sources, Pyodide starts in 2.6 s and imports our library in 0.44 s; with bytecode in 1.3 s and 0.12 s (Chromium 156
and Node 20, two x86 cores, 2026-11). The bytecode is made by Pyodide itself, in Node, because no other interpreter
writes that version's. Browsers that take the snapshot (snapshot.py) need it only for what that lacks.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .project import BuildError, Project, run, say
from .runtime import Runtime
from .stamps import digest, is_current, write_stamp

COMPILER = Path(__file__).with_suffix(".mjs")
INSIDE = tuple(Path(__file__).with_name(name) for name in ("visit_inside.py", "bytecode_inside.py"))
# The site serves the tables one by one: a visit needs at most one.
LEFT_OUT = "spiraltorch_web/_data/tuner_tables/"


@dataclass(frozen=True)
class Compiled:
    """Our wheel for the page and Python's standard library; ``stdlib`` is None where Pyodide's own has to do."""

    wheel: Path
    stdlib: Path | None


def with_bytecode(project: Project, wheel: Path, runtime: Runtime) -> Compiled:
    """The wheel with __pycache__ files for the runtime, and the standard library with bytecode in the place of what
    every visit imports; both as they are where Node cannot run Pyodide.
    """
    folder = project.cache / f"bytecode-{runtime.version}"
    wanted = digest(project.root, [wheel, COMPILER, *INSIDE], runtime.version)
    compiled = Compiled(folder / wheel.name, folder / "python_stdlib.zip")
    if is_current(folder / "stamp", wanted):
        return compiled
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = ["node", COMPILER, runtime.folder(project), wheel, folder]
    try:
        run(command, cwd=project.root, what="compiling Python for the page")
    except BuildError as problem:
        say(f"the page will compile Python's libraries itself at every start: {str(problem).splitlines()[-1][:200]}")
        return Compiled(wheel, None)
    added = folder / "wheel.zip"
    _merge(wheel, added, compiled.wheel)
    added.unlink()
    write_stamp(folder / "stamp", wanted)
    return compiled


def _merge(wheel: Path, compiled: Path, packed: Path) -> None:
    """The wheel with the compiled files added and without its tuner tables, in its list of files too."""
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(compiled) as extra:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
            rows = [_row(entry.filename, extra.read(entry)) for entry in extra.infolist()]
            for entry in source.infolist():
                if entry.filename.startswith(LEFT_OUT):
                    continue
                content = source.read(entry)
                if entry.filename.endswith(".dist-info/RECORD"):
                    listed = [line for line in content.decode().splitlines(True) if not line.startswith(LEFT_OUT)]
                    content = "".join([*listed, *rows]).encode()
                target.writestr(entry, content, zipfile.ZIP_DEFLATED)
            for entry in extra.infolist():
                target.writestr(entry, extra.read(entry), zipfile.ZIP_DEFLATED)


def _row(name: str, content: bytes) -> str:
    digest_text = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest_text},{len(content)}\n"
