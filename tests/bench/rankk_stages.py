"""Where the time of a Rank-K choice goes: `python -m tests.bench.rankk_stages --shapes table --kinds top,mid`.

The launches of a choice depend on each other, so each one's time is what the program takes longer with it than without.
``--choice`` is as in `tests.bench.rankk`; matrices are taken in turn so that none is found in a cache.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "py"), str(ROOT)]

import spiraltorch_web as st  # noqa: E402
from spiraltorch_web.kernels.rankk.choice import Choice  # noqa: E402
from spiraltorch_web.kernels.rankk.problem import RankProblem  # noqa: E402
from spiraltorch_web.runtime.session import session  # noqa: E402
from spiraltorch_web.tuning.inputs import matrix  # noqa: E402
from spiraltorch_web.tuning.measure import Contest  # noqa: E402
from spiraltorch_web.tuning.shapes import described, kind_named  # noqa: E402
from tests.bench.rankk import choices_for, shown  # noqa: E402
from tests.bench.rankk_shapes import shapes_named  # noqa: E402


def stage_seconds(contest: Contest, choice: Choice, rounds: int) -> list[tuple[str, float]]:
    """(kernel, seconds) of every launch of a choice: medians of interleaved passes, then their differences."""
    whole = contest.enter(choice)
    launches = whole.lowered.launches
    entrants = [whole]
    for count in range(1, len(launches)):
        entrants.insert(count - 1, contest.enter_part(choice, count))
    contest.estimate()
    contest.rounds(entrants, rounds)
    totals = [0.0, *(median(entrant.samples) for entrant in entrants)]
    names = [launch.kernel.name for launch in launches]
    return [(name, after - before) for name, before, after in zip(names, totals, totals[1:], strict=False)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rankk_stages", description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="table")
    parser.add_argument("--kinds", default="top,mid")
    parser.add_argument("--choice", default="auto")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--device", default="webgpu")
    options = parser.parse_args(arguments)
    info = st.set_device(options.device)
    print(f"{info.adapter}, {info.driver}")
    kinds = [kind_named(word) for word in options.kinds.split(",")]
    for shape in shapes_named(options.shapes, kinds, info.caps.software):
        _print_shape(shape, options)
    return 0


def _print_shape(shape: RankProblem, options: argparse.Namespace) -> None:
    with Contest(shape, matrix("normal", shape.rows, shape.cols, 1)) as contest:
        for choice in choices_for(shape, session().device.caps, options.choice):
            stages = stage_seconds(contest, choice, options.rounds)
            parts = ", ".join(f"{name} {seconds * 1e6:.1f}" for name, seconds in stages)
            total = sum(seconds for _, seconds in stages)
            print(f"{described(shape)}: {total * 1e6:8.1f} us = {parts}  [{shown(choice)}]", flush=True)


if __name__ == "__main__":
    sys.exit(main())
