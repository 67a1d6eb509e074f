"""What training reports: per epoch to its caller, per step to a runtime that rides along."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

__all__ = ["BlackCat", "Energy", "EpochStats", "StepMetrics"]


class Energy(NamedTuple):
    """L1 norms of the bands of the loss's gradient at the model's output, and their drift; see `zspace.BandEnergy`."""

    above: float
    here: float
    beneath: float
    drift: float


@dataclass(frozen=True)
class EpochStats:
    """One pass through a dataset: ``total_loss`` is the sum of the batches' losses, ``average_loss`` their mean.

    ``energy`` are means over the batches; None without a roundtable.
    """

    batches: int
    total_loss: float
    average_loss: float
    energy: Energy | None = None


@dataclass(frozen=True)
class StepMetrics:
    """One step of training. ``seconds`` include the wait for the device; ``memory`` counts its allocated bytes.

    ``recorded``: the step was recorded and compiled first, so that its time says nothing about others.
    """

    step: int
    seconds: float
    loss: float
    memory: int
    energy: Energy | None = None
    recorded: bool = False

    def features(self) -> tuple[float, ...]:
        """Eight numbers of moderate size: 1, the logarithms of 1 + loss, seconds and memory, band shares and drift."""
        above, here, beneath, drift = self.energy or (0.0, 0.0, 0.0, 0.0)
        total = above + here + beneath
        shares = [part / total if total else 0.0 for part in (above, here, beneath)]
        return (
            1.0,
            math.log1p(max(self.loss, 0.0)),
            math.log10(max(self.seconds, 1e-6)) / 6.0,
            math.log2(1.0 + self.memory) / 40.0,
            *shares,
            drift,
        )


class BlackCat(Protocol):
    """What `ModuleTrainer.with_blackcat` takes: something that chooses before each step and learns after it.

    Where it has ``attach(trainer, model)``, an epoch begins with that, so that it can turn their knobs. Where it has
    ``release()``, that is called when the step is queued, or has failed.
    """

    def choose(self, context: Sequence[float]) -> Mapping[str, Any]:
        """Choose for the coming step, given the `StepMetrics.features` of the last one (zeros but the first at first).

        Applying the choice is the runtime's own business. The step is compiled once for each combination of the texts
        in it, so that alternatives may change what the model does; numbers have to be values on the device.
        """

    def post_step(self, metrics: StepMetrics) -> Any:
        """Take in what the step gave."""
