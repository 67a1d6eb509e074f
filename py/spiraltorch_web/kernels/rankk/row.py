"""Launches for rows that one workgroup holds, and for rows that are read once past a sampled threshold."""

from __future__ import annotations

import math

from ...ir.caps import Caps
from ..grids import ceil_div
from ..launches import given, launch, launch_entries, result, scratch
from ..registry import Lowered
from ..sort import sort_launches
from ..templates import Value
from .choice import Choice, Order
from .problem import RankProblem

# Standard deviations of the sample's rank by which the cuts lie outside the wanted entries: one row in 30,000 misses.
SAFETY = 4.0
# Entries of a bucket from which on counting within it costs more than another way.
CROWD = 256


def held_launches(problem: RankProblem, choice: Choice, caps: Caps) -> Lowered:
    """One launch: a workgroup keeps a row of at most wg * kl entries in its registers."""
    row = launch(
        "rank_row",
        (given(0), result(0), result(1)),
        problem.rows,
        caps,
        KEYS_PER_LANE=choice.kl,
        SLACK=(choice.ctile - problem.k) // (2 if problem.middle else 1),
        BY_LANES=not problem.middle and 2 * problem.k <= choice.wg,
        DEALT=choice.mkd == Order.KWAY,
        MERGED=choice.mkd in (Order.KWAY, Order.BITONIC),
        **_workgroup(choice.wg),
        **_settling(choice),
        **_shape(problem),
    )
    return Lowered((row,))


def streamed_launches(problem: RankProblem, choice: Choice, caps: Caps) -> Lowered:
    """Three launches: cuts from a sample, one read of the matrix, and the finish from what lies between the cuts."""
    rows, chunks = problem.rows, choice.ch if choice.use_2ce else 1
    sample = choice.wg * choice.kl
    margin = sample_margin(problem, sample)
    cut = launch(
        "rank_cut",
        (given(0), scratch(0)),
        rows,
        caps,
        KEYS_PER_LANE=choice.kl,
        PIECES=choice.wg // 32,
        STRETCH=problem.cols // (sample // 32),
        MARGIN=margin,
        SLACK=max(1, margin // 8),
        BY_LANES=not problem.middle and 2 * margin <= choice.wg,
        **_workgroup(choice.wg),
        **_shape(problem),
    )
    expected = expected_found(problem, sample)
    found = found_slots(problem, sample)
    gather_wg = min(256, caps.max_workgroup_size)
    per_lane = expected / chunks / gather_wg
    slots = min(math.ceil(per_lane + 2 * math.sqrt(per_lane)) + 2, (caps.max_workgroup_bytes - 256) // (8 * gather_wg))
    gather = launch(
        "rank_gather",
        (given(0), given(0), scratch(0), scratch(1)),
        rows * chunks,
        caps,
        WG=gather_wg,
        UNROLL=max(1, choice.tile // (4 * gather_wg)),
        CHUNKS=chunks,
        CHUNK_VECTORS=ceil_div(ceil_div(problem.cols, 4), chunks),
        SLOTS=slots,
        STAGE=slots * gather_wg,
        FOUND=found,
        **_shape(problem),
    )
    finish = launch(
        "rank_finish",
        (given(0), result(0), result(1), scratch(0), scratch(1)),
        rows,
        caps,
        FOUND=found,
        BY_VALUE_TURN=0 if problem.middle else 1,
        DEALT=False,
        MERGED=True,
        **_workgroup(choice.wg, wide=found > 65535),
        **_settling(choice),
        **_shape(problem),
    )
    return Lowered((cut, gather, finish), (32 * rows, 8 * rows * found))


def sample_margin(problem: RankProblem, sample: int) -> int:
    """The sampled rank of a cut that leaves the wanted entries inside, but for one row in tens of thousands.

    For the middle it is counted from the sample's median, else from the first sampled entry. A sample of s out of n
    entries holds about k·s/n of k wanted ones, with a standard deviation of the square root of that; the rank of the
    median scatters by half the square root of s.
    """
    expected = problem.k * sample / problem.cols
    if problem.middle:
        return math.ceil(expected / 2 + SAFETY * math.sqrt(sample) / 2) + 2
    return math.ceil(expected + SAFETY * math.sqrt(expected)) + 3


def expected_found(problem: RankProblem, sample: int) -> int:
    """Entries of a row that lie between the cuts, on average."""
    margin = sample_margin(problem, sample) * (2 if problem.middle else 1)
    return math.ceil(margin * problem.cols / sample)


def found_slots(problem: RankProblem, sample: int) -> int:
    """Entries that the list of one row has room for.

    A sampled entry stands for about n/s of the row, with as large a deviation: m of them scatter by the square root.
    """
    margin = expected_found(problem, sample) * sample / problem.cols
    return math.ceil((margin + 6 * math.sqrt(margin) + 8) * problem.cols / sample)


def _shape(problem: RankProblem) -> dict[str, Value]:
    sizes = {"ROWS": problem.rows, "COLS": problem.cols, "K": problem.k}
    return {**sizes, "DESCENDING": problem.descending, "MIDDLE": problem.middle}


def _workgroup(size: int, *, wide: bool = False) -> dict[str, Value]:
    """The size and its buckets: four per lane, or two where counters need all 32 bits."""
    buckets = (2 if wide else 4) * size
    counters = {"BUCKETS": buckets, "BUCKET_SHIFT": 33 - buckets.bit_length(), "WIDE": wide}
    return {"WG": size, "BUCKET_WORDS": 2 * size, **counters}


def _settling(choice: Choice) -> dict[str, Value]:
    runs = ceil_div(choice.ctile, choice.wg) | 1  # odd, so that neighbouring lanes use different banks
    return {"CAPACITY": choice.ctile, "RUN": runs, "WORDS": ceil_div(choice.wg, 32), "CROWD": CROWD}


def warp_launches(problem: RankProblem, choice: Choice, caps: Caps) -> Lowered:
    """One launch: a subgroup keeps a row of at most kl entries per lane."""
    lanes = caps.subgroup_size
    per_group = choice.wg // lanes
    listed = list_slots(problem.k)
    warp = launch(
        "rank_warp",
        (given(0), result(0), result(1)),
        ceil_div(problem.rows, per_group),
        caps,
        needs=frozenset({"subgroups"}),
        WG=choice.wg,
        LANES=lanes,
        KEYS_PER_LANE=ceil_div(problem.cols, lanes),
        ROWS_PER_GROUP=per_group,
        COUNTED=choice.mkd == Order.HEAP,
        LIST=listed,
        LIST_SLOTS=listed * per_group,
        SPARE=(listed - problem.k) // 2,
        GUESSES=5,
        **_shape(problem),
    )
    return Lowered((warp,))


def list_slots(k: int) -> int:
    """Candidates that a subgroup lists for k wanted entries."""
    return ceil_div(k * 5 // 4 + 32, 32) * 32


def sorted_launches(problem: RankProblem, choice: Choice, caps: Caps) -> Lowered:
    """Whole rows are sorted, then the wanted entries are taken: for any k."""
    size = problem.rows * problem.cols
    sorting = sort_launches(
        given(0),
        scratch(0),
        scratch(1),
        (scratch(2), scratch(3)),
        problem.rows,
        problem.cols,
        caps,
        IS_FLOAT=True,
        IS_SIGNED=False,
        DESCENDING=problem.descending,
    )
    take = launch_entries(
        "rank_take",
        (given(0), scratch(0), scratch(1), result(0), result(1)),
        problem.rows * problem.k,
        caps,
        COLS=problem.cols,
        K=problem.k,
        MIDDLE=problem.middle,
        SEARCH_STEPS=problem.cols.bit_length(),
    )
    return Lowered((*sorting, take), (4 * size,) * (2 if len(sorting) == 1 else 4))
