"""The one-cycle policy."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from ...errors import ArgumentError
from ..optimizer import Optimizer
from .base import LRScheduler

__all__ = ["OneCycleLR"]


class OneCycleLR(LRScheduler):
    """Up from max_lr/div_factor to max_lr in ``pct_start`` of the steps, then down to the start/final_div_factor.

    As PyTorch's with ``cycle_momentum=False``: momentum stays as it is. Smith and Topin 2018.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ArgumentError("OneCycleLR needs total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        if total_steps < 1 or not 0 <= pct_start <= 1:
            raise ArgumentError(f"total_steps ≥ 1 and 0 ≤ pct_start ≤ 1, got {total_steps} and {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(f"anneal_strategy is 'cos' or 'linear', got {anneal_strategy!r}")
        groups = optimizer.param_groups
        peaks = [max_lr] * len(groups) if isinstance(max_lr, (int, float)) else list(max_lr)
        if len(peaks) != len(groups):
            raise ArgumentError(f"max_lr holds {len(peaks)} numbers, the optimiser has {len(groups)} groups")
        self.total_steps = total_steps
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor
        self.anneal_strategy = anneal_strategy
        self.ends = _phase_ends(total_steps, pct_start, three_phase)
        for group, peak in zip(groups, peaks, strict=True):
            group["lr"] = peak
        super().__init__(optimizer)

    def rate(self, base: float, count: int) -> float:
        """``base`` is the group's max_lr."""
        if count > self.total_steps:
            raise ArgumentError(f"step was called {count} times; this schedule has {self.total_steps} steps")
        start = base / self.div_factor
        levels = [start, base, *([start] if len(self.ends) == 3 else []), start / self.final_div_factor]
        phase = min(bisect_left(self.ends, count), len(self.ends) - 1)
        begin, end = (0.0, *self.ends)[phase : phase + 2]
        progress = (count - begin) / (end - begin) if end > begin else 1.0
        return self._between(levels[phase], levels[phase + 1], progress)

    def _between(self, start: float, end: float, progress: float) -> float:
        if self.anneal_strategy == "linear":
            return start + (end - start) * progress
        return end + (start - end) / 2 * (1 + math.cos(math.pi * progress))


def _phase_ends(total_steps: int, pct_start: float, three_phase: bool) -> list[float]:
    """The step at which each phase of a cycle ends."""
    peak = pct_start * total_steps - 1
    return [peak, 2 * peak, total_steps - 1] if three_phase else [peak, total_steps - 1]
