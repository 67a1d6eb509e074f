"""A text that processes share in a file, and that lives on in memory where the file cannot be written."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

from .files import locked, replace_file


class Keeper:
    """Says once that nothing can be kept, and where, and once of each file that it cannot be read."""

    def __init__(self) -> None:
        self.trouble = ""  # why there is only memory; empty while files work
        self._unread: set[Path] = set()

    def fall_back(self, path: Path | None, error: OSError | None) -> None:
        """Note that a file cannot be written; the first time as a RuntimeWarning."""
        if self.trouble:
            return
        self.trouble = f"{path.parent} cannot be written ({error})" if path else "there is no home folder"
        warnings.warn(
            f"the roundtable keeps what it learns in memory only: {self.trouble}; "
            "set SPIRAL_HEUR_FILE and SPIRAL_LOG_FILE to files that can be written",
            RuntimeWarning,
            stacklevel=2,
        )

    def cannot_read(self, path: Path, error: OSError) -> None:
        """Note that a file is there and cannot be read; the first time as a RuntimeWarning."""
        if path not in self._unread:
            self._unread.add(path)
            warnings.warn(f"{path} counts as empty: {error.strerror or error}", RuntimeWarning, stacklevel=2)


class SharedText:
    """The content of one file, changed under a lock and replaced as a whole; `path` None keeps it in memory."""

    def __init__(self, path: Path | None, keeper: Keeper) -> None:
        self.path = path
        self._keeper = keeper
        self._memory: str | None = None if path else ""
        self._changes = 0

    @property
    def in_memory(self) -> bool:
        return self._memory is not None

    def stamp(self) -> tuple[int, ...]:
        """Changes whenever the text does."""
        if self._memory is not None:
            return (self._changes,)
        try:
            facts = self.path.stat()
        except OSError:
            return ()
        return (facts.st_mtime_ns, facts.st_size, facts.st_ino)

    def read(self) -> str:
        """The text; empty where there is none. Bytes that are no UTF-8 come as surrogates and are kept."""
        if self._memory is not None:
            return self._memory
        try:
            return self.path.read_bytes().decode("utf-8", "surrogateescape")
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            self._keeper.cannot_read(self.path, error)
            return ""

    def update(self, change: Callable[[str], str], backup: bool = False) -> str:
        """Replace the text by ``change(text)``, with no other writer in between; returns the new text.

        Raises TimeoutError when another process holds the file for seconds.
        """
        if self._memory is None:
            try:
                return self._update_file(change, backup)
            except TimeoutError:
                raise
            except OSError as error:
                self._memory = self.read()
                self._keeper.fall_back(self.path, error)
        else:
            self._keeper.fall_back(self.path, None)
        self._memory = change(self._memory)
        self._changes += 1
        return self._memory

    def _update_file(self, change: Callable[[str], str], backup: bool) -> str:
        with locked(self.path):
            before = self.read()
            after = change(before)
            if after != before:
                replace_file(self.path, after, backup)
        return after
