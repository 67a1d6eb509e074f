"""Run by bytecode.mjs inside Pyodide after visit_inside.py, where our wheel lies unpacked in /wheel.

Writes /wheel.zip, ``__pycache__`` files for the wheel, and /python_stdlib.zip, the standard library with bytecode in
the place of sources. Both hold bytecode for what a visit to the page imports and no more: it is twice as large as the
sources, which take the place of what is rarely wanted.
"""

import importlib.util
import py_compile
import sys
import types
import zipfile
from pathlib import Path

WHEEL = Path("/wheel")
STDLIB = Path(f"/lib/python{sys.version_info[0]}{sys.version_info[1]}.zip")
EARLIEST = (1980, 1, 1, 0, 0, 0)  # of a ZIP file; the same in every build
# Unchecked: no source is ever compared, so dates do not matter.
MODE = py_compile.PycInvalidationMode.UNCHECKED_HASH


def imported_from(place: str) -> set[str]:
    """Paths, relative to the place, of the modules that are imported by now."""
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return {file.removeprefix(place) for file in files if file and file.startswith(place)}


def write_wheel_bytecode(used: set[str], target: Path) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(used):
            content = bytecode((WHEEL / name).read_bytes(), name)
            cached = Path(importlib.util.cache_from_source(name)).as_posix()
            archive.writestr(zipfile.ZipInfo(cached, EARLIEST), content)


def write_stdlib(used: set[str], target: Path) -> None:
    with zipfile.ZipFile(STDLIB) as source, zipfile.ZipFile(target, "w") as archive:
        for entry in source.infolist():
            if entry.is_dir():
                continue
            content = source.read(entry)
            name = entry.filename
            if name in used:
                content, name = bytecode(content, f"{STDLIB}/{name}"), f"{name}c"
            archive.writestr(zipfile.ZipInfo(name, EARLIEST), content, zipfile.ZIP_DEFLATED, 9)


def bytecode(source: bytes, name: str) -> bytes:
    """The .pyc file of a source."""
    scratch = Path("/tmp/source.py")
    scratch.write_bytes(source)
    py_compile.compile(str(scratch), dfile=name, cfile="/tmp/source.pyc", doraise=True, invalidation_mode=MODE)
    return Path("/tmp/source.pyc").read_bytes()


sys.path.insert(0, "/wheel")
sys.modules["spiraltorch_page"] = types.ModuleType("spiraltorch_page")
import_all(VISIT + LOADING)  # noqa: F821  of visit_inside.py
write_stdlib(imported_from(f"{STDLIB}/"), Path("/python_stdlib.zip"))
write_wheel_bytecode(imported_from(f"{WHEEL}/"), Path("/wheel.zip"))
