"""Prepared compression: a .gz beside every file that shrinks, and a .br beside the large ones.

Packed content is kept in the cache by its hash, since strong compression is slow.
"""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

from .project import BuildError, Project, run, say
from .stamps import file_sha256, tree_files

# Files this small or of these kinds gain nothing from compression; snapshots come with their packed forms.
SMALLEST = 1024
PACKED_KINDS = frozenset({".png", ".webp", ".whl", ".gz", ".br", ".npz", ".pack", ".snapshot"})
# From here on, Brotli saves a reader something: a fifth of Pyodide's 3.5 MB.
SMALLEST_BROTLI = 100_000
BROTLI = Path(__file__).with_name("brotli.mjs")


def compress(project: Project, folder: Path) -> None:
    """Put the packed files beside those of a finished site."""
    (project.cache / "packed").mkdir(parents=True, exist_ok=True)
    files = [path for path in tree_files(folder) if path.suffix not in PACKED_KINDS]
    files = [path for path in files if path.stat().st_size >= SMALLEST]
    for path in files:
        packed = _kept(project, path, "gz")
        if not packed.is_file():
            packed.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    large = [path for path in files if path.stat().st_size >= SMALLEST_BROTLI]
    _brotli(project, [path for path in large if not _kept(project, path, "br").is_file()])
    for path in files:
        for kind in ("gz", "br"):
            packed = _kept(project, path, kind)
            if packed.is_file() and packed.stat().st_size < 0.9 * path.stat().st_size:
                shutil.copyfile(packed, path.with_name(f"{path.name}.{kind}"))


def _kept(project: Project, path: Path, kind: str) -> Path:
    return project.cache / "packed" / f"{file_sha256(path)}.{kind}"


def _brotli(project: Project, files: list[Path]) -> None:
    """Python's standard library has no Brotli; Node has."""
    if not files:
        return
    say("compressing large files, once: half a minute")
    pairs = [place for path in files for place in (path, _kept(project, path, "br"))]
    try:
        run(["node", BROTLI, *pairs], cwd=project.root, what="compressing with Brotli")
    except BuildError as problem:
        say(f"no Brotli, browsers get gzip: {str(problem).splitlines()[-1][:200]}")
