"""Bytecode inside the site's copy of our wheel, so that the page's Python need not compile it at every visit.

Importing the library from source takes Pyodide 0.44 s, from bytecode 0.12 s (Node 20, x86, 2026-11). The bytecode is
made by Pyodide itself, in Node, because no other interpreter writes that version's.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
from pathlib import Path

from .project import BuildError, Project, run, say
from .runtime import Runtime
from .stamps import digest, is_current, write_stamp

COMPILER = Path(__file__).with_suffix(".mjs")


def with_bytecode(project: Project, wheel: Path, runtime: Runtime) -> Path:
    """A copy of the wheel with __pycache__ files for the runtime; the plain wheel where Node cannot run Pyodide."""
    folder = project.cache / f"bytecode-{runtime.version}"
    wanted = digest(project.root, [wheel, COMPILER], runtime.version)
    packed = folder / wheel.name
    if is_current(folder / "stamp", wanted):
        return packed
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    compiled = folder / "bytecode.zip"
    command = ["node", COMPILER, runtime.folder(project), wheel, compiled]
    try:
        run(command, cwd=project.root, what="compiling the wheel for the page")
    except BuildError as problem:
        say(f"the page will compile the library itself at every start: {str(problem).splitlines()[-1][:200]}")
        return wheel
    _merge(wheel, compiled, packed)
    compiled.unlink()
    write_stamp(folder / "stamp", wanted)
    return packed


def _merge(wheel: Path, compiled: Path, packed: Path) -> None:
    """The wheel with the compiled files added, in its list of files too."""
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(compiled) as extra:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
            rows = [_row(entry.filename, extra.read(entry)) for entry in extra.infolist()]
            for entry in source.infolist():
                content = source.read(entry)
                if entry.filename.endswith(".dist-info/RECORD"):
                    content = content.rstrip(b"\n") + b"\n" + "".join(rows).encode()
                target.writestr(entry, content, zipfile.ZIP_DEFLATED)
            for entry in extra.infolist():
                target.writestr(entry, extra.read(entry), zipfile.ZIP_DEFLATED)


def _row(name: str, content: bytes) -> str:
    digest_text = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest_text},{len(content)}\n"
