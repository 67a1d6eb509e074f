"""A contextual bandit whose best arm is known: 5 arms, 8 features, linear rewards with noise 0.1."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from spiraltorch_web.blackcat import LinearBandit

ARMS, FEATURES, NOISE, ROUNDS = 5, 8, 0.1, 2000
FITTED_FROM = 200  # rounds: what comes before is mostly the first acquaintance


class EpsilonGreedy(LinearBandit):
    """The baseline: the best arm by the same regression, and one in ten rounds any arm."""

    def choose(self, context: Sequence[float]) -> int:
        return self.random.randrange(len(self.models)) if self.random.random() < 0.1 else super().choose(context)

    def score(self, model, x):
        return model.predict(x)


@dataclass(frozen=True)
class Regret:
    """Cumulated regret after each round."""

    curve: tuple[float, ...]

    @property
    def total(self) -> float:
        return self.curve[-1]


def play(make: Callable[[int, int, int], LinearBandit], seed: int) -> Regret:
    """One game; all bandits meet the same arms, contexts and noise for a seed."""
    random = Random(1000 + seed)
    weights = [[random.gauss(0.0, 1.0) for _ in range(FEATURES)] for _ in range(ARMS)]
    bandit, curve, regret = make(ARMS, FEATURES, seed), [], 0.0
    for _ in range(ROUNDS):
        x = [random.gauss(0.0, 1.0) / math.sqrt(FEATURES) for _ in range(FEATURES)]
        means = [sum(a * b for a, b in zip(arm, x, strict=True)) for arm in weights]
        noise = [random.gauss(0.0, NOISE) for _ in range(ARMS)]
        arm = bandit.choose(x)
        bandit.update(arm, x, means[arm] + noise[arm])
        regret += max(means) - means[arm]
        curve.append(regret)
    return Regret(tuple(curve))


def exponent(curves: Sequence[Regret]) -> float:
    """p of the fit regret ~ roundsᵖ to the mean curve from round 200 on, by least squares in logarithms."""
    points = [
        (math.log(number), math.log(sum(regret.curve[number - 1] for regret in curves) / len(curves)))
        for number in range(FITTED_FROM, ROUNDS + 1, 50)
    ]
    mean_x, mean_y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return slope / sum((x - mean_x) ** 2 for x, _ in points)
