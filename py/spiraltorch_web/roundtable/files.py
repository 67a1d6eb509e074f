"""Files that several processes share and that a crash must not damage: a lock, an atomic replacement, an append.

A lock is advisory and ends with its process. Where the system has none (the page, some network folders) writers go on
without: there an append of one line and a rename are still whole.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_SECONDS = 5.0
STALE_SECONDS = 60.0  # no writer takes so long
_LOCK_PAUSE = 0.002


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that goes with a file, in ``<name>.lock`` beside it. Waits up to `LOCK_SECONDS`.

    Makes the folder. Raises OSError when it cannot be written, and TimeoutError when another process keeps the lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(path.name + ".lock"), "ab") as handle:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} is locked by another process")
            time.sleep(_LOCK_PAUSE)
        yield  # closing the file gives the lock back


def replace_file(path: Path, text: str, backup: bool = False) -> None:
    """Give a file a new content, all of it or nothing; the old content stays in ``<name>.bak`` on request.

    A link stays a link: what it points to is replaced.
    """
    path = path.resolve()
    if backup and path.exists():
        _write_whole(path.with_name(path.name + ".bak"), path.read_bytes())
    # Bytes that are no UTF-8 came in as surrogates and go out as they were.
    _write_whole(path, text.encode("utf-8", "surrogateescape"))


def append_line(path: Path, line: bytes, limit: int, kept: int) -> None:
    """Append one line; above `limit` bytes the file first becomes ``<name>.1``, of which `kept` generations stay.

    A torn line that a crash left at the end is closed first, so that it spoils no other.
    """
    if path.exists() and not path.is_file():  # such as /dev/null
        _append(path, line)
        return
    with contextlib.ExitStack() as lock:
        try:
            lock.enter_context(locked(path))
        except TimeoutError:  # another process hangs while it holds the lock: one append is whole without it, too
            _append(path, line)
            return
        if path.exists() and 0 < path.stat().st_size > limit - len(line) - 1:
            _shift(path, kept)
        _append(path, line)


def generations(path: Path, kept: int) -> list[Path]:
    """The files that `append_line` fills, oldest first, as far as they exist."""
    older = [path.with_name(f"{path.name}.{number}") for number in range(kept, 0, -1)]
    return [file for file in (*older, path) if file.is_file()]


def _append(path: Path, line: bytes) -> None:
    with open(path, "ab+", buffering=0) as handle:
        size = handle.seek(0, os.SEEK_END)
        if size:
            handle.seek(size - 1)
        torn = size > 0 and handle.read(1) != b"\n"
        data = (b"\n" if torn else b"") + line + b"\n"
        if handle.write(data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _shift(path: Path, kept: int) -> None:
    """Make room for a new file: each generation becomes the next older one, up to the first that is missing."""

    def generation(number: int) -> Path:
        return path.with_name(f"{path.name}.{number}")

    room = 1
    while room < kept and generation(room).exists():
        room += 1
    for number in range(room, 1, -1):
        os.replace(generation(number - 1), generation(number))
    os.replace(path, generation(1))


def _write_whole(path: Path, data: bytes) -> None:
    _clear_away(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        if path.exists():
            os.chmod(temporary, path.stat().st_mode & 0o777)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _clear_away(path: Path) -> None:
    """Remove what writers of this file left when they were killed."""
    left = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}")
    with contextlib.suppress(OSError):
        for found in path.parent.iterdir():
            if left.fullmatch(found.name) and time.time() - found.stat().st_mtime > STALE_SECONDS:
                found.unlink()


def _try_lock(handle: BinaryIO) -> bool:
    """Whether the lock was had; also where the file system has no locks."""
    try:
        if sys.platform == "win32":
            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        pass
    return True
