"""What a tuner table is made of, read strictly: records that choose, measured cells, and where both are from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from ..errors import FileFormatError
from ..kernels.rankk.choice import FIELDS, Choice, RankKind
from ..kernels.rankk.problem import RankProblem
from .shapes import KIND_NAMES

SCHEMA = 1
KINDS = MappingProxyType({name: kind for kind, name in KIND_NAMES.items()})
_CONDITIONS = ("rows", "cols_min", "cols_max", "k_max", "sg", "kind")
_MEASURED = ("winner_us", "runner_up_us")
_SWITCHES = frozenset({"use_2ce"})
_LARGEST = 2**31 - 1


@dataclass(frozen=True)
class TunerRecord:
    """One rule of a table: problems that it is for, and the fields of `Choice` that it sets.

    It is for at least ``rows`` rows of ``cols_min`` to ``cols_max`` columns (both included) and k up to ``k_max``; with
    ``sg`` only where there are subgroup operations, with ``kind`` only for that kind. ``winner_us`` and
    ``runner_up_us`` are measured microseconds of the choice and of the next best one.
    """

    rows: int
    cols_min: int
    cols_max: int
    k_max: int
    sg: bool = False
    kind: RankKind | None = None
    assigns: Mapping[str, int] = field(default_factory=dict)
    winner_us: float | None = None
    runner_up_us: float | None = None

    def matches(self, rows: int, cols: int, k: int, subgroups: bool, kind: RankKind) -> bool:
        """Whether the record is for such a problem on such a device."""
        return (
            self.cols_min <= cols <= self.cols_max
            and rows >= self.rows
            and k <= self.k_max
            and (subgroups or not self.sg)
            and self.kind in (None, kind)
        )

    @property
    def specificity(self) -> tuple:
        """Records are tried from the largest: a kind before all, subgroups before any device, then the most rows,
        the fewest columns and the smallest k."""
        return (self.kind is not None, self.sg, self.rows, self.cols_min - self.cols_max, -self.k_max)

    def to_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        found: dict[str, Any] = {name: getattr(self, name) for name in ("rows", "cols_min", "cols_max", "k_max", "sg")}
        if self.kind is not None:
            found["kind"] = KIND_NAMES[self.kind]
        found |= {name: bool(value) if name in _SWITCHES else int(value) for name, value in self.assigns.items()}
        return found | {name: getattr(self, name) for name in _MEASURED if getattr(self, name) is not None}

    def __str__(self) -> str:
        parts = [f"rows ≥ {self.rows}", f"cols {self.cols_min}–{self.cols_max}", f"k ≤ {self.k_max}"]
        if self.sg:
            parts.append("subgroups")
        if self.kind is not None:
            parts.append(KIND_NAMES[self.kind])
        return "(" + ", ".join(parts) + ")"


@dataclass(frozen=True)
class Cell:
    """One measured problem: microseconds of device time by choice."""

    problem: RankProblem
    microseconds: Mapping[Choice, float]

    def best(self) -> tuple[Choice, float]:
        """The fastest choice and its time."""
        return min(self.microseconds.items(), key=lambda item: item[1])


@dataclass(frozen=True)
class Provenance:
    """Where a table's figures are from. ``device_classes`` are the devices that it is for."""

    adapter: str
    driver: str
    backend: str
    date: str
    version: str
    device_classes: tuple[str, ...]
    read_bytes_per_second: float
    launch_seconds: float

    def to_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        return {part.name: getattr(self, part.name) for part in fields(self)} | {
            "device_classes": list(self.device_classes)
        }


def read_record(data: Any, where: str) -> TunerRecord:
    """A record from JSON data. Raises FileFormatError that names the place, the entry and what fits."""
    entries = _object(data, where, (*_CONDITIONS, *_MEASURED, *FIELDS))
    missing = [name for name in ("rows", "cols_min", "cols_max", "k_max") if name not in entries]
    if missing:
        raise FileFormatError(f"{where} lacks {', '.join(missing)}")
    record = TunerRecord(
        rows=_integer(entries, "rows", where, 0),
        cols_min=_integer(entries, "cols_min", where, 0),
        cols_max=_integer(entries, "cols_max", where, 1),
        k_max=_integer(entries, "k_max", where, 1),
        sg=_switch(entries.get("sg", False), f"{where}: sg"),
        kind=_kind(entries["kind"], where) if "kind" in entries else None,
        assigns=MappingProxyType({name: _assigned(name, entries[name], where) for name in FIELDS if name in entries}),
        **{name: _positive(entries[name], f"{where}: {name}") for name in _MEASURED if name in entries},
    )
    if record.cols_min > record.cols_max:
        raise FileFormatError(f"{where} is for no columns: cols_min {record.cols_min} > cols_max {record.cols_max}")
    if not record.assigns:
        raise FileFormatError(f"{where} sets no field; there are {', '.join(FIELDS)}")
    return record


def read_cells(cells: Any, choices: Any) -> tuple[Cell, ...]:
    """Measured cells, which name their choices by number, from JSON data. Raises FileFormatError."""
    known = tuple(read_choice(data, f"choice {i}") for i, data in enumerate(_list(choices, "choices")))
    found = []
    for i, data in enumerate(_list(cells, "cells")):
        where = f"cell {i}"
        entries = _object(data, where, ("kind", "rows", "cols", "k", "us"))
        sizes = (_integer(entries, name, where, 1) for name in ("rows", "cols", "k"))
        problem = RankProblem(_kind(entries.get("kind"), where), *sizes)
        if problem.k > problem.cols:
            raise FileFormatError(f"{where} has k {problem.k} > cols {problem.cols}")
        pairs = _list(entries.get("us"), f"{where}: us")
        found.append(Cell(problem, MappingProxyType(dict(_measured(pair, known, where) for pair in pairs))))
        if not pairs:
            raise FileFormatError(f"{where} holds no measurement")
    return tuple(found)


def write_cells(cells: tuple[Cell, ...]) -> dict[str, Any]:
    """``choices`` and ``cells`` as they stand in a file."""
    numbers: dict[Choice, int] = {}
    rows = []
    for cell in cells:
        measured = [[numbers.setdefault(c, len(numbers)), round(us, 3)] for c, us in cell.microseconds.items()]
        p = cell.problem
        rows.append({"kind": KIND_NAMES[p.kind], "rows": p.rows, "cols": p.cols, "k": p.k, "us": measured})
    return {"choices": [{name: int(getattr(choice, name)) for name in FIELDS} for choice in numbers], "cells": rows}


def read_choice(data: Any, where: str) -> Choice:
    """A choice from JSON data; fields that are missing keep their default. Raises FileFormatError."""
    entries = _object(data, where, tuple(FIELDS))
    return Choice(**{name: _assigned(name, value, where) for name, value in entries.items()})


def read_provenance(data: Any) -> Provenance:
    """Provenance from JSON data. Raises FileFormatError."""
    names = tuple(part.name for part in fields(Provenance))
    entries = _object(data, "provenance", names)
    if missing := [name for name in names if name not in entries]:
        raise FileFormatError(f"provenance lacks {', '.join(missing)}")
    classes = _list(entries["device_classes"], "provenance: device_classes")
    words = [entries[name] for name in ("adapter", "driver", "backend", "date", "version")]
    if not all(isinstance(word, str) for word in (*words, *classes)):
        raise FileFormatError("provenance: adapter, driver, backend, date, version and device classes are texts")
    rate, launch = (_positive(entries[name], f"provenance: {name}") for name in names[-2:])
    return Provenance(*words, tuple(classes), rate, launch)


def _measured(pair: Any, known: tuple[Choice, ...], where: str) -> tuple[Choice, float]:
    number, microseconds = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(known):
        raise FileFormatError(
            f"{where}: us has {pair!r}; pairs of a choice's number (0 to {len(known) - 1}) and a time"
        )
    return known[number], _positive(microseconds, f"{where}: us")


def _object(data: Any, where: str, names: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise FileFormatError(f"{where} is not an object: {data!r}"[:200])
    if unknown := [name for name in data if name not in names]:
        raise FileFormatError(f"{where} has an unknown entry {unknown[0]!r}; there are {', '.join(names)}")
    return data


def _list(data: Any, where: str) -> list:
    if not isinstance(data, list):
        raise FileFormatError(f"{where} is not a list: {data!r}"[:200])
    return data


def _integer(entries: Mapping[str, Any], name: str, where: str, least: int) -> int:
    value = entries.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _LARGEST:
        raise FileFormatError(f"{where}: {name} is {value!r}; it is an integer from {least} to {_LARGEST}")
    return value


def _positive(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < float("inf"):
        raise FileFormatError(f"{where} is {value!r}; it is a number above 0")
    return float(value)


def _switch(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise FileFormatError(f"{where} is {value!r}; it is true or false")
    return value


def _kind(value: Any, where: str) -> RankKind:
    if not isinstance(value, str) or value not in KINDS:
        raise FileFormatError(f"{where}: kind is {value!r}; the kinds are {', '.join(KINDS)}")
    return KINDS[value]


def _assigned(name: str, value: Any, where: str) -> int:
    """A field's value; switches may be true or false as well as 1 or 0."""
    domain = FIELDS[name].domain
    plain = isinstance(value, bool) and name in _SWITCHES or isinstance(value, int) and not isinstance(value, bool)
    if not plain or value not in domain:
        shown = ", ".join(map(str, map(int, domain)))
        raise FileFormatError(f"{where}: {name} is {value!r}; it is one of {shown}")
    return bool(value) if name in _SWITCHES else int(value)
