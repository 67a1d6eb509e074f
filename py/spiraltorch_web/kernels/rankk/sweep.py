"""Launches in which one workgroup samples a row and reads it once past cuts from the sample.

It finishes the row by itself, while others read theirs, or leaves a list to a second launch: where lists are long,
their registers would leave a multiprocessor room for too few workgroups.
"""

from __future__ import annotations

from ...ir.caps import Caps
from ..grids import ceil_div
from ..launches import given, launch, result, scratch
from ..registry import Launch, Lowered
from ..templates import Value
from .choice import Choice, changed
from .problem import RankProblem
from .room import most_slots, power_above, slots_for
from .row import settling, shape_of, workgroup_of
from .sample import cheap_safety, cut_slack, expected_found, sample_margin
from .stream import MARKED, MOST_HELD, MOST_UNROLLED, SOFTWARE_MOST_UNROLLED, finish_buckets, finishing

LIST_READS = 4  # entries whose keys a listing lane reads at once
FINISHED = 4  # entries of a list for a lane that finishes it
LEAST_FINISHERS, FEW_FINISHERS = 64, 256  # more only where those do not hold a list
# Buckets for each lane, at least, in which cuts are searched: the middle's entries lie closer together.
SAMPLE_BUCKETS, MIDDLE_SAMPLE_BUCKETS = 2, 4


def swept_launches(problem: RankProblem, choice: Choice, caps: Caps) -> Lowered:
    """One launch, or with use_2ce two, and the bytes of what the first leaves for the second."""
    if not choice.use_2ce:
        return Lowered((_sweep(problem, choice, caps),))
    sizes = (32 * problem.rows, listed_bytes(problem, choice.ctile))
    return Lowered((_list(problem, choice, caps), _finish(problem, choice, caps)), sizes)


def _sweep(problem: RankProblem, choice: Choice, caps: Caps) -> Launch:
    return launch(
        "rank_sweep",
        (given(0), given(0), result(0), result(1)),
        problem.rows,
        caps,
        HELD=ceil_div(choice.ctile, choice.wg),
        DEALT=False,
        MERGED=True,
        BY_VALUE=problem.middle,
        FIRST_END=0 if problem.middle else 1,
        **_buckets(problem, choice.wg, caps, finish_buckets(problem, choice, caps)),
        **settling(choice, choice.wg),
        **_reading(problem, choice, caps),
        **shape_of(problem),
    )


def _list(problem: RankProblem, choice: Choice, caps: Caps) -> Launch:
    return launch(
        "rank_list",
        (given(0), given(0), scratch(0), scratch(1)),
        problem.rows,
        caps,
        CAPACITY=choice.ctile,
        READS=LIST_READS,
        **_buckets(problem, choice.wg, caps),
        **_reading(problem, choice, caps),
        **shape_of(problem),
    )


def _finish(problem: RankProblem, choice: Choice, caps: Caps) -> Launch:
    listed = expected_found(problem, choice.wg * choice.kl, cheap_safety(problem))
    wg = finishers(problem, choice.wg * choice.kl, caps)
    slots = min(slots_for(problem.k * 9 // 8 + 64), choice.ctile, most_slots(wg, caps))
    return finishing(problem, changed(choice, wg=wg, ctile=slots), caps, listed, choice.ctile)


def _buckets(problem: RankProblem, wg: int, caps: Caps, wanted: int = 0) -> dict[str, Value]:
    least = MIDDLE_SAMPLE_BUCKETS if problem.middle else SAMPLE_BUCKETS
    return workgroup_of(wg, buckets=wanted, least=least, subgroups=caps.subgroup_size > 0)


def _reading(problem: RankProblem, choice: Choice, caps: Caps) -> dict[str, Value]:
    """What the sample and the read need."""
    wg, sample = choice.wg, choice.wg * choice.kl
    pieces = wg // 32
    unroll = max(1, min(choice.tile, widest_tile(wg, caps)) // (4 * wg))
    return {
        "KEYS_PER_LANE": choice.kl,
        "PARTS": 1,
        "PIECES": pieces,
        "STRETCH": problem.cols // (choice.kl * pieces),
        "MARGIN": sample_margin(problem, sample, cheap_safety(problem)),
        "WIDE_MARGIN": sample_margin(problem, sample),
        "SLACK": cut_slack(sample_margin(problem, sample)),
        "BY_LANES": False,
        "UNROLL": unroll,
        "MASKED": min(unroll, MARKED),
        "MASKS": ceil_div(unroll, MARKED),
        "LOOSE": problem.cols % 4 != 0,
    }


def finishers(problem: RankProblem, sample: int, caps: Caps) -> int:
    """Lanes that finish a row of the second launch."""
    listed = expected_found(problem, sample, cheap_safety(problem))
    wanted = min(max(power_above(ceil_div(listed, FINISHED)), LEAST_FINISHERS), FEW_FINISHERS)
    return min(max(wanted, power_above(ceil_div(listed, MOST_HELD))), caps.max_workgroup_size)


def listed_bytes(problem: RankProblem, slots: int) -> int:
    """Bytes of the lists that the first launch leaves for the second."""
    return 8 * problem.rows * slots


def widest_tile(wg: int, caps: Caps) -> int:
    """Columns that a workgroup of so many lanes loads at once, at most: fewer lanes load less."""
    return 4 * wg * (SOFTWARE_MOST_UNROLLED if caps.software else MOST_UNROLLED)
