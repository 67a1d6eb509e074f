"""Regret of BlackCat's bandits beside ε-greedy on the synthetic bandit: ``python -m tests.bench.blackcat``.

5 arms, 8 features, noise 0.1, 2,000 rounds, 20 seeds.
"""

from __future__ import annotations

from statistics import mean, stdev

from spiraltorch_web.blackcat import LinUCB, ThompsonSampling
from tests.blackcat.synthetic import EpsilonGreedy, exponent, play

SEEDS = 20
BANDITS = {"ε-greedy, ε = 0.1": EpsilonGreedy, "Thompson sampling": ThompsonSampling, "LinUCB": LinUCB}


def main() -> None:
    """Print a line per bandit."""
    baseline = None
    for name, make in BANDITS.items():
        curves = [play(make, seed) for seed in range(SEEDS)]
        totals = [curve.total for curve in curves]
        baseline = baseline or mean(totals)
        print(
            f"{name:18} regret {mean(totals):6.1f} ± {stdev(totals):4.1f}, "
            f"{mean(totals) / baseline:5.3f} of ε-greedy's, "
            f"growing as rounds^{exponent(curves):.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
