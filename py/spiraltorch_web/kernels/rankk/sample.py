"""What a sample of a row says: how far apart the cuts must lie, and how many entries lie between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from .choice import Choice
from .problem import RankProblem

# Standard deviations of the sample's rank by which the cuts lie outside the wanted entries. A row that misses costs
# many reads of it by one workgroup, for which all others wait: of many rows one in a million should, of few 60.
SAFETY, FEW_ROWS_SAFETY = 4.75, 4.0
# Where a miss costs no more than another read of the row: one in three hundred may, for the middle one in a thousand.
CHEAP_SAFETY, CHEAP_MIDDLE_SAFETY = 2.75, 3.25
# Lists are sifted before they are finished from so many entries on, and up to so many rows.
LONG_LIST, FEW_ROWS = 12288, 64
# Workgroups that sample one row of whose middle entries are wanted, each with a sample of its own, whose outermost
# cuts serve: at most, lanes of all of them, and entries of a sample at least. They cost nothing while a device has idle
# ones.
MOST_PARTS, SAMPLING_LANES, LEAST_PART = 16, 131_072, 1024
# Of very few rows, whose lists are sifted, a lane samples at most so many entries.
FEWEST_ROWS, PART_KEYS = 8, 8
# By how many samples there are: standard deviations by which each one's cut lies outside, so that all of them are too
# far in as rarely as a single one is with FEW_ROWS_SAFETY; and how far out the outermost of so many lies on average.
OUTERMOST = MappingProxyType({2: (2.535, 0.564), 4: (1.439, 1.029), 8: (0.601, 1.424), 16: (0.0, 1.766)})
OUTERMOST_RARELY = 4.5  # standard deviations from the mean: of 16, the outermost lies further out one time in 20,000
# A cut is searched in buckets. All workgroups wait for the one whose cut is not at a bucket's edge, so the slack is
# what the fullest bucket holds: at the middle of normal entries on average so many for each entry of a lane.
MIDDLE_BUCKET = 0.85


def cut_slack(margin: int) -> int:
    """Sampled entries by which a cut may lie further out than it should: finding it exactly would take longer."""
    return max(2, margin // 6)


def sample_margin(problem: RankProblem, sample: int, safety: float = 0.0) -> int:
    """The sampled rank of a cut that leaves the wanted entries inside, but for the rare rows that miss.

    For the middle it is counted from the sample's median, else from the first sampled entry. A sample of s out of n
    entries holds about k·s/n of k wanted ones, with a standard deviation of the square root of that; the rank of the
    median scatters by half the square root of s. As nothing is drawn twice, both are smaller by sqrt(1 - s/n).
    """
    expected = problem.k * sample / problem.cols
    safety = safety or (FEW_ROWS_SAFETY if problem.rows <= FEW_ROWS else SAFETY)
    deviations = safety * math.sqrt(max(0.0, 1 - sample / problem.cols))
    if problem.middle:
        return math.ceil(expected / 2 + deviations * math.sqrt(sample) / 2) + 2
    return math.ceil(expected + deviations * math.sqrt(expected)) + 3


@lru_cache(maxsize=256)  # choices of one problem have few samples
def expected_found(problem: RankProblem, sample: int, safety: float = 0.0) -> int:
    """Entries of a row that lie between the cuts, on average."""
    margin = sample_margin(problem, sample, safety) * (2 if problem.middle else 1)
    return math.ceil(margin * problem.cols / sample)


def found_slots(problem: RankProblem, sample: int) -> int:
    """Entries that the list of one row has room for.

    A sampled entry stands for about n/s of the row, with as large a deviation: m of them scatter by the square root.
    """
    cuts = 2 if problem.middle else 1
    margin = sample_margin(problem, sample)
    sampled = cuts * (margin + 2 * cut_slack(margin))
    return min(problem.cols, math.ceil((sampled + 5 * math.sqrt(sampled) + 8) * problem.cols / sample))


def cheap_safety(problem: RankProblem) -> float:
    """Standard deviations where a row that misses is read again."""
    return CHEAP_MIDDLE_SAFETY if problem.middle else CHEAP_SAFETY


def swept_slots(problem: RankProblem, sample: int) -> int:
    """Entries that the list of one row has room for where a row that misses is read again.

    A few standard deviations more than lie between such cuts and no more, for slots take registers.
    """
    if problem.middle:
        return found_slots(problem, sample)
    margin = sample_margin(problem, sample, CHEAP_SAFETY)
    sampled = margin + cut_slack(margin)
    return min(problem.cols, math.ceil((sampled + 4.5 * math.sqrt(sampled)) * problem.cols / sample))


@dataclass(frozen=True)
class Sampling:
    """How rows are sampled: by ``parts`` workgroups of a row, each with ``keys`` entries for every lane.

    A cut lies ``margin`` sampled entries outside the wanted ones, or up to ``slack`` further. Between the outermost
    cuts ``expected`` entries of a row lie on average, and rarely more than ``room``. With ``sifted`` such a list is too
    long for the one workgroup a row that finishes, with too few rows to fill a device.
    """

    parts: int
    keys: int
    margin: int
    slack: int
    expected: int
    room: int
    sifted: bool

    @classmethod
    def of(cls, problem: RankProblem, choice: Choice) -> Sampling:
        """That of a choice."""
        few = problem.middle and choice.use_2ce and problem.rows <= FEW_ROWS
        alone = _alone(problem, choice.wg * choice.kl)
        long = few and alone.expected >= LONG_LIST
        keys = min(choice.kl, PART_KEYS) if long and problem.rows <= FEWEST_ROWS else choice.kl
        parts = _parts(problem, choice.wg, keys) if few else 1
        if parts == 1:
            return cls(1, choice.kl, *alone, long)
        shared = _parted(problem, choice.wg, keys, parts)
        return cls(parts, keys, *shared, shared.expected >= LONG_LIST)


def _parts(problem: RankProblem, workgroup: int, keys: int) -> int:
    """How many workgroups sample a row."""
    sample = workgroup * keys
    most = min(MOST_PARTS, SAMPLING_LANES // (problem.rows * workgroup), problem.cols // (4 * sample))
    return 1 << most.bit_length() - 1 if most > 1 and sample >= LEAST_PART else 1


class _Cuts(NamedTuple):
    margin: int
    slack: int
    expected: int
    room: int


def _alone(problem: RankProblem, sample: int) -> _Cuts:
    """The cuts of one sample."""
    margin = sample_margin(problem, sample)
    return _Cuts(margin, cut_slack(margin), expected_found(problem, sample), found_slots(problem, sample))


def _parted(problem: RankProblem, workgroup: int, keys: int, parts: int) -> _Cuts:
    """The cuts of several samples.

    However widely the samples' medians scatter, as they do where neighbours are alike, the outermost cuts scatter with
    them. Sixteen cuts that are as likely too far in as too far out are all too far in once in 65,536 rows.
    """
    sample, (safety, outermost) = workgroup * keys, OUTERMOST[parts]
    deviation = math.sqrt(sample) / 2  # of the rank of a sample's median
    margin = math.ceil(problem.k * sample / problem.cols / 2 + safety * deviation) + 2
    bucket = MIDDLE_BUCKET * keys
    slack = math.ceil(bucket + 4 * math.sqrt(bucket))
    sampled = 2 * (margin + bucket / 2 + outermost * deviation), 2 * (margin + slack + OUTERMOST_RARELY * deviation)
    return _Cuts(margin, slack, *(min(problem.cols, math.ceil(entries * problem.cols / sample)) for entries in sampled))
