"""The roundtable's view: the policy with its errors, surveys of what it chooses, what was decided and learnt."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any, NamedTuple

from ..errors import ArgumentError, FileFormatError, SpiralKError
from ..kernels.rankk.choice import FIELDS, Choice
from ..rankk.planner import planner
from ..roundtable import LearntRule, Problem, RankFamily, Roundtable, current, deliberate
from ..roundtable.consensus import Prediction
from ..roundtable.policy import Rulebook, read_rulebook
from ..roundtable.rewrite import by_hand
from ..tuning.shapes import kind_named, problem_of
from .transcripts import all_shown, shown

Facts = Mapping[str, Any]

SHOWN = 100  # records of the transcript
MOST_IMPORTED = 4_000_000  # characters of a transcript


def state() -> Facts:
    """The policy, what was learnt, and the last records of the transcript."""
    table = current()
    caps = planner().current_caps()
    return {
        "text": table.memory.text(),
        "program": table.settings.program,
        "learnt": [_rule(rule) for rule in table.learnt()],
        "records": all_shown(table.transcript.read().records[-SHOWN:]),
        "measure": table.settings.measure,
        "trouble": table.keeper.trouble,
        "device": caps.device_class,
        "adapter": caps.adapter,
    }


def check(text: str) -> list[Facts]:
    """What is wrong with a policy, each with its place; lines that trials have taught are not looked at."""
    from ..spiralk import parse_lines  # loads the parser

    try:
        lines = parse_lines(by_hand(text))
    except SpiralKError as error:
        return [_finding("error", error.line, error.column, error.end_column, error.problem, error.suggestion)]
    torn = [
        _finding("error", error.line, error.column, error.end_column, error.problem, error.suggestion)
        for error in lines.errors
    ]
    strange = [
        _finding(found.level, found.line, found.column, None, found.message, found.suggestion)
        for found in lines.program.check()
    ]
    return sorted(torn + strange, key=lambda finding: (finding["line"], finding["column"]))


def survey(kind: str, k: int, rows: Sequence[int], cols: Sequence[int], text: str) -> Facts:
    """What a policy chooses on a grid of shapes; None where k does not fit into a row."""
    judge = _Judge(kind, text)
    cells = [[judge.cell(height, width, k) if k <= width else None for width in cols] for height in rows]
    return {"k": k, "cells": cells}


def preview(kind: str, rows: int, cols: int, k: int, text: str) -> Facts:
    """The whole decision that a policy leads to for one problem, as the transcript would have it."""
    return _Judge(kind, text).decision(rows, cols, k).record()


def save(text: str, base: str) -> Facts:
    """Give heur.kdsl another text. Raises ArgumentError when it is not ``base`` any more, so that nothing is lost."""
    memory = current().memory
    if memory.text() != base:
        raise ArgumentError("heur.kdsl has changed since this text was opened: something was learnt or undone")
    memory.replace(text)
    planner().forget()
    return state()


def undo(ids: Sequence[str]) -> Facts:
    """Forget learnt rules by their ids."""
    current().undo(*ids)
    planner().forget()
    return state()


def try_out(on: bool) -> Facts:
    """Whether decisions are put to trial by measuring, as SPIRAL_MEASURE says."""
    os.environ["SPIRAL_MEASURE"] = "1" if on else "0"
    planner().forget()
    return state()


def log() -> Facts:
    """The transcript as a file."""
    records = current().transcript.read().records
    return {"name": "roundtable.log", "text": "".join(f"{json.dumps(record)}\n" for record in records)}


def import_log(text: str) -> Facts:
    """Append the records of a transcript that are not in this one; what is none is counted and left out."""
    if len(text) > MOST_IMPORTED:
        raise ArgumentError(f"the file has {len(text):,} characters; a transcript has at most {MOST_IMPORTED:,}")
    table = current()
    known = {json.dumps(record, sort_keys=True) for record in table.transcript.read().records}
    taken = refused = 0
    for line in filter(str.strip, text.split("\n")):
        try:
            record = _record(line)
        except (ValueError, RecursionError, FileFormatError):
            refused += 1
            continue
        key = json.dumps(record, sort_keys=True)
        if key not in known:
            known.add(key)
            table.transcript.append(record)
            taken += 1
    return {**state(), "taken": taken, "refused": refused}


class _Judge:
    """Decides problems of one kind on the current device by a policy that is not in force yet."""

    def __init__(self, kind: str, text: str) -> None:
        table: Roundtable = current()
        caps = planner().current_caps()
        self.kind = kind_named(kind)
        self.prior = table.settings.table_weight
        self.soft = table.settings.soft
        self.rulebook: Rulebook = read_rulebook(text, "heur.kdsl", table.settings.program)
        self.family = _Remembering(RankFamily(self.kind, caps, planner().table(caps).table))

    def decision(self, rows: int, cols: int, k: int):
        """The decision for a problem. Raises ArgumentError for one that cannot be."""
        problem_of(self.kind, rows, cols, k)
        problem = Problem(self.kind.name.lower(), rows, cols, k, self.family.device)
        policy = self.rulebook.policy(problem, self.family.context(problem), (), self.soft)
        return deliberate(problem, self.family, policy, self.prior)

    def cell(self, rows: int, cols: int, k: int) -> Facts:
        """What a map shows of a decision."""
        found = self.decision(rows, cols, k)
        values = {name: int(getattr(found.choice, name)) for name in FIELDS}
        return {"winner": found.winner, "predicted": found.predicted, **values}


class _Remembered(NamedTuple):
    """A prediction with its reason in words, not with the measurements that it rests on."""

    seconds: float
    reason: str


class _Remembering:
    """A family whose launches and predicted times are worked out once, since policies only change who wins."""

    def __init__(self, family: RankFamily) -> None:
        self.device, self.fields = family.device, family.fields
        self.context, self.decided_together = family.context, family.decided_together
        self._family = family

    def candidates(self, problem: Problem) -> Sequence[Choice]:
        return _launches(self._family, problem)

    def table_choice(self, problem: Problem) -> Choice | None:
        return self._family.table_choice(problem)

    def repair(self, problem: Problem, choice: Choice) -> tuple[Choice, tuple[str, ...]]:
        return _repaired(self._family, problem, choice)

    def predict(self, problem: Problem, choice: Choice) -> Prediction:
        return _predicted(self._family, problem, choice)


@lru_cache(maxsize=4096)
def _launches(family: RankFamily, problem: Problem) -> tuple[Choice, ...]:
    return tuple(family.candidates(problem))


@lru_cache(maxsize=65_536)
def _repaired(family: RankFamily, problem: Problem, choice: Choice) -> tuple[Choice, tuple[str, ...]]:
    return family.repair(problem, choice)


@lru_cache(maxsize=65_536)
def _predicted(family: RankFamily, problem: Problem, choice: Choice) -> Prediction:
    found = family.predict(problem, choice)
    return _Remembered(found.seconds, found.reason)


def _record(line: str) -> Any:
    record = json.loads(line)
    if not isinstance(record, dict):
        raise ValueError("not a record of a transcript")
    return shown(record)


def _rule(rule: LearntRule) -> Facts:
    low, high = rule.tally.interval
    return {**asdict(rule), "id": rule.id, "code": rule.code, "low": low, "high": high}


def _finding(level: str, line: int, column: int, end_column: int | None, message: str, suggestion: str | None) -> Facts:
    return {"level": level, "line": line, "column": column, "endColumn": end_column, "message": message,
            "suggestion": suggestion or ""}  # fmt: skip
