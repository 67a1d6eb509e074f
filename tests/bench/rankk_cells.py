"""Measures cells of a Rank-K tuner table anew with some ways to launch, beside the best that the table knows.

    python -m tests.bench.rankk_cells TABLE --merges sweep --rows 512: --cols 8192:262144 --seconds 100 --out FOLDER

New times are merged into the cells, whose slow choices stay: what was never tried looks fast. The whole table, fitted
to all cells, is written to the folder, and a journal of them, from which `spiraltorch_web tune --out FOLDER` goes on.
``--problems`` adds others than the table's, for each kind that is asked for.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "py"), str(ROOT)]

import spiraltorch_web as st  # noqa: E402
from spiraltorch_web.kernels.rankk import Choice, Merge, RankProblem, legal_choices  # noqa: E402
from spiraltorch_web.runtime.session import session  # noqa: E402
from spiraltorch_web.tuning.fit import fit_records  # noqa: E402
from spiraltorch_web.tuning.journal import Journal  # noqa: E402
from spiraltorch_web.tuning.records import Cell  # noqa: E402
from spiraltorch_web.tuning.shapes import described, kind_named, problem_of  # noqa: E402
from spiraltorch_web.tuning.table import TunerTable  # noqa: E402
from spiraltorch_web.tuning.tuner import measure_cell  # noqa: E402

ROUNDS = 4
SECONDS_OF_A_CELL = 2.0
NEARLY_BEST, MOST_KNOWN = 1.1, 2  # known choices that are measured again: so much slower than the best, and so many
Cells = dict[RankProblem, Cell]


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    st.set_device(options.device)
    table = TunerTable.from_json_str(options.table.read_text())
    cells: Cells = {cell.problem: cell for cell in table.cells.cells}
    found = measured(_problems(cells, options), cells, options)
    merged = {**cells, **{cell.problem: _merged(cells.get(cell.problem), cell) for cell in found}}
    write(options.out, options.table.stem, table, merged)
    print(f"{len(found)} cells measured, {len(merged)} in all")
    return 0


def measured(
    problems: Iterable[RankProblem], cells: Mapping[RankProblem, Cell], options: argparse.Namespace
) -> list[Cell]:
    """Cells with the asked-for ways to launch and the best known ones, until time is up."""
    end, found = time.monotonic() + options.seconds, []
    merges = {Merge[word.upper()] for word in options.merges.split(",")}
    for seed, problem in enumerate(problems):
        if time.monotonic() > end:
            print(f"time is up after {seed} problems")
            break
        choices = dict.fromkeys((*_known(cells.get(problem)), *_legal(problem, merges)))
        if not any(choice.mk in merges for choice in choices):
            continue
        cell, faults = measure_cell(problem, list(choices), ROUNDS, time.monotonic() + SECONDS_OF_A_CELL, seed)
        for fault in faults:
            print(f"FAULT {fault}")
        found.append(cell)
        ranked = sorted(cell.microseconds.items(), key=lambda item: item[1])[:3]
        best = ", ".join(f"{_shown(choice)} {microseconds:.1f}" for choice, microseconds in ranked)
        print(f"{described(problem)}: {best}", flush=True)
    return found


def write(folder: Path, name: str, table: TunerTable, cells: Cells) -> None:
    """The table of all cells, and their journal."""
    folder.mkdir(parents=True, exist_ok=True)
    made = table.provenance and replace(table.provenance, date=time.strftime("%Y-%m-%d"))
    fitted = TunerTable(fit_records(cells.values()), cells.values(), made)
    (folder / f"{name}.json").write_text(fitted.to_json())
    journal = Journal(folder / f"{name}.journal", made.device_classes[0] if made else name, st.__version__)
    for cell in cells.values():
        journal.add(cell)


def _problems(cells: Cells, options: argparse.Namespace) -> list[RankProblem]:
    """Those that were named, then the table's within the bounds in mixed order."""
    kinds = [kind_named(word) for word in options.kinds.split(",")]
    sizes = [tuple(map(int, word.split("x"))) for word in options.problems.split(",") if word]
    named = [problem_of(kind, *size) for size in sizes for kind in kinds]
    rows, cols = _bounds(options.rows), _bounds(options.cols)
    inside = [each for each in cells if each.kind in kinds and each.rows in rows and each.cols in cols]
    Random(1).shuffle(inside)
    return list(dict.fromkeys((*named, *inside)))


def _bounds(words: str) -> range:
    low, _, high = words.partition(":")
    return range(int(low or 1), int(high or 1 << 40) + 1)


def _known(cell: Cell | None) -> list[Choice]:
    if cell is None:
        return []
    most = NEARLY_BEST * cell.best()[1]
    ranked = sorted(cell.microseconds.items(), key=lambda item: item[1])
    return [choice for choice, microseconds in ranked if microseconds <= most][:MOST_KNOWN]


def _legal(problem: RankProblem, merges: set[Merge]) -> list[Choice]:
    legal = legal_choices(problem.kind, problem.rows, problem.cols, problem.k, session().device.caps)
    return [choice for choice in legal if choice.mk in merges]


def _merged(known: Cell | None, found: Cell) -> Cell:
    return replace(found, microseconds={**(known.microseconds if known else {}), **found.microseconds})


def _shown(choice: Choice) -> str:
    split = f" ch {choice.ch}" if choice.use_2ce else ""
    return f"{Merge(choice.mk).name.lower()} wg {choice.wg} kl {choice.kl} tile {choice.tile}{split}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rankk_cells", description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--merges", default="sweep", help="names of `mk`, with commas")
    parser.add_argument("--kinds", default="top,mid")
    parser.add_argument("--rows", default="1:", help="from:to")
    parser.add_argument("--cols", default="1:", help="from:to")
    parser.add_argument("--problems", default="", help="ROWSxCOLSxK,… besides the table's, measured first")
    parser.add_argument("--seconds", type=float, default=100.0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="webgpu")
    return parser


if __name__ == "__main__":
    sys.exit(main())
