"""``tune``: measure this machine's launches and write the table that plans are made by."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..config import tuner_folder
from ..devices import set_device
from ..errors import ArgumentError, SpiralError
from ..io.files import write_atomically
from ..live import progress
from ..rankk.planner import plan_rank, planner
from ..tuning.caps import DeviceCaps
from ..tuning.grid import grid_named
from ..tuning.journal import Journal
from ..tuning.regret import regret_of
from ..tuning.tuner import ROUNDS, Finished, Measured, tune
from ..version import __version__


def add_tune(commands: Any) -> None:
    """Add the command to the command line."""
    command = commands.add_parser(
        "tune",
        help="measure which launches are fast on this machine, and write a tuner table",
        description="Measure Rank-K launches over a grid of problems, check every result, fit a table and judge it on "
        "problems off the grid. An interrupted run goes on where it was.",
    )
    command.add_argument("--device", default="webgpu", help="as SPIRALTORCH_DEVICE (default webgpu)")
    command.add_argument("--grid", choices=("small", "full"), default="full")
    command.add_argument("--seconds", type=float, default=900.0, metavar="S", help="for everything (default 900)")
    command.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"samples a choice (default {ROUNDS})")
    command.add_argument("--out", type=Path, metavar="FOLDER", help="for the table (default: where plans look for it)")
    command.add_argument("--fresh", action="store_true", help="forget what an earlier run has measured")
    command.set_defaults(run=run_tune)


def run_tune(options: argparse.Namespace) -> int:
    """Tune the device; returns the exit code."""
    set_device(options.device)
    caps = DeviceCaps.probe()
    if caps.backend == "cpu":
        raise ArgumentError("the CPU device runs one reference, so there is nothing to choose")
    folder = options.out or tuner_folder()
    if folder is None:
        raise ArgumentError("there is no home folder here: say with --out where the table goes")
    path = folder / f"{caps.device_class}.json"
    journal = _journal(path, caps, options.fresh)
    print(f"{caps.adapter}: {caps.device_class}", file=sys.stderr)
    return _drive(options, caps, journal, path)


def _journal(path: Path, caps: DeviceCaps, fresh: bool) -> Journal:
    place = path.with_suffix(".journal")
    if fresh:
        place.unlink(missing_ok=True)
    return Journal(place, caps.device_class, __version__)


def _drive(options: argparse.Namespace, caps: DeviceCaps, journal: Journal, path: Path) -> int:
    events = tune(grid_named(options.grid, caps), journal, options.seconds, options.rounds)
    started = next(events)
    print(
        f"{started.problems} problems, {started.known} of them known; read "
        f"{started.facts.read_bytes_per_second / 1e9:,.0f} GB/s, launch {started.facts.launch_seconds * 1e6:.1f} µs",
        file=sys.stderr,
    )
    try:
        for event in progress(events, "problem", started.problems - started.known + 1):
            if isinstance(event, Measured):
                for reason in event.left_out:
                    print(f"left out: {reason}", file=sys.stderr)
            elif isinstance(event, Finished):
                _finish(event, path, journal.path)
    except KeyboardInterrupt:
        print(f"stopped; {journal.path} has {len(journal)} problems, the same command goes on", file=sys.stderr)
        return 130
    except SpiralError:
        print(f"{journal.path} has the {len(journal)} problems before", file=sys.stderr)
        raise
    return 0


def _finish(found: Finished, path: Path, journal_path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, found.table.to_json().encode())
    if found.complete:
        journal_path.unlink(missing_ok=True)
    print(f"{len(found.table)} records from {len(found.table.cells)} problems, written to {path}")
    if not found.complete:
        print("time ran out before all problems were measured: the same command goes on")
    for fault in found.distrusted:
        print(f"wrong on this device, so that the table does without its like: {fault}")
    print(found.chooser)
    planner().use_table(found.table.to_json(), source=str(path))
    print(regret_of("plans by it", lambda p: plan_rank(p.kind, p.rows, p.cols, p.k).choice, found.judged))
    for regret in found.always:
        print(regret)
