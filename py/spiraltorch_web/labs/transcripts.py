"""Records of a transcript as a view can show them: files are written by other versions, and by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from ..errors import FileFormatError
from ..roundtable import Problem, Tally, decision_of

Record = dict[str, Any]


def shown(record: Mapping[str, Any]) -> Record:
    """The record with all that its event has. Raises FileFormatError for one that is not what it says."""
    try:
        if not isinstance(record["time"], str):
            raise ValueError("a time is a text")
        found = _SHOWN[record["event"]](record)
        json.dumps(found, allow_nan=False)  # a page cannot read other numbers
        return found
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FileFormatError(f"not a record of a transcript: {error!r}") from error


def all_shown(records: Iterable[Mapping[str, Any]]) -> list[Record]:
    """Those of the records that can be shown."""
    found = []
    for record in records:
        try:
            found.append(shown(record))
        except FileFormatError:
            continue
    return found


def _decision(record: Mapping[str, Any]) -> Record:
    return decision_of(record).record()


def _trial(record: Mapping[str, Any]) -> Record:
    Problem(**{field.name: record[field.name] for field in fields(Problem)})
    sides = [field.split("=")[1].split(":") for field in record["pair"].split()]
    a, c = record["seconds"]
    if any(len(side) != 2 for side in sides) or not (float(a) >= 0 and float(c) >= 0):
        raise ValueError("a trial has two sides and their times")
    return {**record, "wilson": _tally(record)}


def _lesson(record: Mapping[str, Any]) -> Record:
    return {**_undo(record), "wilson": _tally(record)}


def _undo(record: Mapping[str, Any]) -> Record:
    if not all(isinstance(rule, str) for rule in record["rules"]):
        raise ValueError("a rule is a text")
    return dict(record)


def _tally(record: Mapping[str, Any]) -> Record:
    return Tally(record["wilson"]["wins"], record["wilson"]["trials"]).record()


_SHOWN = {"decision": _decision, "trial": _trial, "lesson": _lesson, "undo": _undo}
