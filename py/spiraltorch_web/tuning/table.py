"""`TunerTable`: which launch fits which problem on one kind of device, as measured there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

from ..errors import FileFormatError
from ..kernels.rankk.choice import Choice, RankKind
from .builtin import builtin_choice
from .cells import CellIndex
from .coverage import Gap, find_gaps, overlap, unreachable
from .records import (
    SCHEMA,
    Cell,
    Provenance,
    TunerRecord,
    read_cells,
    read_provenance,
    read_record,
    write_cells,
)


class TunerTable:
    """Records by specificity, the cells they were fitted to, and where the figures are from.

    The first record that matches decides. Two records of equal specificity for one problem, and a record behind
    others that take all its problems, are errors; problems that no record takes are found by `gaps`.
    """

    def __init__(
        self,
        records: Iterable[TunerRecord | Mapping[str, Any]] = (),
        cells: Iterable[Cell] = (),
        provenance: Provenance | None = None,
    ) -> None:
        self._records: tuple[TunerRecord, ...] = ()
        self.cells = CellIndex(tuple(cells))
        self.provenance = provenance
        self._extend(records)

    @property
    def records(self) -> tuple[TunerRecord, ...]:
        """All records, most specific first."""
        return self._records

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[TunerRecord]:
        return iter(self._records)

    def push(self, record: TunerRecord | Mapping[str, Any]) -> None:
        """Add a record, given as in a file or ready-made. Raises FileFormatError and leaves the table as it was."""
        self._extend([record])

    def lookup(
        self, rows: int, cols: int, k: int, subgroups: bool = False, kind: RankKind = RankKind.TOPK
    ) -> TunerRecord | None:
        """The record that decides about a problem; None when no record is for it."""
        return next((record for record in self._records if record.matches(rows, cols, k, subgroups, kind)), None)

    def choose(
        self, rows: int, cols: int, k: int, subgroups: bool = False, kind: RankKind = RankKind.TOPK
    ) -> Choice | None:
        """The choice for a problem, None when no record is for it.

        Fields that the record leaves open are the built-in ones for the problem. The choice may still need a repair
        for a device with other limits.
        """
        record = self.lookup(rows, cols, k, subgroups, kind)
        if record is None:
            return None
        return builtin_choice(kind, rows, cols, k, subgroups, dict(record.assigns))

    def gaps(self, kind: RankKind = RankKind.TOPK, subgroups: bool = True) -> tuple[Gap, ...]:
        """Problems that no record is for."""
        return find_gaps([record for record in self._records if record.kind in (None, kind)
                          and (subgroups or not record.sg)])  # fmt: skip

    # --- files --------------------------------------------------------------------------------------------------

    @classmethod
    def from_json_str(cls, text: str) -> TunerTable:
        """A table from JSON: a list of records, or an object with schema, provenance, records, choices and cells.

        Raises FileFormatError that says where and what fits.
        """
        data = _parsed(text)
        if isinstance(data, list):
            return cls(data)
        if not isinstance(data, dict):
            raise FileFormatError("a tuner table is a list of records, or an object that holds one as `records`")
        known = ("schema", "provenance", "records", "choices", "cells")
        if unknown := [name for name in data if name not in known]:
            raise FileFormatError(f"the table has an unknown entry {unknown[0]!r}; there are {', '.join(known)}")
        if data.get("schema") != SCHEMA:
            raise FileFormatError(f"the table's schema is {data.get('schema')!r}; this version reads schema {SCHEMA}")
        if not isinstance(data.get("records"), list):
            raise FileFormatError("the table holds no list `records`")
        cells = read_cells(data.get("cells", []), data.get("choices", []))
        provenance = read_provenance(data["provenance"]) if "provenance" in data else None
        return cls(data["records"], cells, provenance)

    def to_json(self) -> str:
        """The table as a file's text: one record and one cell to a line."""
        parts: dict[str, Any] = {"schema": SCHEMA}
        if self.provenance is not None:
            parts["provenance"] = self.provenance.to_json()
        parts["records"] = [record.to_json() for record in self._records]
        if self.cells:
            parts |= write_cells(self.cells.cells)
        return "{\n" + ",\n".join(f"{json.dumps(name)}: {_lines(part)}" for name, part in parts.items()) + "\n}\n"

    def _extend(self, given: Iterable[TunerRecord | Mapping[str, Any]]) -> None:
        new = [one if isinstance(one, TunerRecord) else read_record(one, f"record {i}") for i, one in enumerate(given)]
        records = sorted((*self._records, *new), key=lambda record: record.specificity, reverse=True)
        if clash := overlap(records):
            first, second = clash
            raise FileFormatError(f"records {first} and {second} are equally specific and both take some problems")
        if (lost := unreachable(records)) is not None:
            raise FileFormatError(f"record {lost} is never reached: more specific records take all its problems")
        self._records = tuple(records)


# The seed's name for the same class.
WasmTunerTable = TunerTable


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise FileFormatError(f"the tuner table is not JSON: {problem}") from None


def _refuse(constant: str) -> NoReturn:
    raise FileFormatError(f"the tuner table holds {constant}, which is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FileFormatError(f"the tuner table has the entry {twice!r} twice in one object")
    return found


def _lines(part: Any) -> str:
    """JSON with one entry of a list to a line."""
    if isinstance(part, list) and part:
        return "[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in part) + "\n]"
    return json.dumps(part, ensure_ascii=False)
