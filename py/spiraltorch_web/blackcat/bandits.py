"""Contextual bandits: which of a few arms promises most in the context given, and which is worth a try."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum
from random import Random

from ..errors import ArgumentError
from .linear import MOST, BayesianLinear

__all__ = [
    "LinUCB",
    "LinearBandit",
    "SoftBanditMode",
    "ThompsonSampling",
    "bandit_of",
    "checked_context",
    "upper_bound",
]

OPTIMISM = 2.0  # standard deviations


class SoftBanditMode(Enum):
    """How arms are chosen: Thompson sampling, or the upper confidence bound."""

    TS = "TS"
    UCB = "UCB"


class LinearBandit:
    """Arms whose expected reward is linear in the context's features, each with weights of its own.

    ``arms`` ≥ 2 and ``features`` ≥ 1 are counts. Subclasses say how arms are scored; equal scores go to chance.
    """

    def __init__(self, arms: int, features: int, seed: int = 0) -> None:
        _check_count("a bandit's number of arms", arms, 2)
        _check_count("a bandit's number of features", features, 1)
        self.features = features
        self.models = tuple(BayesianLinear(features) for _ in range(arms))
        self.random = Random(seed)

    def choose(self, context: Sequence[float]) -> int:
        """The arm to try. Raises ArgumentError for a context that is not ``features`` finite numbers."""
        x = checked_context(context, self.features)
        scores = [self.score(model, x) for model in self.models]
        best = max(scores)
        return self.random.choice([arm for arm, score in enumerate(scores) if score == best])

    def update(self, arm: int, context: Sequence[float], reward: float) -> None:
        """Learn what an arm gave. Raises ArgumentError, and learns nothing, for what is not finite or no arm."""
        x = checked_context(context, self.features)
        if isinstance(arm, bool) or not isinstance(arm, int) or not 0 <= arm < len(self.models):
            raise ArgumentError(f"this bandit's arms are 0 to {len(self.models) - 1}, got {arm!r}")
        if isinstance(reward, bool) or not isinstance(reward, (int, float)) or not math.isfinite(reward):
            raise ArgumentError(f"a reward has to be a finite number, got {reward!r}")
        self.models[arm].update(x, float(reward))

    def score(self, model: BayesianLinear, x: Sequence[float]) -> float:
        """How much an arm promises at x."""
        raise NotImplementedError


class ThompsonSampling(LinearBandit):
    """Each arm is chosen as often as it is believed to be the best: by its reward under weights from its posterior.

    S. Agrawal and N. Goyal, "Thompson sampling for contextual bandits with linear payoffs", ICML 2013; the noise's
    variance is drawn along with the weights.
    """

    def score(self, model: BayesianLinear, x: Sequence[float]) -> float:
        return sum(weight * entry for weight, entry in zip(model.sample(self.random), x, strict=True))


class LinUCB(LinearBandit):
    """The arm with the highest upper confidence bound: xᵀμ + 2·σ̂·√(xᵀΛ⁻¹x).

    L. Li et al., "A contextual-bandit approach to personalized news article recommendation", WWW 2010, algorithm 1,
    with α in units of the noise.
    """

    def score(self, model: BayesianLinear, x: Sequence[float]) -> float:
        return upper_bound(model, x)


def upper_bound(model: BayesianLinear, x: Sequence[float]) -> float:
    """What the mean of y at x hardly exceeds: xᵀμ + 2·σ̂·√(xᵀΛ⁻¹x)."""
    return model.predict(x) + OPTIMISM * model.noise * model.deviation(x)


def bandit_of(mode: SoftBanditMode, arms: int, features: int, seed: int) -> LinearBandit:
    """The bandit of a mode."""
    return (ThompsonSampling if mode is SoftBanditMode.TS else LinUCB)(arms, features, seed)


def checked_context(context: object, features: int) -> tuple[float, ...]:
    """The context as floats. Raises ArgumentError for anything but ``features`` finite numbers of up to 1e100."""
    wanted = f"a context has {features} finite numbers"
    if context is None or isinstance(context, (str, bytes)) or not isinstance(context, Sequence):
        raise ArgumentError(f"{wanted}, got {context!r}")
    if len(context) != features:
        raise ArgumentError(f"{wanted}, got {len(context)}")
    if not all(isinstance(entry, (int, float)) and -MOST <= entry <= MOST for entry in context):
        raise ArgumentError(f"{wanted} of up to {MOST:g}, got {tuple(context)!r}")
    return tuple(map(float, context))


def _check_count(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ArgumentError(f"{name} is a whole number ≥ {least}, got {value!r}")
