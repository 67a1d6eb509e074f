"""How much fits: candidates into workgroup memory, loops into what a driver lets run."""

from __future__ import annotations

from ...ir.caps import Caps
from ..grids import ceil_div
from .problem import RankProblem
from .row import BASE_BYTES, TIED_COLUMNS

SPARE_ROUNDS = 4096  # of other loops


def most_slots(wg: int, caps: Caps) -> int:
    """Candidate slots that fit workgroup memory beside the buckets of ``wg`` lanes."""
    return max(0, min(8192, (caps.max_workgroup_bytes - BASE_BYTES - 12 * wg) // 8 // 64 * 64))


def slots_for(count: int) -> int:
    """Candidate slots for a count: whole multiples of 64."""
    return max(64, ceil_div(count, 64) * 64)


def rounds_fit(rounds: int, caps: Caps) -> bool:
    """Whether a lane's loops may run so many rounds besides what others take."""
    return not caps.most_rounds or rounds <= caps.most_rounds - SPARE_ROUNDS


def finishing_rounds(wg: int, problem: RankProblem) -> int:
    """Of a lane's loops that go through a whole row, as they do where its list does not serve: four digits of the key
    at each end and the candidates, of four columns each, then what is tied with the ends, each tie with its place.
    """
    ends, stretches = (2 if problem.middle else 1), ceil_div(problem.cols, TIED_COLUMNS)
    tied = stretches * (1 + TIED_COLUMNS // wg) + TIED_COLUMNS // 32 * min(problem.k, stretches)
    return (4 * ends + 1) * ceil_div(problem.cols, 4 * wg) + ends * tied


def power_below(count: int) -> int:
    """The largest power of two up to a count; 1 for 0."""
    return 1 << max(0, count.bit_length() - 1)


def power_above(count: int) -> int:
    """The smallest power of two from a count on."""
    return 1 << (count - 1).bit_length()
