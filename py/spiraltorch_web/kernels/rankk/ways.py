"""How a problem's rows can be swept on a device."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ...ir.caps import Caps
from ..grids import ceil_div
from .choice import FIELDS
from .problem import RankProblem
from .room import finishing_rounds, most_slots, rounds_fit, slots_for
from .sample import expected_found, swept_slots
from .sweep import finishers, listed_bytes

MOST_LISTED = 32  # entries of a list that a lane keeps while they are put in order


class SweepWays(NamedTuple):
    """Of sweeps: lanes and entries that each samples, those first that take others' place; whether they may leave the
    finish to a second launch, and whether they must.
    """

    sizes: tuple[tuple[int, int], ...]
    may_split: bool
    must_split: bool


@lru_cache(maxsize=16)
def sweep_ways(problem: RankProblem, caps: Caps) -> SweepWays:
    """How rows can be swept: with lists of keys and columns in workgroup memory and registers where any sample is good
    enough for that, else with lists of columns there.
    """
    lanes = tuple(wg for wg in (256, 128, 512, 1024, 64) if wg <= caps.max_workgroup_size)
    sizes = tuple((wg, kl) for kl in (8, 16, 4, 32, 2, 1) for wg in lanes if _narrows(wg, kl, problem, caps))
    alone = tuple(size for size in sizes if list_room(*size, problem) <= most_held(size[0], caps))
    split = tuple(size for size in alone or sizes if _fits_split(*size, problem, caps))
    return SweepWays(alone or split, bool(split) and len(split) == len(alone or split), not alone)


def most_held(wg: int, caps: Caps) -> int:
    """Slots of the longest list that a workgroup of so many lanes finishes by itself."""
    return min(most_slots(wg, caps), wg * MOST_LISTED)


def list_room(wg: int, kl: int, problem: RankProblem) -> int:
    """Slots that the list of a row needs."""
    return slots_for(swept_slots(problem, wg * kl))


def _narrows(wg: int, kl: int, problem: RankProblem, caps: Caps) -> bool:
    sample = wg * kl
    return (
        sample * 2 <= problem.cols
        and expected_found(problem, sample) * 4 <= 3 * problem.cols
        and rounds_fit(_sweeping_rounds(wg, kl, problem, caps), caps)
    )


def _fits_split(wg: int, kl: int, problem: RankProblem, caps: Caps) -> bool:
    slots = list_room(wg, kl, problem)
    return (
        problem.k + problem.k // 16 <= most_slots(finishers(problem, wg * kl, caps), caps)
        and slots <= min(most_slots(wg, caps) * 2, FIELDS["ctile"].domain[-1])
        and listed_bytes(problem, slots) <= caps.max_binding_bytes
    )


def _sweeping_rounds(wg: int, kl: int, problem: RankProblem, caps: Caps) -> int:
    """Of a lane's loops: two reads, two counts of odd entries, and the finish of what they leave."""
    last = min(wg, finishers(problem, wg * kl, caps))
    return 4 * ceil_div(problem.cols, 4 * wg) + finishing_rounds(last, problem)
