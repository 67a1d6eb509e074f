"""Section ``blackcat``: regret of BlackCat's bandits beside ε-greedy's on the synthetic bandit.

5 arms, 8 features, noise 0.1, 2,000 rounds, 20 seeds. Alone: ``python -m tests.bench.blackcat``.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import mean, stdev

from spiraltorch_web.blackcat import LinUCB, ThompsonSampling
from tests.blackcat.synthetic import EpsilonGreedy, exponent, play

from .options import Options
from .report import Report, Row

SECTION = "blackcat"
CASE = "regret over 2,000 rounds, 5 arms, 8 features"
SEEDS = 20
GOAL = "≤ 1/3 of ε-greedy's"
BANDITS = {"ε-greedy, ε = 0.1": EpsilonGreedy, "Thompson sampling": ThompsonSampling, "LinUCB": LinUCB}


def run(report: Report, options: Options) -> None:
    """A row per bandit; needs no device."""
    report.add(list(rows()))


def rows() -> Iterator[Row]:
    """Mean regret of the seeds, ε-greedy's first."""
    baseline = None
    for name, make in BANDITS.items():
        curves = [play(make, seed) for seed in range(SEEDS)]
        totals = [curve.total for curve in curves]
        goal = GOAL if baseline else ""
        baseline = baseline or mean(totals)
        note = f"standard deviation {stdev(totals):.1f}, grows as rounds^{exponent(curves):.2f}"
        yield Row(SECTION, CASE, name, mean(totals), "", ratio=mean(totals) / baseline, goal=goal, note=note)


def main() -> None:
    """Print a line per bandit."""
    for row in rows():
        print(f"{row.what:18} regret {row.value:6.1f}, {row.ratio:5.3f} of ε-greedy's, {row.note}", flush=True)


if __name__ == "__main__":
    main()
