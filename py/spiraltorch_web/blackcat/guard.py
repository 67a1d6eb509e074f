"""Running means of what a training reports, and the guard that sees a loss run away."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["LossGuard", "RunningBand"]

NEW_PART = 0.1  # what a new value counts in a band
AWAY = 4.0  # standard deviations above the usual loss
PATIENCE = 50  # steps after which a loss that ran away is the usual one


@dataclass(frozen=True)
class RunningBand:
    """Running mean and variance of ``count`` values; the latest count most."""

    mean: float = 0.0
    variance: float = 0.0
    count: int = 0

    @property
    def interval(self) -> tuple[float, float]:
        """Where values usually are: mean ± 2 standard deviations."""
        reach = 2.0 * math.sqrt(self.variance)
        return self.mean - reach, self.mean + reach

    def with_value(self, value: float) -> RunningBand:
        """The band with one more value."""
        part = max(1.0 / (self.count + 1), NEW_PART)
        off = value - self.mean
        return RunningBand(self.mean + part * off, (1 - part) * (self.variance + part * off * off), self.count + 1)


class LossGuard:
    """Knows the usual loss. ``away``: the last one was more than twice that, and 4 standard deviations above it."""

    def __init__(self) -> None:
        self.usual = RunningBand()
        self.away = False
        self._away_for = 0

    def note(self, loss: float) -> None:
        """Take in a loss. What ran away is not usual, unless it stays there for many steps."""
        limit = self.usual.mean + max(abs(self.usual.mean), AWAY * math.sqrt(self.usual.variance))
        self.away = self.usual.count > 0 and loss > limit and self._away_for < PATIENCE
        self._away_for = self._away_for + 1 if self.away else 0
        if not self.away:
            self.usual = (RunningBand() if loss > limit else self.usual).with_value(loss)
