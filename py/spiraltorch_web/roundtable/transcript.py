"""The transcript of the roundtable: JSON lines, one per decision, trial or lesson, that outlive crashes.

Several processes append to one file. Above a size it becomes ``roundtable.log.1`` and so on; the oldest goes. A line
that a crash has torn, or that is no JSON, is skipped by readers and reported.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from ..host import HOSTS
from .decision import Decision, decision_of
from .files import append_line, generations
from .shared import Keeper

BYTES_MOST = 1 << 20
GENERATIONS = 3
_IN_MEMORY = 4096


@dataclass(frozen=True)
class Reading:
    """What a transcript holds: its records, oldest first, and what could not be read, as ``file:line: why``."""

    records: tuple[dict[str, Any], ...]
    problems: tuple[str, ...] = ()

    def decisions(self) -> tuple[list[Decision], list[str]]:
        """The decisions among the records, and what is wrong with those that are none after all."""
        found, problems = [], []
        for record in self.records:
            if record.get("event") != "decision":
                continue
            try:
                found.append(decision_of(record))
            except FileFormatError as error:
                problems.append(str(error))
        return found, problems


class Transcript:
    """One transcript; with `path` None, or where nothing can be written, the last lines are kept in memory."""

    def __init__(self, path: Path | None, keeper: Keeper, limit: int = BYTES_MOST, kept: int = GENERATIONS) -> None:
        self.path = path
        self._keeper = keeper
        self._limit = limit
        self._kept = kept
        self._memory: deque[bytes] | None = None if path else deque(maxlen=_IN_MEMORY)

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record down, and show it to whom it may concern."""
        HOSTS.current.transcribed(record)
        line = json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
        if self._memory is None:
            try:
                append_line(self.path, line, self._limit, self._kept)
                return
            except OSError as error:
                self._memory = deque(maxlen=_IN_MEMORY)
                self._keeper.fall_back(self.path, error)
        else:
            self._keeper.fall_back(self.path, None)
        self._memory.append(line)

    def read(self) -> Reading:
        """Everything that is still there."""
        lines, problems = ([], []) if self.path is None else _numbered_lines(self.path, self._kept)
        lines += [(f"memory:{number}", line) for number, line in enumerate(self._memory or (), 1)]
        records = []
        for place, line in lines:
            try:
                records.append(_record(line))
            except ValueError as error:
                problems.append(f"{place}: {error}")
        return Reading(tuple(records), tuple(problems))


def _numbered_lines(path: Path, kept: int) -> tuple[list[tuple[str, bytes]], list[str]]:
    """(file:line, content) of all lines, and the files that cannot be read."""
    lines, problems = [], [f"{path}: it is a folder"] if path.is_dir() else []
    for file in generations(path, kept):
        try:
            content = file.read_bytes()
        except FileNotFoundError:  # rotated away
            continue
        except OSError as error:
            problems.append(f"{file}: {error.strerror or error}")
            continue
        lines += [(f"{file.name}:{number}", line) for number, line in enumerate(content.split(b"\n"), 1) if line]
    return lines, problems


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("not a whole line of JSON") from error
    if not isinstance(record, dict):
        raise ValueError("not a record")
    return record
