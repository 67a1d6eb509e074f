"""Interleaved timing: each runner takes its turn in each round, so that a busy moment of the machine hits all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

FIRST_STEPS = 2
MOST_STEPS = 4000


@dataclass(frozen=True)
class Runner:
    """Something to time. ``run(n)`` takes n steps, each depending on the one before, and reads one value at the end.

    Reading the last value waits for all of them, whatever is lazy underneath.
    """

    name: str
    run: Callable[[int], float]


@dataclass(frozen=True)
class Timing:
    """Seconds per step: the median over the rounds and the quartiles."""

    name: str
    seconds: float
    low: float
    high: float
    rounds: int
    steps: int  # per round

    @property
    def spread(self) -> float:
        """Half the interquartile range."""
        return (self.high - self.low) / 2

    @classmethod
    def of(cls, name: str, samples: Sequence[float], steps: int) -> Timing:
        low, _, high = quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else (samples[0],) * 3
        return cls(name, median(samples), low, high, len(samples), steps)


def interleaved(runners: Sequence[Runner], rounds: int, seconds: float) -> list[Timing]:
    """Time all runners in ``rounds`` rounds, each runner for about ``seconds`` in each round."""
    steps = [_steps_within(runner, seconds) for runner in runners]
    samples: list[list[float]] = [[] for _ in runners]
    for _ in range(rounds):
        for runner, count, times in zip(runners, steps, samples, strict=True):
            times.append(_measure(runner, count))
    return [Timing.of(runner.name, times, n) for runner, times, n in zip(runners, samples, steps, strict=True)]


def _steps_within(runner: Runner, seconds: float) -> int:
    """How many steps fill a round. The first turns also compile and warm up."""
    _measure(runner, FIRST_STEPS)
    count = FIRST_STEPS
    each = _measure(runner, count)
    while each * count < seconds / 4 and count < MOST_STEPS:
        count *= 2
        each = _measure(runner, count)
    return max(1, min(MOST_STEPS, round(seconds / each)))


def _measure(runner: Runner, steps: int) -> float:
    start = time.perf_counter()
    runner.run(steps)
    return (time.perf_counter() - start) / steps
