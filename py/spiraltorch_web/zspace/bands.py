"""Roundtable bands: the entries of a gradient by size, Above, Here and Beneath.

The split runs on the device as two selections of Rank-K, each a threshold with the place of the last entry that is
still taken, and masks made from them; no value is read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..dtypes import bool_
from ..errors import ArgumentError, ShapeError
from ..rankk import RankKind, RankPlan, plan_rank
from ..runtime.realize import is_lost
from ..runtime.session import grad_mode
from ..runtime.trace import outside_trace
from ..tensor import Tensor, arange, isfinite, stack, where, zeros

__all__ = ["BandEnergy", "Bands", "RoundtableConfig", "RoundtableSchedule"]


@dataclass(frozen=True)
class RoundtableConfig:
    """How large the bands are: each k a number of entries (int) or a share of them (float from 0 to 1).

    A share counts at least one entry unless it is 0, and is rounded to the nearest. Entries of magnitude ≤
    ``here_tolerance`` always go to Here. Here takes whatever the other two leave, so ``mid_k`` does not change the
    split; it is the k of the MidK plan among `RoundtableSchedule.plans`.
    """

    top_k: int | float = 0.25
    mid_k: int | float = 0.5
    bottom_k: int | float = 0.25
    here_tolerance: float = 0.0

    def __post_init__(self) -> None:
        for name in ("top_k", "mid_k", "bottom_k"):
            value = getattr(self, name)
            fits = value >= 0 if type(value) is int else isinstance(value, float) and 0.0 <= value <= 1.0
            if not fits:
                raise ArgumentError(f"{name} is a number of entries ≥ 0 or a share from 0.0 to 1.0, got {value!r}")
        if not 0 <= self.here_tolerance < math.inf:
            raise ArgumentError(f"here_tolerance is a finite number ≥ 0, got {self.here_tolerance!r}")


class BandEnergy(NamedTuple):
    """L1 norms of the bands and how far their shares moved since the step before, all float32 0-d.

    ``drift`` is half the sum of |share now − share before| over the three bands: 0 for equal shares and at the first
    step, 1 when one band handed everything to another.
    """

    above: Tensor
    here: Tensor
    beneath: Tensor
    drift: Tensor


@dataclass(frozen=True)
class Bands:
    """A tensor in three parts: each entry stands in one of ``above``, ``here``, ``beneath``, and 0 in the others.

    ``above_mask`` and ``beneath_mask`` say where each entry belongs; what neither claims is Here.
    """

    above: Tensor
    here: Tensor
    beneath: Tensor
    above_mask: Tensor
    beneath_mask: Tensor

    def combine(self) -> Tensor:
        """The parts put together again, by selection: bit for bit what was split."""
        return where(self.above_mask, self.above, where(self.beneath_mask, self.beneath, self.here))

    def scale(self, above: Any = 1.0, here: Any = 1.0, beneath: Any = 1.0) -> Bands:
        """Bands whose parts are multiplied, each by a number or a 0-d tensor."""
        return Bands(self.above * above, self.here * here, self.beneath * beneath, self.above_mask, self.beneath_mask)

    def energy(self) -> tuple[Tensor, Tensor, Tensor]:
        """The L1 norms of above, here and beneath."""
        return self.above.abs().sum(), self.here.abs().sum(), self.beneath.abs().sum()


@dataclass(frozen=True, eq=False)
class RoundtableSchedule:
    """How tensors of ``rows`` × ``cols`` entries are split. ``caps``: the device that its Rank-K plans are for.

    Also tensors with more or fewer rows, such as a last small batch, can be split; shares then count their entries.
    ``shares`` f32[3] on the device are the bands' shares of the last `band_energy`, zeros before the first.
    """

    rows: int
    cols: int
    config: RoundtableConfig = RoundtableConfig()
    caps: Any = None
    shares: Tensor = field(default_factory=lambda: zeros(3), repr=False)

    def __post_init__(self) -> None:
        for name in ("rows", "cols"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ArgumentError(f"{name} is a whole number ≥ 1, got {value!r}")

    def split(self, gradient: Tensor) -> Bands:
        """Above: the top_k entries of largest magnitude; Beneath: the bottom_k smallest of the rest; Here: all else.

        Magnitudes ≤ here_tolerance, NaN and infinities go to Here; of equal magnitudes the lower index counts as
        first. The gradient has ``cols`` entries in its last axis.
        """
        if not gradient.ndim or gradient.shape[-1] != self.cols or not gradient.numel():
            raise ShapeError(
                f"this roundtable splits rows of {self.cols} entries, got a tensor of shape {tuple(gradient.shape)}"
            )
        with grad_mode(False):
            above, beneath = self._masks(gradient.detach())
        here = above.logical_or(beneath)
        return Bands(
            where(above, gradient, 0.0), where(here, 0.0, gradient), where(beneath, gradient, 0.0), above, beneath
        )

    def band_energy(self, gradient: Tensor | Bands) -> BandEnergy:
        """L1 norm of each band, and the drift of their shares since the last call; see `BandEnergy`."""
        energy = self.measured(gradient)
        with grad_mode(False):
            self.shares.assign_(_shares(energy))
        return energy

    def measured(self, gradient: Tensor | Bands) -> BandEnergy:
        """As `band_energy`, without counting as a step: the next drift is measured against the same shares."""
        bands = gradient if isinstance(gradient, Bands) else self.split(gradient)
        with grad_mode(False):
            if is_lost(self.shares):
                with outside_trace():
                    self.shares.assign_(zeros(3))
            energy = BandEnergy(*(part.detach() for part in bands.energy()), zeros())
            moved = 0.5 * (_shares(energy) - self.shares).abs().sum()
            return energy._replace(drift=where(self.shares.sum() > 0, moved, 0.0))

    @property
    def plans(self) -> tuple[RankPlan | None, RankPlan | None, RankPlan | None]:
        """The Rank-K plans of Above (TopK), Here (MidK) and Beneath (BottomK) over all entries as one row.

        A band of no entries has None in its place.
        """
        entries = self.rows * self.cols
        wanted = zip(RankKind, (self.config.top_k, self.config.mid_k, self.config.bottom_k), strict=True)
        return tuple(self._plan(kind, _count(k, entries), entries) for kind, k in wanted)

    def _plan(self, kind: RankKind, k: int, entries: int) -> RankPlan | None:
        return plan_rank(kind, 1, entries, k, self.caps) if k else None

    def _masks(self, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Where Above and Beneath are."""
        flat = gradient.reshape(-1)
        size = flat.abs()
        ranked = isfinite(flat).logical_and(size > self.config.here_tolerance)
        entries = flat.numel()
        top = self._plan(RankKind.TOPK, _count(self.config.top_k, entries), entries)
        above = _chosen(where(ranked, size, -1.0), top).logical_and(ranked)
        rest = ranked.logical_and(above.logical_not())
        bottom = self._plan(RankKind.BOTTOMK, _count(self.config.bottom_k, entries), entries)
        beneath = _chosen(where(rest, size, math.inf), bottom)
        return above.reshape(gradient.shape), beneath.logical_and(rest).reshape(gradient.shape)


def _shares(energy: BandEnergy) -> Tensor:
    """f32[3]: the parts of above, here and beneath in their sum; zeros where that is 0."""
    parts = stack([energy.above, energy.here, energy.beneath])
    total = parts.sum()
    return where(total > 0, parts / where(total > 0, total, 1.0), 0.0)


def _count(k: int | float, entries: int) -> int:
    """A band's number of entries among ``entries``."""
    if isinstance(k, int):
        return min(k, entries)
    return min(max(1, math.floor(k * entries + 0.5)), entries) if k else 0


def _chosen(key: Tensor, plan: RankPlan | None) -> Tensor:
    """bool[n]: the entries of key[n] that a TopK or BottomK plan selects; of equal ones those of lower index."""
    if plan is None:
        return zeros(*key.shape, dtype=bool_)
    values, indices = plan.execute(key.reshape(1, -1), sorted=False)
    largest = plan.kind is RankKind.TOPK
    last = values.amin() if largest else values.amax()
    place = where(values == last, indices, -1).amax()
    beyond = key > last if largest else key < last
    return beyond.logical_or((key == last).logical_and(arange(key.shape[0]) <= place))
