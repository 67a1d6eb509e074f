"""A stamp remembers the digest of what a step was made from, so that an unchanged step is skipped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tree_files(folder: Path, skip: frozenset[str] = frozenset()) -> list[Path]:
    """All files under a folder in a fixed order, without bytecode, dot files and folders named in ``skip``."""
    found: list[Path] = []
    if not folder.is_dir():
        return found
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name == "__pycache__" or entry.name in skip:
            continue
        if entry.is_dir():
            found += tree_files(entry, skip)
        else:
            found.append(entry)
    return found


def digest(root: Path, files: Iterable[Path], *words: object) -> str:
    """One digest over names and contents of files (a missing one counts as such) and further words."""
    total = hashlib.sha256()
    for word in words:
        total.update(f"{word!r}\n".encode())
    for path in files:
        name = path.relative_to(root) if path.is_relative_to(root) else path
        content = file_sha256(path) if path.is_file() else "missing"
        total.update(f"{name.as_posix()} {content}\n".encode())
    return total.hexdigest()


def is_current(stamp: Path, wanted: str) -> bool:
    """Whether a step's stamp was written for this very digest."""
    return stamp.is_file() and stamp.read_text() == wanted


def write_stamp(stamp: Path, value: str) -> None:
    """Remember that the step was done for this digest."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value)
