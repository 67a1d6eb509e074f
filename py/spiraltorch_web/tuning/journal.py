"""The journal of a tuning run: one line per measured problem, so that a run goes on where it was interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..kernels.rankk.choice import Choice
from ..kernels.rankk.problem import RankProblem
from .facts import Facts
from .records import Cell, read_cells, write_cells

FORMAT = 1
Family = tuple[int, int]  # mk and mkd


class Journal:
    """Cells that were measured on one device with one version of the library; None as a path keeps them in memory.

    A file of another device, version or format is put aside as ``<name>.old``; a torn last line is dropped.
    """

    def __init__(self, path: Path | None, device_class: str, version: str) -> None:
        self.path = path
        self.facts: Facts | None = None
        self.cells: dict[RankProblem, Cell] = {}
        self.distrusted: dict[Family, str] = {}  # with the fault that was found
        self._head = {"format": FORMAT, "device_class": device_class, "version": version}
        lines, torn = _lines(path)
        if lines and lines[0] == self._head:
            if torn:
                path.write_text("".join(json.dumps(dict(line)) + "\n" for line in lines), encoding="utf-8")
            for line in lines[1:]:
                self._take(line)
        elif path is not None:
            if path.is_file():
                path.replace(path.with_name(path.name + ".old"))
            self._append(self._head)

    def __len__(self) -> int:
        return len(self.cells)

    def add(self, cell: Cell) -> None:
        """Keep a cell, on disk at once."""
        self.cells[cell.problem] = cell
        self._append(write_cells((cell,)))

    def distrust(self, choice: Choice, fault: str) -> None:
        """From now on leave out everything that finds and orders winners as this choice, which gave a wrong result."""
        if self.trusts(choice):
            self.distrusted[_family(choice)] = fault
            self._append({"distrusted": list(_family(choice)), "fault": fault})

    def trusts(self, choice: Choice) -> bool:
        """Whether no choice of its family gave a wrong result."""
        return _family(choice) not in self.distrusted

    def trusted(self, problems: Iterable[RankProblem]) -> list[Cell]:
        """The cells of those problems that were measured, without what is distrusted."""
        found = []
        for problem in problems:
            if problem in self.cells:
                times = {c: time for c, time in self.cells[problem].microseconds.items() if self.trusts(c)}
                found += [Cell(problem, MappingProxyType(times))] if times else []
        return found

    def note(self, facts: Facts) -> None:
        """Keep what was measured of the device."""
        self.facts = facts
        self._append({"facts": asdict(facts)})

    def _take(self, line: Mapping[str, Any]) -> None:
        if "facts" in line:
            self.facts = Facts(**line["facts"])
        if "distrusted" in line:
            mk, mkd = line["distrusted"]
            self.distrusted[mk, mkd] = line["fault"]
        for cell in read_cells(line.get("cells", []), line.get("choices", [])):
            self.cells[cell.problem] = cell

    def _append(self, line: Mapping[str, Any]) -> None:
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _family(choice: Choice) -> Family:
    return int(choice.mk), int(choice.mkd)


def _lines(path: Path | None) -> tuple[list[Mapping[str, Any]], bool]:
    """The whole lines of a file, and whether more follows: a line that broke off."""
    found: list[Mapping[str, Any]] = []
    if path is None or not path.is_file():
        return found, False
    for text in path.read_bytes().splitlines():
        try:
            found.append(MappingProxyType(json.loads(text)))
        except (ValueError, TypeError):
            return found, True
    return found, False
