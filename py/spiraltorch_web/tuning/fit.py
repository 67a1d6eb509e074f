"""From measured cells to few records: who is chosen where, at a small and known loss.

A problem belongs to the grid's nearest rows, columns and k, by their ratio: a workgroup that cannot hold it is repaired
to a larger one. Only subgroups do not grow, so that theirs are the columns up to the measured ones. Within a range of
columns the record with the most rows comes first, then the one with the smallest k.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from ..kernels.rankk.choice import Choice, Merge, RankKind
from .records import Cell, TunerRecord

LOSS = 1.03  # a choice this close to a cell's best stands for it, so that fewer records are needed
LARGEST = 2**31 - 1
RANK_FIELDS = ("mk", "mkd", "tile", "ctile", "use_2ce", "wg", "kl", "ch")
MODE_FIELDS = MappingProxyType({RankKind.MIDK: "mode_midk", RankKind.BOTTOMK: "mode_bottomk"})


@dataclass(frozen=True)
class Rule:
    """A choice for at least so many rows and k up to a bound, within one range of columns."""

    rows: int
    k_max: int
    choice: Choice

    def __lt__(self, other: Rule) -> bool:
        return (-self.rows, self.k_max) < (-other.rows, other.k_max)


@dataclass
class _Range:
    """The rules of a range of columns, and the cells that it stands for."""

    first: int
    last: int
    rules: list[Rule]
    cells: list[Cell]


def fit_records(cells: Iterable[Cell], loss: float = LOSS) -> tuple[TunerRecord, ...]:
    """Records that choose, for each cell, what is at most ``loss`` times as slow as its best choice.

    TopK's records serve BottomK too when BottomK was not measured.
    """
    by_kind: dict[RankKind, list[Cell]] = {}
    for cell in cells:
        by_kind.setdefault(cell.problem.kind, []).append(cell)
    records: list[TunerRecord] = []
    for kind, found in by_kind.items():
        shared = kind is RankKind.TOPK and RankKind.BOTTOMK not in by_kind
        for part in _ranges(found, loss):
            records += [_record(None if shared else kind, kind, part, rule) for rule in part.rules]
    return tuple(sorted(records, key=lambda record: record.specificity, reverse=True))


def _ranges(cells: Sequence[Cell], loss: float) -> list[_Range]:
    """One kind's columns in ranges; a range takes in the next one where its rules do as well there."""
    by_cols: dict[int, list[Cell]] = {}
    for cell in cells:
        by_cols.setdefault(cell.problem.cols, []).append(cell)
    found: list[_Range] = []
    for cols, last in _ends(by_cols).items():
        inside = by_cols[cols]
        if found and _serves(found[-1].rules, inside, loss):
            found[-1].cells += inside
        else:
            found.append(_Range(found[-1].last + 1 if found else 1, last, _rules(inside, loss), list(inside)))
        held = any(rule.choice.mk == Merge.WARP for rule in found[-1].rules)
        found[-1].last = cols if held and last < LARGEST else last
    return found


def _rules(cells: Sequence[Cell], loss: float) -> list[Rule]:
    """Rules for cells of equal columns: runs of k that one choice serves, then without the rules that others cover."""
    thresholds = _thresholds(sorted({cell.problem.rows for cell in cells}))
    rules: list[Rule] = []
    for rows, least in thresholds.items():
        line = sorted((cell for cell in cells if cell.problem.rows == rows), key=lambda cell: cell.problem.k)
        rules += _runs(least, line, loss)
    rules.sort()
    for rule in list(rules):
        others = [other for other in rules if other is not rule]
        if others and _serves(others, [cell for cell in cells if _first(rules, cell) is rule], loss):
            rules = others
    return rules


def _runs(rows: int, line: Sequence[Cell], loss: float) -> list[Rule]:
    """Rules for one number of rows, k ascending; the last one takes larger k too."""
    ends = _ends(cell.problem.k for cell in line)
    rules: list[Rule] = []
    run: list[Cell] = []
    for cell in line:
        if run and _worst(_common(run + [cell]), run + [cell]) > loss:
            rules.append(Rule(rows, ends[run[-1].problem.k], _common(run)))
            run = []
        run.append(cell)
    return [*rules, Rule(rows, LARGEST, _common(run))]


def _ends(sizes: Iterable[int]) -> Mapping[int, int]:
    """The largest size that belongs to each measured one: up to the geometric middle to the next, the last to any."""
    ordered = sorted(set(sizes))
    return {low: math.isqrt(low * high) for low, high in pairwise(ordered)} | {ordered[-1]: LARGEST}


def _thresholds(rows: Sequence[int]) -> Mapping[int, int]:
    """The fewest rows that belong to each measured number of rows: from the geometric middle on."""
    return {rows[0]: 1} | {high: math.ceil(math.sqrt(low * high)) for low, high in pairwise(rows)}


def _common(cells: Sequence[Cell]) -> Choice:
    """The choice whose worst loss over the cells is least."""
    candidates = dict.fromkeys(choice for cell in cells for choice in cell.microseconds)
    return min(candidates, key=lambda choice: (_worst(choice, cells), _total(choice, cells)))


def _worst(choice: Choice, cells: Sequence[Cell]) -> float:
    """How many times as slow as the best a choice is at worst; infinite where it was not measured."""
    return max(cell.microseconds.get(choice, math.inf) / cell.best()[1] for cell in cells)


def _total(choice: Choice, cells: Sequence[Cell]) -> float:
    return sum(cell.microseconds.get(choice, math.inf) / cell.best()[1] for cell in cells)


def _first(rules: Sequence[Rule], cell: Cell) -> Rule | None:
    """The rule that decides about a cell; ``rules`` are in order."""
    problem = cell.problem
    return next((rule for rule in rules if problem.rows >= rule.rows and problem.k <= rule.k_max), None)


def _serves(rules: Sequence[Rule], cells: Sequence[Cell], loss: float) -> bool:
    """Whether the rules, in order, choose well enough for all cells."""
    chosen = ((_first(rules, cell), cell) for cell in cells)
    return all(rule is not None and _worst(rule.choice, [cell]) <= loss for rule, cell in chosen)


def _record(scope: RankKind | None, kind: RankKind, part: _Range, rule: Rule) -> TunerRecord:
    decided = [cell for cell in part.cells if _first(part.rules, cell) is rule]
    names = (*RANK_FIELDS, *([MODE_FIELDS[kind]] if kind in MODE_FIELDS else []))
    assigns = MappingProxyType({name: getattr(rule.choice, name) for name in names})
    winner, runner_up = _measured(rule.choice, decided[-1]) if decided else (None, None)
    return TunerRecord(rule.rows, part.first, part.last, rule.k_max, False, scope, assigns, winner, runner_up)


def _measured(choice: Choice, cell: Cell) -> tuple[float | None, float | None]:
    """Microseconds of a choice in a cell, and of the best other one, to the nanosecond."""
    times = {other: round(time, 3) for other, time in cell.microseconds.items()}
    return times.pop(choice, None), min(times.values(), default=None)
