"""What a sample of a row says: how far apart the cuts must lie, and how many entries lie between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from .choice import Choice
from .problem import RankProblem

# Standard deviations of the sample's rank by which the cuts lie outside the wanted entries. A row that misses costs
# many reads of it by one workgroup, for which all others wait: of many rows one in a million should, of few 60.
SAFETY, FEW_ROWS_SAFETY = 4.75, 4.0
# Lists are sifted before they are finished from so many entries on, and up to so many rows.
LONG_LIST, FEW_ROWS = 12288, 64
# Samples of few rows whose lists are sifted, each taken by a workgroup of its own: entries of a lane, of a sample at
# least, and most rows.
PARTS, PART_KEYS, LEAST_PART, PARTED_ROWS = 16, 8, 1024, 8
# Of 16 numbers that scatter normally the outermost lies 1.77 standard deviations from the mean, and one time in 20,000
# 4.5 of them.
OUTERMOST, OUTERMOST_RARELY = 1.766, 4.5


def cut_slack(margin: int) -> int:
    """Sampled entries by which a cut may lie further out than it should: finding it exactly would take longer."""
    return max(2, margin // 6)


def sample_margin(problem: RankProblem, sample: int) -> int:
    """The sampled rank of a cut that leaves the wanted entries inside, but for the rare rows that miss.

    For the middle it is counted from the sample's median, else from the first sampled entry. A sample of s out of n
    entries holds about k·s/n of k wanted ones, with a standard deviation of the square root of that; the rank of the
    median scatters by half the square root of s. As nothing is drawn twice, both are smaller by sqrt(1 - s/n).
    """
    expected = problem.k * sample / problem.cols
    safety = FEW_ROWS_SAFETY if problem.rows <= FEW_ROWS else SAFETY
    deviations = safety * math.sqrt(max(0.0, 1 - sample / problem.cols))
    if problem.middle:
        return math.ceil(expected / 2 + deviations * math.sqrt(sample) / 2) + 2
    return math.ceil(expected + deviations * math.sqrt(expected)) + 3


@lru_cache(maxsize=256)  # choices of one problem have few samples
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


def is_sifted(problem: RankProblem, choice: Choice) -> bool:
    """Whether lists are too long for the one workgroup a row that finishes, with too few rows to fill a device."""
    few = problem.middle and choice.use_2ce and problem.rows <= FEW_ROWS
    return few and expected_found(problem, choice.wg * choice.kl) >= LONG_LIST


@dataclass(frozen=True)
class Sampling:
    """How rows are sampled: ``parts`` samples, each of ``keys`` entries for every lane of a workgroup.

    A cut lies ``margin`` sampled entries outside the wanted ones, or up to ``slack`` further. Between the outermost
    cuts ``expected`` entries of a row lie on average, and rarely more than ``room``.
    """

    parts: int
    keys: int
    margin: int
    slack: int
    expected: int
    room: int

    @classmethod
    def of(cls, problem: RankProblem, choice: Choice) -> Sampling:
        """That of a choice."""
        part = choice.wg * min(choice.kl, PART_KEYS)
        wide = LEAST_PART <= part and 4 * PARTS * part <= problem.cols
        if wide and problem.rows <= PARTED_ROWS and is_sifted(problem, choice):
            return cls._parted(problem, part, part // choice.wg)
        sample = choice.wg * choice.kl
        margin = sample_margin(problem, sample)
        found = expected_found(problem, sample), found_slots(problem, sample)
        return cls(1, choice.kl, margin, cut_slack(margin), *found)

    @classmethod
    def _parted(cls, problem: RankProblem, part: int, keys: int) -> Sampling:
        """Samples whose cuts are as likely too far in as too far out: all 16 are too far in once in 65,536 rows.

        However widely the samples' medians scatter, the outermost cuts scatter with them, so that this holds where
        neighbours are alike as well.
        """
        margin = math.ceil(problem.k * part / problem.cols / 2) + 2
        slack = max(2, math.isqrt(part) // 8)
        deviation = math.sqrt(part) / 2  # of the rank of a sample's median
        sampled = 2 * (margin + slack / 2 + OUTERMOST * deviation), 2 * (margin + slack + OUTERMOST_RARELY * deviation)
        expected, room = (min(problem.cols, math.ceil(entries * problem.cols / part)) for entries in sampled)
        return cls(PARTS, keys, margin, slack, expected, room)
