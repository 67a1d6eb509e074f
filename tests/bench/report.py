"""What the benchmarks found: rows of one table, and the same as JSON with adapter, date and versions."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "wgpu", "torch", "playwright")
COLUMNS = ("case", "what", "value", "± half IQR", "ratio", "goal", "note")
_TIME_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


@dataclass(frozen=True)
class Row:
    """One figure. ``ratio`` is against the first row of its case; ``goal`` says which machine it holds for."""

    section: str
    case: str
    what: str
    value: float
    unit: str
    spread: float | None = None  # half the interquartile range, in the same unit
    ratio: float | None = None
    goal: str = ""
    note: str = ""


@dataclass
class Report:
    """Rows as they are found, and the facts that make them worth reading later."""

    adapters: dict[str, str] = field(default_factory=dict)  # where -> adapter and driver
    versions: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    cores: int = 0
    load: tuple[float, ...] = ()  # of the machine at the start, over 1, 5 and 15 minutes: times are only good when low

    def __post_init__(self) -> None:
        self.cores = os.cpu_count() or 0
        self.load = tuple(round(each, 2) for each in os.getloadavg()) if hasattr(os, "getloadavg") else ()
        self.versions |= {"python": platform.python_version(), **_installed(PACKAGES)}

    def add(self, rows: Sequence[Row]) -> None:
        """Keep rows and print them at once: a long run shows what it has."""
        self.rows += rows
        for row in rows:
            print("  ".join(part for part in (row.section, *_cells(row)) if part), flush=True)

    def remark(self, text: str) -> None:
        """Note what could not be measured, or what a reader has to know."""
        self.remarks.append(text)
        print(f"note: {text}", flush=True)

    def write(self, path: Path) -> None:
        """Everything as JSON."""
        document = {"date": time.strftime("%Y-%m-%d"), "platform": platform.platform(), **asdict(self)}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def __str__(self) -> str:
        head = [f"SpiralTorch benchmarks, {time.strftime('%Y-%m-%d')}, {platform.platform()}"]
        head += [f"{where}: {name}" for where, name in self.adapters.items()]
        head.append(f"{self.cores} cores, load {self.load[0] if self.load else 'unknown'} at the start")
        head.append(", ".join(f"{name} {number}" for name, number in sorted(self.versions.items())))
        cells = [COLUMNS, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
        lines = [_line(COLUMNS, widths), _line(["-" * width for width in widths], widths)]
        lines += [_line(_cells(row), widths) for row in self.rows]
        return "\n".join([*head, "", *lines, *(f"note: {text}" for text in self.remarks)])


def _installed(names: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def _cells(row: Row) -> tuple[str, ...]:
    scale, unit = _shown_unit(row)
    spread = "" if row.spread is None else f"{row.spread / scale:.3g}"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} ×"
    return row.case, row.what, f"{_number(row.value / scale)} {unit}", spread, ratio, row.goal, row.note


def _shown_unit(row: Row) -> tuple[float, str]:
    """The unit that a row is shown in, and its size in the row's own: seconds become ms or µs."""
    if row.unit != "s":
        return 1.0, row.unit
    return next(((scale, name) for scale, name in _TIME_UNITS if row.value >= scale), _TIME_UNITS[-1])


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.1f}"
