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
# Brotli for readers far away takes 25 seconds for Pyodide, once, and saves a tenth more than the two-second one
# (Node 20, x86, 2026-11). The names are also the endings in the cache.
BEST, QUICK = "br", "quick.br"
_LEVELS = {BEST: "11", QUICK: "9"}


def compress(project: Project, folder: Path, quality: str) -> None:
    """Put the packed files beside those of a finished site; ``quality`` is BEST or QUICK."""
    (project.cache / "packed").mkdir(parents=True, exist_ok=True)
    files = [path for path in tree_files(folder) if path.suffix not in PACKED_KINDS]
    files = [path for path in files if path.stat().st_size >= SMALLEST]
    large = [path for path in files if path.stat().st_size >= SMALLEST_BROTLI]
    for path in files:
        packed = _kept(project, path, "gz")
        if not packed.is_file():
            packed.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    _brotli(project, large, quality)
    for path in files:
        _put_beside(path, _kept(project, path, "gz"), ".gz")
        _put_beside(path, _brotli_kept(project, path), ".br")


def _put_beside(path: Path, packed: Path, suffix: str) -> None:
    if packed.is_file() and packed.stat().st_size < 0.9 * path.stat().st_size:
        shutil.copyfile(packed, path.with_name(path.name + suffix))


def _kept(project: Project, path: Path, kind: str) -> Path:
    return project.cache / "packed" / f"{file_sha256(path)}.{kind}"


def _brotli_kept(project: Project, path: Path) -> Path:
    """The best form there is."""
    best = _kept(project, path, BEST)
    return best if best.is_file() else _kept(project, path, QUICK)


def _brotli(project: Project, files: list[Path], quality: str) -> None:
    """Python's standard library has no Brotli; Node has."""
    enough = {quality, BEST}
    files = [path for path in files if not any(_kept(project, path, each).is_file() for each in enough)]
    if not files:
        return
    if quality == BEST:
        say("compressing large files, once: half a minute")
    pairs = [place for path in files for place in (path, _kept(project, path, quality))]
    try:
        run(["node", BROTLI, _LEVELS[quality], *pairs], cwd=project.root, what="compressing with Brotli")
    except BuildError as problem:
        say(f"no Brotli, browsers get gzip: {str(problem).splitlines()[-1][:200]}")
