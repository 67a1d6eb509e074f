"""Relations that stream through a bounded ring and blend into one: `FractalPatch` and `UringFractalScheduler`."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...compiled import compile as compiled
from ...device.base import Device
from ...dtypes import float32
from ...errors import ArgumentError, ShapeError
from ...runtime.realize import realize
from ...runtime.session import session
from ...tensor import Tensor, isfinite, ones, stack, tensor, where, zeros
from ...tensor.alarms import watch

DEPTHS_PER_HALVING = 8
# Patches that one launch of the fold takes; longer rings fold part by part with the same program.
PART = 32
# New patches that are brought to norm 1 together: a picture per patch has one, a stream has many between two pictures.
GROUP = 4


@dataclass(frozen=True, eq=False)
class FractalPatch:
    """One relation and how much it counts.

    ``relation`` f32[rows, columns] is a tensor or (nested) numbers; a vector is one row. ``coherence`` > 0 makes the
    patch count more, ``tension`` > 0 less, and every 8 levels of ``depth`` (an int from 0 on) halve it. The patch
    keeps the relation's present values, without history. Whether these are finite is checked when it is pushed.

    Raises ArgumentError and ShapeError.
    """

    relation: Tensor
    coherence: float = 1.0
    tension: float = 1.0
    depth: int = 0

    def __post_init__(self) -> None:
        _require_positive("coherence", self.coherence)
        _require_positive("tension", self.tension)
        if isinstance(self.depth, bool) or not isinstance(self.depth, int) or self.depth < 0:
            raise ArgumentError(f"depth is an int from 0 on; got {self.depth!r}")
        object.__setattr__(self, "relation", _as_relation(self.relation))

    def weight(self, shallowest: int = 0) -> float:
        """coherence / (1 + tension) · 2^(−depth/8), with the depth counted from ``shallowest``."""
        return self.coherence / (1.0 + self.tension) * 2.0 ** (-(self.depth - shallowest) / DEPTHS_PER_HALVING)

    @cached_property
    def finite(self) -> bool:
        """Whether every value is a finite number. Reads the device once."""
        return bool(self._all_finite().item())

    async def finite_async(self) -> bool:
        """As `finite`, without blocking the event loop."""
        if "finite" not in self.__dict__:
            self.__dict__["finite"] = bool(await self._all_finite().item_async())
        return self.finite

    def _all_finite(self) -> Tensor:
        return isfinite(self.relation).all()


@dataclass(frozen=True)
class Fold:
    """What a ring blends into, still on the device: ``relation`` f32[rows, columns] and its largest magnitude."""

    relation: Tensor
    peak: Tensor


@dataclass(eq=False)
class _Kept:
    """A patch of a ring, its number counted from 1 on, and whether a fold has brought it to norm 1."""

    patch: FractalPatch
    number: int
    complete: bool = False


class UringFractalScheduler:
    """A ring of the latest ``capacity`` patches; a further one drops the oldest.

    Memory stays bounded by the ring however much is pushed. All patches of a ring have one shape. ``push`` checks
    that values are finite, which on a GPU waits for one number. With ``strict=False`` the fold checks instead: there a
    patch that fails counts as zero, and the next read of any value raises ArgumentError.

    Raises ArgumentError for a capacity that is no int from 1 on.
    """

    def __init__(self, capacity: int, *, strict: bool = True) -> None:
        if isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 1:
            raise ArgumentError(f"capacity is an int from 1 on; got {capacity!r}")
        self.capacity = capacity
        self.strict = strict
        self.pushed = 0
        self.dropped = 0
        self._ring: deque[_Kept] = deque()
        # Relations over their norms, each in the place of its number, which later patches take over: a device binds
        # the same buffers for fold after fold.
        self._units: dict[int, Tensor] = {}
        self._latest_shares: tuple[Device, list[Tensor]] | None = None  # while the ring has them
        self._normalise = compiled(_store_units)
        self._blend = compiled(_blended)

    def __len__(self) -> int:
        return len(self._ring)

    def __iter__(self) -> Iterator[FractalPatch]:
        """The patches, oldest first."""
        return iter([kept.patch for kept in self._ring])

    def len(self) -> int:
        """How many patches the ring holds."""
        return len(self._ring)

    def push(self, patch: FractalPatch) -> None:
        """Add a patch; a full ring drops its oldest one. Raises ArgumentError and ShapeError and then keeps its own."""
        self._require_fitting(patch)
        if self.strict and not patch.finite:
            raise _not_finite(patch, patch.relation.tolist())
        self._keep(patch)

    async def push_async(self, patch: FractalPatch) -> None:
        """As `push`, without blocking the event loop, which gets a turn."""
        self._require_fitting(patch)
        if self.strict and not await patch.finite_async():
            raise _not_finite(patch, await patch.relation.tolist_async())
        self._require_fitting(patch)  # another task may have pushed meanwhile
        self._keep(patch)
        await asyncio.sleep(0)

    def pop(self) -> FractalPatch:
        """Take the oldest patch out. ArgumentError when there is none."""
        if not self._ring:
            raise ArgumentError("the ring is empty: push a patch before pop")
        self._latest_shares = None
        return self._ring.popleft().patch

    def clear(self) -> None:
        """Take all patches out; the next one may have another shape."""
        self._ring.clear()
        self._units.clear()
        self._latest_shares = None

    def total_weight(self) -> float:
        """The sum of the weights, depths counted from the smallest one in the ring; 0 when it is empty."""
        return sum(self._weights())

    def fold_coherence(self) -> Tensor:
        """Σ w·R/‖R‖ / Σ w over the ring: f32[rows, columns], with the Frobenius norm; a relation of zeros adds none.

        Raises ArgumentError when the ring is empty.
        """
        return self.fold().relation

    def fold(self) -> Fold:
        """The same with its largest magnitude."""
        if not self._ring:
            raise ArgumentError("the ring is empty: push a patch before folding")
        self._complete([kept for kept in self._ring if not kept.complete])
        filler = self._units[self._place(self._ring[0])]
        units = [self._units.get(place, filler) for place in range(self.capacity)]
        shares, part = self._placed_shares(), min(self.capacity, PART)
        folded, peak = None, None
        for number, start in enumerate(range(0, self.capacity, part)):
            folded, peak = self._blend(_filled(units[start : start + part], part, filler), shares[number], folded)
        return Fold(folded, peak)

    def _complete(self, fresh: Sequence[_Kept]) -> None:
        """Compute what the patches add to a fold."""
        while fresh:
            size = GROUP if len(fresh) >= GROUP else 1
            group, fresh = fresh[:size], fresh[size:]
            numbers = tensor([float(kept.number) for kept in group])
            self._normalise([kept.patch.relation for kept in group], numbers, [self._room(kept) for kept in group])
            for kept in group:
                kept.complete = True

    def _room(self, kept: _Kept) -> Tensor:
        """Where a patch's unit goes; made anew on another device than before."""
        place = self._place(kept)
        room = self._units.get(place)
        if room is None or room._node.buffer.device is not session().device:
            room = self._units[place] = zeros(*kept.patch.relation._node.shape)
            realize(room)
        return room

    def _place(self, kept: _Kept) -> int:
        return kept.number % self.capacity

    def _placed_shares(self) -> list[Tensor]:
        """The weights over their sum by place, f32[part] for each part of a fold; 0 where there is no patch."""
        device = session().device
        if self._latest_shares is None or self._latest_shares[0] is not device:
            part = min(self.capacity, PART)
            shares = [0.0] * (-(-self.capacity // part) * part)
            for kept, share in zip(self._ring, _shares(self._weights()), strict=True):
                shares[self._place(kept)] = share
            parts = [tensor(shares[start : start + part]) for start in range(0, len(shares), part)]
            self._latest_shares = device, parts
        return self._latest_shares[1]

    def _weights(self) -> list[float]:
        shallowest = min((kept.patch.depth for kept in self._ring), default=0)
        return [kept.patch.weight(shallowest) for kept in self._ring]

    def _require_fitting(self, patch: FractalPatch) -> None:
        if not isinstance(patch, FractalPatch):
            raise ArgumentError(f"push takes a FractalPatch; got {type(patch).__name__}")
        held = self._ring[0].patch.relation if self._ring else patch.relation
        if patch.relation._node.shape != held._node.shape:
            raise ShapeError(
                f"this ring holds relations of shape {tuple(held.shape)}; got {tuple(patch.relation.shape)}"
            )

    def _keep(self, patch: FractalPatch) -> None:
        oldest = self._ring.popleft().patch if len(self._ring) == self.capacity else None
        self.dropped += oldest is not None
        # One that counts as much as the oldest, whose place it takes, leaves all shares as they are.
        if oldest is None or oldest.depth != patch.depth or oldest.weight(patch.depth) != patch.weight(patch.depth):
            self._latest_shares = None
        self.pushed += 1
        self._ring.append(_Kept(patch, self.pushed))


def _store_units(relations: list[Tensor], numbers: Tensor, rooms: list[Tensor]) -> None:
    """Put each relation over its Frobenius norm into its room; zeros for one of zeros, or that the watch is told of.

    ``numbers`` f32[n] are the patches'. Each relation is divided by its largest magnitude before squares are taken,
    which would overflow float32 at 2e19 and vanish at 1e-23.
    """
    count = len(relations)
    rows = stack(relations).reshape(count, -1)
    finite = isfinite(rows).all(1)
    watch("FractalPatch", where(finite, zeros(count), numbers).max(), _complaint)
    largest = rows.abs().amax(1, keepdim=True)
    scaled = rows / where(largest > 0, largest, ones(count, 1))
    norms = scaled.square().sum(1, keepdim=True).sqrt()
    # By selection: zero times NaN is NaN.
    units = where(finite.reshape(count, 1), scaled / where(norms > 0, norms, ones(count, 1)), zeros(count, 1))
    for index, room in enumerate(rooms):
        room.copy_(units[index].reshape(relations[0].shape))


def _blended(units: list[Tensor], shares: Tensor, before: Tensor | None) -> tuple[Tensor, Tensor]:
    """``before`` (if any) + Σ share_i · unit_i, and the largest magnitude of that; ``shares`` f32[n]."""
    # Term by term: a sum over a stack of them copies all of them first.
    terms = [unit * shares[index] for index, unit in enumerate(units)]
    folded = sum(terms[1:], terms[0] if before is None else before + terms[0])
    return folded, folded.abs().max()


def _complaint(number: float) -> str | None:
    return f"patch number {number:.0f} of a ring holds NaN or infinity and counts as zero" if number else None


def _filled(values: Sequence[Any], length: int, filler: Any) -> list[Any]:
    return [*values, *[filler] * (length - len(values))]


def _shares(weights: Sequence[float]) -> list[float]:
    """The weights over their sum; scaled by the largest first, so that no sum overflows."""
    largest = max(weights)
    scaled = [weight / largest for weight in weights]
    total = sum(scaled)
    return [weight / total for weight in scaled]


def _as_relation(value: Any) -> Tensor:
    given = value.detach() if isinstance(value, Tensor) else tensor(value)
    if given.dtype is not float32:
        given = given.to(float32)
    shape = tuple(given.shape)
    if len(shape) == 1 and shape[0]:
        return given.reshape(1, shape[0])
    if len(shape) != 2 or 0 in shape:
        raise ShapeError(f"a relation has shape (rows, columns), both from 1 on; got {shape}")
    return given


def _require_positive(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ArgumentError(f"{name} is a finite number above 0; got {value!r}")


def _not_finite(patch: FractalPatch, values: list[list[float]]) -> ArgumentError:
    places = ((row, column) for row, line in enumerate(values) for column in range(len(line)))
    row, column = next(place for place in places if not math.isfinite(values[place[0]][place[1]]))
    return ArgumentError(f"a relation holds finite numbers; got {values[row][column]} at row {row}, column {column}")
