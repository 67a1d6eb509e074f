"""Schedules with a formula of one line, and one schedule after another."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

from ...errors import ArgumentError
from ..optimizer import Optimizer
from .base import LRScheduler

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "PolynomialLR",
    "SequentialLR",
    "StepLR",
]


class LambdaLR(LRScheduler):
    """base · lr_lambda(count); one function, or one per group."""

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]]
    ) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = [lr_lambda] * groups if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != groups:
            raise ArgumentError(f"lr_lambda holds {len(self.lr_lambdas)} functions, the optimiser has {groups} groups")
        super().__init__(optimizer)

    def rates(self, count: int) -> list[float]:
        return [base * factor(count) for base, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class StepLR(LRScheduler):
    """base · gamma^⌊count / step_size⌋."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        if step_size < 1:
            raise ArgumentError(f"step_size has to be ≥ 1, got {step_size}")
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, count: int) -> float:
        return base * self.gamma ** (count // self.step_size)


class MultiStepLR(LRScheduler):
    """base · gamma^(milestones reached)."""

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        self.milestones = sorted(milestones)
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, count: int) -> float:
        return base * self.gamma ** bisect_right(self.milestones, count)


class ExponentialLR(LRScheduler):
    """base · gamma^count."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, count: int) -> float:
        return base * self.gamma**count


class ConstantLR(LRScheduler):
    """base · factor for ``total_iters`` steps, then base."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5) -> None:
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer)

    def rate(self, base: float, count: int) -> float:
        return base * self.factor if count < self.total_iters else base


class LinearLR(LRScheduler):
    """base · a factor on a line from ``start_factor`` to ``end_factor`` in ``total_iters`` steps: a warm-up."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        if not 0 < start_factor <= 1 or not 0 <= end_factor <= 1:
            raise ArgumentError(f"factors lie in (0, 1] and [0, 1], got {start_factor} and {end_factor}")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer)

    def rate(self, base: float, count: int) -> float:
        progress = min(count, self.total_iters) / self.total_iters if self.total_iters else 1.0
        return base * (self.start_factor + (self.end_factor - self.start_factor) * progress)


class PolynomialLR(LRScheduler):
    """base · (1 − count/total_iters)^power, then 0."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer)

    def rate(self, base: float, count: int) -> float:
        return base * (1 - min(count, self.total_iters) / self.total_iters) ** self.power


class CosineAnnealingLR(LRScheduler):
    """eta_min + (base − eta_min)·(1 + cos(π·count/T_max))/2. Loshchilov and Hutter 2017, without restarts."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803 - PyTorch's name
        if T_max < 1:
            raise ArgumentError(f"T_max has to be ≥ 1, got {T_max}")
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer)

    def rate(self, base: float, count: int) -> float:
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * count / self.T_max)) / 2


class SequentialLR(LRScheduler):
    """One schedule after another: ``schedulers[i]`` from ``milestones[i − 1]`` on, each counting from its own start."""

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]) -> None:
        if len(schedulers) != len(milestones) + 1:
            raise ArgumentError(
                f"{len(schedulers)} schedulers need {len(schedulers) - 1} milestones, got {len(milestones)}"
            )
        if any(scheduler.optimizer is not optimizer for scheduler in schedulers):
            raise ArgumentError("all schedulers have to drive the optimiser that SequentialLR drives")
        self.schedulers = list(schedulers)
        self.milestones = list(milestones)
        # Making a scheduler wrote its first rate; the first scheduler's base is the one that the user set.
        for scheduler in self.schedulers[1:]:
            scheduler.base_lrs = list(self.schedulers[0].base_lrs)
        super().__init__(optimizer)

    def rates(self, count: int) -> list[float]:
        index = bisect_right(self.milestones, count)
        begin = self.milestones[index - 1] if index else 0
        return self.schedulers[index].rates(count - begin)
