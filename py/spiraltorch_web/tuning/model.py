"""Predicted times: what was measured near a problem, carried over by the roofline, else the roofline alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import chain, islice, repeat
from math import dist, hypot
from operator import attrgetter, itemgetter, mul
from typing import NamedTuple

from ..kernels.rankk.choice import Choice, Merge, RankKind
from ..kernels.rankk.problem import RankProblem
from .caps import DeviceCaps
from .records import Cell
from .roofline import Machine, family_of, machine_of, roofline
from .shapes import described
from .table import TunerTable

NEAREST_CELLS = 6  # with the family of the choice in question
ORDER_STEP = 3.0  # as far as another way to order winners counts
STRANGER = 3.0  # a family that was not tried near a problem was left out for a reason: so many times slower
CLOSENESS = 0.05  # squared distance below which measurements count alike
# What a predicted time depends on; not on how many slots there are for candidates, and what is about transforms.
_work = attrgetter("mk", "mkd", "tile", "use_2ce", "wg", "kl", "ch", "mode_midk", "mode_bottomk")


@dataclass(frozen=True)
class Prediction:
    """Predicted seconds of a launch; ``basis`` is "measured", "near" or "model", ``because()`` says it in words."""

    seconds: float
    basis: str
    because: Callable[[], str] = field(compare=False, repr=False)

    @property
    def reason(self) -> str:
        """The basis in words."""
        return self.because()

    def __float__(self) -> float:
        return self.seconds


def predict(
    kind: RankKind,
    rows: int,
    cols: int,
    k: int,
    choice: Choice,
    caps: DeviceCaps,
    table: TunerTable | None = None,
) -> Prediction:
    """The time of a choice that the device can run.

    The measured cells of the table that are near the problem decide, each corrected by how the roofline of the two
    problems and choices differs; without any the roofline decides.
    """
    return _outlook(kind, rows, cols, k, caps, table).predict(choice)


class _Outlook:
    """What is known of one problem on one device."""

    def __init__(self, problem: RankProblem, caps: DeviceCaps, table: TunerTable | None) -> None:
        self._problem = problem
        self._machine = _machine(caps, table)
        cells = table.cells.near(problem) if table is not None else ()
        self._same = cells[0][1].microseconds if cells and cells[0][0] == 0 else {}
        self._neighbours = table.cells.facts(problem, self._machine, _measured, _Neighbours) if cells else None
        self._predicted: dict[tuple, Prediction] = {}

    def predict(self, choice: Choice) -> Prediction:
        """See `predict`."""
        if self._same and choice in self._same:
            return Prediction(self._same[choice] * 1e-6, "measured", lambda: "measured")
        work = _work(choice)
        if work not in self._predicted:
            self._predicted[work] = self._carried_over(choice)
        return self._predicted[work]

    def _carried_over(self, choice: Choice) -> Prediction:
        """From what was measured near the problem, by the roofline."""
        family = family_of(self._problem, choice)
        model = roofline(family, self._problem, choice, self._machine)
        if self._neighbours is None:
            return Prediction(model, "model", lambda: "by the roofline: nothing was measured near it")
        correction, caution, because = self._neighbours.tell(family, _layout(self._problem, choice, family))
        return Prediction(caution * model * math.exp(correction), "near", because)


@lru_cache(maxsize=1)  # all choices of a problem are asked for one after the other
def _outlook(kind: RankKind, rows: int, cols: int, k: int, caps: DeviceCaps, table: TunerTable | None) -> _Outlook:
    return _Outlook(RankProblem(RankKind(kind), rows, cols, k), caps, table)


class _Measured(NamedTuple):
    """Measured choices of a cell as columns: how each divides the work, and log of measured over modelled time."""

    layouts: tuple[tuple[float, ...], ...]
    over_model: tuple[float, ...]


def _measured(cell: Cell, family: Merge | None, machine: Machine) -> _Measured:
    """What was measured of a family in a cell; of all with None."""
    layouts, over_model = [], []
    for choice, microseconds in cell.microseconds.items():
        own = family_of(cell.problem, choice)
        if family is None or own is family:
            layouts.append(_layout(cell.problem, choice, own))
            over_model.append(math.log(microseconds * 1e-6 / roofline(own, cell.problem, choice, machine)))
    return _Measured(tuple(layouts), tuple(over_model))


class _Weights(dict[float, tuple[float, ...]]):
    """How much a measurement counts in each of some cells at these distances, by how far apart two layouts are.

    Layouts are mostly whole steps apart, so that few distances come again and again.
    """

    def __init__(self, distances: Sequence[float]) -> None:
        super().__init__()
        self._distances = distances

    def __missing__(self, apart: float) -> tuple[float, ...]:
        steps = [hypot(distance, apart) for distance in self._distances]
        weights = self[apart] = tuple(1 / (CLOSENESS + step * step) ** 3 for step in steps)
        return weights


class _Group(NamedTuple):
    """Measured choices as columns, cell by cell: the cell of each, and log over model.

    ``weigh`` knows the weights of the cells by distance; ``pick`` takes, out of those for each of the ``layouts``, one
    list after the other, the weight of each choice: many have a layout in common.
    """

    cells: Sequence[Cell]
    over_model: Sequence[float]
    layouts: Sequence[tuple[float, ...]]
    weigh: _Weights
    pick: Callable[[Sequence[float]], Sequence[float]]

    def weights(self, apart: Sequence[float]) -> Sequence[float]:
        """How much each choice counts, by how far away each layout is."""
        return self.pick([*chain.from_iterable(map(self.weigh.__getitem__, apart))])

    def described(self, weights: Sequence[float]) -> str:
        """What a prediction rests on that weighs the choices so."""
        closest = self.cells[weights.index(max(weights))]
        return f"from {len(weights)} measurements near it, such as {described(closest.problem)}"


class _Neighbours:
    """The measured cells near a problem, nearest first, and what they say of its choices.

    ``measured`` tells what was measured in a cell, as `_measured`.
    """

    def __init__(self, near: Sequence[tuple[float, Cell]], measured: Callable[[Cell, Merge | None], _Measured]) -> None:
        self._near = near
        self._measured = measured
        self._groups: dict[Merge | None, _Group | None] = {}

    def tell(self, family: Merge, layout: tuple[float, ...]) -> tuple[float, float, Callable[[], str]]:
        """Log over model of a choice that divides the work in this way, a factor of caution, and what tells why."""
        group, caution = self._group(family), 1.0
        if group is not None:
            apart = list(map(dist, repeat(layout), group.layouts))
        else:
            group, caution = self._group(None), STRANGER
            apart = [0.0] * len(group.layouts)
        weights = group.weights(apart)
        correction = sum(map(mul, weights, group.over_model)) / sum(weights)
        return correction, caution, partial(group.described, weights)

    def _group(self, family: Merge | None) -> _Group | None:
        """What finds winners in this way, or in any (None), in the nearest cells that have such; None if none does."""
        if family not in self._groups:
            found = ((cell, distance, self._measured(cell, family)) for distance, cell in self._near)
            nearest = list(islice((each for each in found if each[2].layouts), NEAREST_CELLS))
            self._groups[family] = _columns(nearest) if nearest else None
        return self._groups[family]


def _columns(found: Sequence[tuple[Cell, float, _Measured]]) -> _Group:
    layouts = tuple(dict.fromkeys(layout for _, _, measured in found for layout in measured.layouts))
    first = {layout: place * len(found) for place, layout in enumerate(layouts)}
    return _Group(
        [cell for cell, _, measured in found for _ in measured.layouts],
        [one for _, _, measured in found for one in measured.over_model],
        layouts,
        _Weights([distance for _, distance, _ in found]),
        _picking([first[layout] + number for number, (_, _, each) in enumerate(found) for layout in each.layouts]),
    )


def _picking(places: Sequence[int]) -> Callable[[Sequence[float]], Sequence[float]]:
    """What picks out of a sequence what stands at these places."""
    return itemgetter(*places) if len(places) > 1 else lambda given: [given[place] for place in places]


def _machine(caps: DeviceCaps, table: TunerTable | None) -> Machine:
    provenance = table.provenance if table is not None else None
    if provenance is None:
        return machine_of(caps)
    return machine_of(caps, provenance.read_bytes_per_second, provenance.launch_seconds)


def _layout(problem: RankProblem, choice: Choice, family: Merge) -> tuple[float, ...]:
    """How a choice of a family divides the work of a problem, in powers of two."""
    split = family is Merge.STREAM
    chunk = math.log2(problem.cols / (choice.ch if choice.use_2ce else 1)) if split else 0.0
    tile = math.log2(choice.tile) if split else 0.0
    return math.log2(choice.wg), math.log2(choice.kl), chunk, tile, ORDER_STEP * choice.mkd
