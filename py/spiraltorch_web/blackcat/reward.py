"""What a step was worth: one number from its time, its memory and what became of the loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from statistics import median

from ..errors import ArgumentError
from ..training.metrics import StepMetrics

__all__ = ["Reward", "RewardWeights", "Rewards"]

REWARD_MOST = 3.0  # a single reward's size: a step that waits for a compiler says little about the next one
FIRST_STEPS = 9


@dataclass(frozen=True)
class RewardWeights:
    """How much counts what: ``time``, ``memory`` or ``loss`` that is 1 % less gives 0.01 of its weight.

    Time and memory are compared with what is usual, the loss with that of the step before.
    """

    time: float = 0.1
    memory: float = 0.01
    loss: float = 1.0

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                raise ArgumentError(f"the weight of {entry.name} is a finite number ≥ 0, got {value!r}")


@dataclass(frozen=True)
class Reward:
    """What a step was worth: by what became of the loss, and by time and memory; their sum is within ±3.

    ``speed``, within ±3, is what launches are judged by: −ln of the time beside the usual one, with memory counting as
    much less as its weight is less; None for a step that waited for a compiler.
    """

    progress: float
    thrift: float
    speed: float | None

    @property
    def total(self) -> float:
        return _limited(self.progress + self.thrift)


class Rewards:
    """Turns steps into rewards; usual is the median of the first steps, so that all later rewards compare."""

    def __init__(self, weights: RewardWeights) -> None:
        self._weights = weights
        self._first: list[tuple[float, float]] = []  # logarithms of seconds and bytes

    def of(self, step: StepMetrics, loss_after: float, usual_loss: float = math.inf) -> Reward:
        """The reward of a step whose update led from its loss to ``loss_after``, which the next step measured.

        A loss above ``usual_loss`` counts as that, since to come down from there is no merit.
        """
        progress = self._weights.loss * _progress(min(step.loss, usual_loss), loss_after)
        if step.recorded:
            return Reward(progress, 0.0, None)
        costs = (math.log(max(step.seconds, 1e-9)), math.log(1.0 + step.memory))
        if len(self._first) < FIRST_STEPS:
            self._first.append(costs)
        usual = tuple(map(median, zip(*self._first, strict=True)))
        slower, larger = (cost - before for cost, before in zip(costs, usual, strict=True))
        weights = self._weights
        thrift = -weights.time * slower - weights.memory * larger
        return Reward(progress, thrift, _limited(thrift / weights.time if weights.time else thrift))


def _limited(reward: float) -> float:
    return max(-REWARD_MOST, min(REWARD_MOST, reward))


def _progress(before: float, after: float) -> float:
    """How far the loss fell, relative to the mean of both sizes: from −2 to 2, near log(before/after) for small steps.

    Unlike the logarithm it is defined for losses of any sign.
    """
    size = (abs(before) + abs(after)) / 2
    return (before - after) / size if size else 0.0
