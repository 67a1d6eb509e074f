"""What all schedules share: a rate as a function of how often `step` was called."""

from __future__ import annotations

from typing import Any

from ...errors import ArgumentError
from ..optimizer import Optimizer

__all__ = ["LRScheduler"]


class LRScheduler:
    """Base: ``rate(base, count)`` gives the learning rate after ``count`` calls of `step`, from the group's own."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.base_lrs = [group["lr"] for group in optimizer.param_groups]
        self.last_epoch = 0
        self._write()

    def rate(self, base: float, count: int) -> float:
        raise NotImplementedError

    def step(self) -> None:
        """Go on to the next learning rate."""
        self.last_epoch += 1
        self._write()

    def get_last_lr(self) -> list[float]:
        """The learning rate of every group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from where `state_dict` was taken."""
        if len(state_dict["base_lrs"]) != len(self.base_lrs):
            raise ArgumentError(
                f"the state is for {len(state_dict['base_lrs'])} groups, the optimiser has {len(self.base_lrs)}"
            )
        self.last_epoch = state_dict["last_epoch"]
        self.base_lrs = list(state_dict["base_lrs"])
        self._write()

    def rates(self, count: int) -> list[float]:
        """The learning rate of every group after ``count`` calls of `step`."""
        return [self.rate(base, count) for base in self.base_lrs]

    def _write(self) -> None:
        for group, rate in zip(self.optimizer.param_groups, self.rates(self.last_epoch), strict=True):
            group["lr"] = rate
