"""Our library for the page's own start: what the wheel would install, in one file that JavaScript writes into Python's
folder while WebAssembly still compiles.

Python itself would unpack the wheel only after its start, and takes longer for it than for importing what is in it.
Packed as one piece the files take a quarter less, too. The wheel stays for everybody else: micropip and other sites.

The file is a gzip stream of: the header's length (32 bits, little-endian), the header (JSON, a list of [path, bytes]),
and the contents in the same order. Paths are relative to site-packages.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path, PurePosixPath

NAME = "library.pack"
# What Pyodide's own installer notes: `pyodide.loadedPackages` then knows the package.
NOTES = {"INSTALLER": b"pyodide.loadPackage\n", "PYODIDE_SOURCE": b"pyodide"}


def write_library(wheel: Path, target: Path, bytecode: bool = True) -> None:
    """Pack what the wheel installs; the same wheel gives the same bytes. Beside a snapshot, in which the modules are
    imported already, nobody needs their bytecode.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        files = {name: archive.read(name) for name in names if bytecode or not name.endswith(".pyc")}
    info = next(PurePosixPath(name).parent for name in files if name.endswith(".dist-info/METADATA"))
    files |= {f"{info}/{name}": content for name, content in NOTES.items()}
    # Like stands beside like: it packs better.
    ordered = sorted(files, key=lambda name: (PurePosixPath(name).suffix, name))
    header = json.dumps([[name, len(files[name])] for name in ordered], separators=(",", ":")).encode()
    content = b"".join(files[name] for name in ordered)
    target.write_bytes(gzip.compress(len(header).to_bytes(4, "little") + header + content, 9, mtime=0))
