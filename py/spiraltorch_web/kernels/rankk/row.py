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

# Standard deviations of the sample's rank by which the cuts lie outside the wanted entries. A row in a million misses,
# which costs many reads of the row by one workgroup, for which all others wait.
SAFETY = 4.75
# Entries of a bucket from which on counting within it costs more than another way.
CROWD = 256
MOST_BUCKETS = 4096  # where wanted entries find their order
BASE_BYTES = 2560  # of workgroup memory besides candidates, buckets and sums
# Small workgroups wait less for each other, and lanes that stage much leave a multiprocessor fewer of them: on an H200
# the gather takes half as long again from 12 slots on. Lanes whose slots are full send them to the list.
GATHER_WORKGROUP, MOST_STAGED = 128, 11
SOFTWARE_GATHER_WORKGROUP = 256
# Vectors that a lane of it loads at once, each with text of its own: SwiftShader takes minutes to compile eight.
MOST_UNROLLED, SOFTWARE_MOST_UNROLLED = 16, 4
MOST_COUNTED = 61440  # columns of the middle's stretches: gathering workgroups count them in 16 bits
# Lists are sifted from so many entries on and up to so many rows, by workgroups that look through a stretch each.
LONG_LIST, FEW_ROWS, SIFT_STRETCH = 12288, 64, 2048
SIFT_SPARE = 16  # buckets more than the wanted entries fill, for densities that vary


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
    """Three launches: cuts from a sample, one read of the matrix, and the finish from what lies between the cuts.

    For the middle of few long rows a fourth one goes through the lists before the finish.
    """
    rows, chunks = problem.rows, choice.ch if choice.use_2ce else 1
    sample = choice.wg * choice.kl
    margin = sample_margin(problem, sample)
    found = found_slots(problem, sample)
    sifted = is_sifted(problem, choice)
    gather_wg = gather_lanes(caps)
    sieve = _sieve(problem, expected_found(problem, sample), gather_wg) if sifted else {"SIFTED": False}
    aside, kept = (scratch(2),) if sifted else (), (scratch(3),) if sifted else ()
    cut = launch(
        "rank_cut",
        (given(0), scratch(0), *aside),
        rows,
        caps,
        KEYS_PER_LANE=choice.kl,
        PIECES=choice.wg // 32,
        STRETCH=problem.cols // (sample // 32),
        MARGIN=margin,
        SLACK=cut_slack(margin),
        BY_LANES=not problem.middle and 2 * margin <= choice.wg,
        **sieve,
        **_workgroup(choice.wg),
        **_shape(problem),
    )
    stage_bytes = caps.max_workgroup_bytes - 256 - (12 * gather_wg if sifted else 0)
    slots = stage_slots(expected_found(problem, sample) / chunks / gather_wg)
    slots = max(4, min(slots, MOST_STAGED, stage_bytes // (8 * gather_wg)))
    gather = launch(
        "rank_gather",
        (given(0), given(0), scratch(0), scratch(1), *aside),
        rows * chunks,
        caps,
        UNROLL=max(1, choice.tile // (4 * gather_wg)),
        CHUNKS=chunks,
        CHUNK_VECTORS=ceil_div(ceil_div(problem.cols, 4), chunks),
        SLOTS=slots,
        STAGE=slots * gather_wg,
        FULL=(slots - 3) * gather_wg,
        FOUND=found,
        **sieve,
        **_workgroup(gather_wg, wide=True),
        **_shape(problem),
    )
    finish = launch(
        "rank_finish",
        (given(0), result(0), result(1), scratch(0), scratch(1), *aside, *kept),
        rows,
        caps,
        FOUND=found,
        READS=8 if expected_found(problem, sample) >= 6 * choice.wg and not caps.software else 4,
        DEALT=False,
        MERGED=True,
        BY_VALUE_TURN=0 if problem.middle else 1,
        FIRST_END=0 if problem.middle else 1,
        **sieve,
        **_workgroup(choice.wg, wide=found > 65535 and not sifted, buckets=finish_buckets(problem, choice, caps)),
        **_settling(choice),
        **_shape(problem),
    )
    sizes = (32 * rows, 8 * rows * found)
    if not sifted:
        return Lowered((cut, gather, finish), sizes)
    parts = ceil_div(found, SIFT_STRETCH)
    sift = launch(
        "rank_sift",
        (scratch(0), scratch(1), scratch(2), scratch(3)),
        rows * parts,
        caps,
        CHUNKS=parts,
        STRETCH=SIFT_STRETCH,
        FOUND=found,
        **sieve,
        **_workgroup(gather_wg, wide=True),
        **_shape(problem),
    )
    return Lowered((cut, gather, sift, finish), (*sizes, 4 * rows * sieve["ASIDE"], 8 * rows * sieve["SIFTED_ROOM"]))


def gather_lanes(caps: Caps) -> int:
    """Lanes of the workgroups that read the matrix."""
    return min(SOFTWARE_GATHER_WORKGROUP if caps.software else GATHER_WORKGROUP, caps.max_workgroup_size)


def most_tile(caps: Caps) -> int:
    """Columns that such a workgroup loads at once, at most."""
    return 4 * gather_lanes(caps) * (SOFTWARE_MOST_UNROLLED if caps.software else MOST_UNROLLED)


def is_sifted(problem: RankProblem, choice: Choice) -> bool:
    """Whether lists are too long for the one workgroup a row that finishes, with too few rows to fill a device."""
    listed = expected_found(problem, choice.wg * choice.kl)
    return problem.middle and choice.use_2ce and problem.rows <= FEW_ROWS and listed >= LONG_LIST


def finish_buckets(problem: RankProblem, choice: Choice, caps: Caps) -> int:
    """Buckets for the wanted entries to find their order in: about as many as entries, as far as memory goes."""
    room = caps.max_workgroup_bytes - 8 * choice.ctile - 4 * choice.wg - BASE_BYTES
    wanted = 1 << (problem.k - 1).bit_length()
    return min(wanted, MOST_BUCKETS, 1 << max(0, (room // 4).bit_length() - 1))


def _sieve(problem: RankProblem, listed: int, buckets: int) -> dict[str, Value]:
    """Buckets that the gathering workgroups count in, and room for the entries of those with wanted ranks."""
    room = min(listed, problem.k + SIFT_SPARE * ceil_div(listed, buckets) + 256)
    places = {"SCALE": buckets, "SIFTED_COUNT": buckets + 8, "ASIDE": buckets + 16}
    return {"SIFTED": True, "SIFT_BUCKETS": buckets, "SIFTED_ROOM": room, **places}


def stage_slots(per_lane: float) -> int:
    """Entries that a lane should stage: what it finds and some more, and four that may come with the next vector."""
    return math.ceil(per_lane + 2 * math.sqrt(per_lane)) + 5


def cut_slack(margin: int) -> int:
    """Sampled entries by which a cut may lie further out than it should: finding it exactly would take longer."""
    return max(2, margin // 6)


def sample_margin(problem: RankProblem, sample: int) -> int:
    """The sampled rank of a cut that leaves the wanted entries inside, but for one row in a million.

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
    cuts = 2 if problem.middle else 1
    margin = sample_margin(problem, sample)
    sampled = cuts * (margin + 2 * cut_slack(margin))
    return min(problem.cols, math.ceil((sampled + 5 * math.sqrt(sampled) + 8) * problem.cols / sample))


def _shape(problem: RankProblem) -> dict[str, Value]:
    sizes = {"ROWS": problem.rows, "COLS": problem.cols, "K": problem.k}
    return {**sizes, "DESCENDING": problem.descending, "MIDDLE": problem.middle}


def _workgroup(size: int, *, wide: bool = False, buckets: int = 0) -> dict[str, Value]:
    """The size and its buckets: at least so many; four per lane, or one where counters need all 32 bits."""
    buckets = max(buckets, (1 if wide else 4) * size)
    words = buckets if wide else buckets // 2
    counters = {"BUCKETS": buckets, "BUCKET_SHIFT": 33 - buckets.bit_length(), "WIDE": wide}
    return {"WG": size, "BUCKET_WORDS": words, "PER_LANE": words // size, **counters}


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
