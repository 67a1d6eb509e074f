"""Launches for rows that one workgroup or one subgroup holds, and for rows that are sorted whole."""

from __future__ import annotations

from ...ir.caps import Caps
from ..grids import ceil_div
from ..launches import given, launch, launch_entries, result, scratch
from ..registry import Lowered
from ..sort import sort_launches
from ..templates import Value
from .choice import Choice, Order
from .problem import RankProblem

# Entries of a bucket from which on counting within it costs more than another way.
CROWD = 256
TIED_COLUMNS = 1024  # that a workgroup looks at together for entries tied with a cut, a bit for each
BASE_BYTES = 2560  # of workgroup memory besides candidates, buckets and sums


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
        BUCKETED=problem.middle or choice.mkd == Order.BUCKETS,
        DEALT=choice.mkd in (Order.KWAY, Order.BUCKETS),
        MERGED=choice.mkd in (Order.KWAY, Order.BITONIC, Order.BUCKETS),
        **workgroup_of(choice.wg, subgroups=caps.subgroup_size > 0),
        **settling(choice, choice.wg),
        **shape_of(problem),
    )
    return Lowered((row,))


def shape_of(problem: RankProblem) -> dict[str, Value]:
    """The problem as shaders know it."""
    sizes = {"ROWS": problem.rows, "COLS": problem.cols, "K": problem.k}
    return {**sizes, "DESCENDING": problem.descending, "MIDDLE": problem.middle}


def workgroup_of(
    size: int, *, wide: bool = False, buckets: int = 0, least: int = 4, subgroups: bool = False
) -> dict[str, Value]:
    """The size and its buckets: at least so many, and ``least``, an even number, per lane, or one where counters need
    all 32 bits.

    With ``subgroups`` the lanes sum them within subgroups first: a finish takes up to 30 % less on an H200, while sums
    of few numbers are slower so than by atomics.
    """
    buckets = max(buckets, (1 if wide else least) * size)
    words = buckets if wide else buckets // 2
    counters = {"BUCKETS": buckets, "BUCKET_SHIFT": 33 - buckets.bit_length(), "WIDE": wide}
    return {"WG": size, "BUCKET_WORDS": words, "PER_LANE": words // size, "SUBGROUPS": subgroups, **counters}


def settling(choice: Choice, wg: int) -> dict[str, Value]:
    """What putting candidates in order needs, for a workgroup of so many lanes."""
    runs = ceil_div(choice.ctile, wg) | 1  # odd, so that neighbouring lanes use different banks
    ties = TIED_COLUMNS // wg
    return {"CAPACITY": choice.ctile, "RUN": runs, "WORDS": ceil_div(wg, 32), "TIES": ties, "CROWD": CROWD}


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
        SUBGROUPS=True,
        WG=choice.wg,
        LANES=lanes,
        KEYS_PER_LANE=ceil_div(problem.cols, lanes),
        ROWS_PER_GROUP=per_group,
        COUNTED=choice.mkd == Order.HEAP,
        LIST=listed,
        LIST_SLOTS=listed * per_group,
        SPARE=(listed - problem.k) // 2,
        GUESSES=5,
        **shape_of(problem),
    )
    return Lowered((warp,))


def lane_launches(problem: RankProblem, choice: Choice, caps: Caps) -> Lowered:
    """One launch: each lane goes through a row by itself."""
    lane = launch(
        "rank_lane",
        (given(0), result(0), result(1)),
        ceil_div(problem.rows, choice.wg),
        caps,
        SUBGROUPS=False,
        WG=choice.wg,
        **shape_of(problem),
    )
    return Lowered((lane,))


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
