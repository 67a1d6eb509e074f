"""Section ``decisions``: processor time of the roundtable to decide a Rank-K launch, and of SpiralK to read a program.

For a described card with the table of an H200, under rules of the project's first README; needs no device. Alone:
``python -m tests.bench.decisions``.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import median, quantiles

from spiraltorch_web import spiralk
from spiraltorch_web.config import RoundtableSettings
from spiraltorch_web.kernels.rankk import FIELDS, RankKind
from spiraltorch_web.roundtable import Problem, RankFamily, Roundtable
from spiraltorch_web.tuning import DeviceCaps, TunerTable
from tests.spiralk.programs import FIRST

from .options import Options
from .report import Report, Row

SECTION = "decisions"
TABLE = Path(__file__).resolve().parents[2] / "tuner_tables" / "vulkan-nvidia-h200-sg32-48k-1024.json"
CARD = DeviceCaps.cuda()
FRESH, AGAIN, ROUNDS = 100, 2000, 3
FRESH_GOAL, AGAIN_GOAL, READ_GOAL = "< 20 ms, the slowest too", "< 1 ms", "≤ 100 ms"
RULES = {
    "without rules": "",
    "with soft rules": "\n".join(line for line in FIRST.splitlines() if "soft(" in line),
    "with hard and soft rules": FIRST,
}
CONDITIONS = ("true", "c > 1000", "k < c / 4", "sg", "r > 4")
CHARACTERS = 10_000
# Programs with as much to do in each character as there can be: what is repeated in a rule, and what ends it.
DENSE = {
    "short rules": "mk:1;",
    "signs": "mk:" + "!" * 60 + "k;",
    "sums": "mk:max(" + ("k+" * 50 + "k,") * 90 + "1);",
    "conditions": "mk:" + "sel(k > 3, 1, " * 50 + "0" + ")" * 50 + ";",
    "hints": "soft(k,1,1,1);",
    "notes": "mk:1;#\n",
}
Shape = tuple[RankKind, int, int, int]


def run(report: Report, options: Options) -> None:
    """Rows for each set of rules, and for each kind of program; needs no device."""
    report.add(list(rows()))


def rows() -> Iterator[Row]:
    """Times of fresh shapes, of one that was decided before, and of texts."""
    table = TunerTable.from_json_str(TABLE.read_text(encoding="utf-8"))
    for name, program in RULES.items():
        with ExitStack() as files:
            tables = [_roundtable(program, files) for _ in range(ROUNDS)]
            _decision(tables[0], table, next(shapes(1)))  # loads the language
            fresh = [median(_decision(each, table, shape) for each in tables) for shape in islice(shapes(2), FRESH)]
            again = [_decision(tables[0], table, next(shapes(2))) for _ in range(AGAIN)]
        yield _row(f"a launch, {name}", "a fresh shape", fresh, FRESH_GOAL)
        yield _row(f"a launch, {name}", "a known shape", again, AGAIN_GOAL)
    yield _row(
        "a launch, with 3 to 10 soft rules on any fields", "a fresh shape", list(_of_many_wishes(table)), FRESH_GOAL
    )
    for name, rule in DENSE.items():
        text = rule * (CHARACTERS // len(rule) + 1)
        scale = CHARACTERS / len(text)
        taken = [scale * _seconds(lambda text=text: spiralk.parse(text)) for _ in range(3 * ROUNDS)]
        yield _row(f"a program of {CHARACTERS:,} characters", name, taken, READ_GOAL)


def _of_many_wishes(table: TunerTable) -> Iterator[float]:
    """Seconds for fresh shapes, each under rules of its own."""
    for program, shape in islice(zip(_wishes(7), shapes(3), strict=False), FRESH):
        with ExitStack() as files:
            yield median(_decision(_roundtable(program, files), table, shape) for _ in range(ROUNDS))


def _wishes(seed: int) -> Iterator[str]:
    """Programs of soft rules for and against values that fields have."""
    random_ = random.Random(seed)
    while True:
        yield "\n".join(_wish(random_) for _ in range(random_.randint(3, 10)))


def _wish(random_: random.Random) -> str:
    name = random_.choice([name for name in FIELDS if not name.startswith("m") or name == "mkd"])
    value, weight = int(random_.choice(FIELDS[name].domain)), round(random_.uniform(-1, 1), 2)
    return f"soft({name}, {value}, {weight}, {random_.choice(CONDITIONS)});"


def shapes(seed: int) -> Iterator[Shape]:
    """Kinds in turn; rows, columns and k drawn evenly over their powers of two."""
    random_ = random.Random(seed)
    while True:
        for kind in RankKind:
            rows, cols = (round(2 ** random_.uniform(0, most)) for most in (12, 20))
            yield kind, rows, cols, round(2 ** random_.uniform(0, min(11, cols.bit_length() - 1)))


def _roundtable(program: str, files: ExitStack) -> Roundtable:
    folder = files.enter_context(tempfile.TemporaryDirectory())
    places = {"heur_file": Path(folder, "heur.kdsl"), "log_file": Path(folder, "roundtable.log")}
    return Roundtable(RoundtableSettings(program=program, **places))


def _decision(roundtable: Roundtable, table: TunerTable, shape: Shape) -> float:
    kind, *sizes = shape
    problem = Problem(kind.name.lower(), *sizes, CARD.device_class)
    return _seconds(lambda: roundtable.decide(problem, RankFamily(kind, CARD, table)))


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _row(case: str, what: str, seconds: list[float], goal: str) -> Row:
    low, _, high = quantiles(seconds, n=4)
    note = f"the slowest of {len(seconds):,}: {1e3 * max(seconds):.2g} ms"
    return Row(SECTION, case, what, median(seconds), "s", (high - low) / 2, goal=goal, note=note)


def main() -> None:
    """Print a line per row."""
    for row in rows():
        print(f"{row.case:35} {row.what:14} median {1e3 * row.value:6.3f} ms, {row.note}", flush=True)


if __name__ == "__main__":
    main()
