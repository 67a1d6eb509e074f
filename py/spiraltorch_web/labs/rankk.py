"""The Rank-K lab: plans, pictures of selected entries, timed launches and tuning runs, as facts for the page."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..config import tuner_folder
from ..errors import ArgumentError
from ..io.files import write_atomically
from ..kernels.rankk.choice import FIELDS, Choice, Merge, Order
from ..rankk.alternatives import Alternative, alternatives, measured
from ..rankk.describe import choice_text
from ..rankk.plan import RankPlan
from ..rankk.planner import plan_rank, planner
from ..rankk.script import to_unison_script
from ..runtime.session import session
from ..tensor import amax, amin, cat, isnan, reshape, where
from ..tensor.core import Tensor
from ..tuning.grid import grid_named
from ..tuning.inputs import DISTRIBUTIONS, matrix
from ..tuning.journal import Journal
from ..tuning.regret import Regret
from ..tuning.shapes import KIND_NAMES, kind_named
from ..tuning.tuner import Finished, Measured, Started
from ..tuning.tuner import tune as tuning_run
from ..version import __version__
from .numbers import plain

Facts = Mapping[str, Any]

POINTS = 2048  # of a row's picture; longer rows are drawn as the range of each of half as many pieces
MOST_SELECTED = 4096  # entries that a picture shows
MOST_ENTRIES = 1 << 26  # of a lab's matrix: 256 MiB
ROUNDS = 5
ONLY_FFT = frozenset({"tile_cols", "radix", "segments"})
# How a person calls the values of fields that are names in disguise.
WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "mk": tuple(merge.name.lower() for merge in Merge),
        "mkd": tuple(order.name.lower() for order in Order),
        "use_2ce": ("no", "yes"),
        "mode_midk": ("as mk", "select", "stream"),
        "mode_bottomk": ("as mk", "select", "stream"),
    }
)


def about() -> Facts:
    """What there is to choose from, and the device that all of it is for."""
    caps = planner().current_caps()
    table = planner().table(caps)
    return {
        "adapter": caps.adapter,
        "device_class": caps.device_class,
        "launches": session().device.lowering == "wgsl",
        "kinds": list(KIND_NAMES.values()),
        "distributions": list(DISTRIBUTIONS),
        "table": {"source": table.source, "note": table.note, "records": len(table.table)},
    }


def plan(kind: str, rows: int, cols: int, k: int) -> Facts:
    """The plan for a problem: its choice field by field, reasons, repairs, and what else there is."""
    decided = _planned(kind, rows, cols, k)
    return {
        "problem": f"{kind} {rows:,} × {cols:,}, k {k:,}",
        "fields": _fields(decided.choice),
        "text": choice_text(decided.choice),
        "predicted": decided.predicted,
        "winner": decided.winner,
        "reasons": decided.reasons,
        "repairs": decided.repairs,
        "script": to_unison_script(decided.choice, decided.kind),
        "alternatives": [_alternative(one) for one in alternatives(decided)],
    }


def picture(kind: str, rows: int, cols: int, k: int, distribution: str, row: int) -> Facts:
    """One row of a matrix and what its plan selects there, with the time of the launch where the device runs any."""
    decided = _planned(kind, rows, cols, k)
    if not 0 <= row < rows:
        raise ArgumentError(f"there is no row {row}; the matrix has {rows}, counted from 0")
    entries = matrix(distribution, rows, cols)
    values, indices = decided.execute(entries)
    shown = min(k, MOST_SELECTED)
    seconds = None
    if session().device.lowering == "wgsl":
        own = Alternative(decided.choice, True, decided.predicted, "")
        seconds = next(measured(decided, [own], distribution, ROUNDS)).measured
    return {
        **_outline(entries[row]),
        "places": indices[row, :shown].tolist(),
        "values": plain(values[row, :shown].tolist()),
        "left_out": k - shown,
        "seconds": seconds,
        "predicted": decided.predicted,
    }


def measure(kind: str, rows: int, cols: int, k: int, distribution: str, count: int) -> Generator[Facts, None, Facts]:
    """Time the plan and the ``count`` alternatives that are fastest by prediction; each is told when it is timed."""
    decided = _planned(kind, rows, cols, k)
    everything = alternatives(decided)
    wanted = [one for place, one in enumerate(everything) if place < count or one.planned]
    yield {"choices": len(wanted), "timed": []}
    timed = []
    for one in measured(decided, wanted, distribution, ROUNDS):
        timed.append(one)
        yield {"choices": len(wanted), "timed": [_alternative(each) for each in timed]}
    adapter = planner().current_caps().adapter
    return {"adapter": adapter, "all": len(everything), "timed": [_alternative(one) for one in timed]}


def tune(grid: str, seconds: float, fresh: bool) -> Generator[Facts, None, Facts]:
    """A tuning run on the current device; its table serves plans at once, and after a reload where storage lasts."""
    caps = planner().current_caps()
    folder = tuner_folder()
    path = folder / f"{caps.device_class}.json" if folder is not None else None
    journal = _journal(path, caps.device_class, fresh)
    start = time.monotonic()
    for event in tuning_run(grid_named(grid, caps), journal, seconds):
        match event:
            case Started():
                yield {"problems": event.problems, "known": event.known, "done": event.known,
                       "read_bytes_per_second": event.facts.read_bytes_per_second,
                       "launch_seconds": event.facts.launch_seconds}  # fmt: skip
            case Measured():
                yield {"problems": event.problems, "done": event.done, "latest": str(event),
                       "left_out": event.left_out, "seconds": time.monotonic() - start}  # fmt: skip
            case Finished():
                return _tuned(event, path)
    raise ArgumentError("the tuning run ended without a table")  # a run's last event is Finished


def _tuned(found: Finished, path: Path | None) -> Facts:
    text = found.table.to_json()
    if path is not None:
        with suppress(OSError):  # the table serves this visit all the same
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text.encode())
            if found.complete:
                path.with_suffix(".journal").unlink(missing_ok=True)
    caps = planner().current_caps()
    loaded = planner().use_table(text, caps, "measured in this tab")
    return {
        "table": text,
        "name": f"{caps.device_class}.json",
        "records": len(found.table),
        "cells": len(found.table.cells),
        "complete": found.complete,
        "regrets": [_regret(found.chooser), *(_regret(one) for one in found.always)],
        "note": loaded.note,
    }


def _planned(kind: str, rows: int, cols: int, k: int) -> RankPlan:
    if rows * cols > MOST_ENTRIES:
        raise ArgumentError(f"{rows:,} × {cols:,} are more than the {MOST_ENTRIES:,} entries that the lab works on")
    return plan_rank(kind_named(kind), rows, cols, k)


def _fields(choice: Choice) -> list[Facts]:
    return [
        {"name": name, "value": int(value), "word": WORDS[name][value] if name in WORDS else f"{value:,}",
         "meaning": FIELDS[name].meaning}
        for name, value in asdict(choice).items()
        if name not in ONLY_FFT
    ]  # fmt: skip


def _alternative(one: Alternative) -> Facts:
    return {"text": choice_text(one.choice), "planned": one.planned, "predicted": one.predicted, "basis": one.basis,
            "measured": one.measured, "spread": one.spread}  # fmt: skip


def _outline(row: Tensor) -> Facts:
    """A row for a picture: all entries, or the smallest and largest number of each of many pieces of equal length."""
    (cols,) = row.shape
    if cols <= POINTS:
        entries = plain(row.tolist())
        return {"cols": cols, "piece": 1, "low": entries, "high": entries}
    piece = -(-cols // (POINTS // 2))
    whole = cols // piece * piece
    parts = [reshape(row[:whole], (-1, piece)), *([reshape(row[whole:], (1, -1))] if whole < cols else [])]
    low = cat([amin(where(isnan(part), math.inf, part), 1) for part in parts])
    high = cat([amax(where(isnan(part), -math.inf, part), 1) for part in parts])
    return {"cols": cols, "piece": piece, "low": plain(low.tolist()), "high": plain(high.tolist())}


def _journal(path: Path | None, device_class: str, fresh: bool) -> Journal:
    place = path.with_suffix(".journal") if path is not None else None
    if fresh and place is not None:
        place.unlink(missing_ok=True)
    return Journal(place, device_class, __version__)


def _regret(regret: Regret) -> Facts:
    return {"name": regret.name, "mean": plain(regret.mean), "worst": plain(regret.worst), "cells": regret.cells}
