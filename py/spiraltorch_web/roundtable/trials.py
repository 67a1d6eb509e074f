"""Measured duels between what SoftLogic proposes (A) and what the tuner table says (C), counted over processes.

The counts are a small JSON text, bucket → pair of choices → [wins, trials], in a file beside heur.kdsl. The transcript
tells each trial, too, but it is rotated, and evidence must not vanish with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ..kernels.rankk.choice import Choice
from .problem import Bucket, bucket_of
from .softlogic import differences
from .wilson import wilson_interval

MARGIN = 0.02  # A wins a trial when it takes at least this much less time than C
ENOUGH = 8  # trials before anything is learnt
BUCKETS_KEPT = 2048  # above this, those counted longest ago go first


@dataclass(frozen=True)
class Tally:
    """`wins` of A over C in `trials` trials."""

    wins: int = 0
    trials: int = 0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the probability that A wins."""
        return wilson_interval(self.wins, self.trials)

    @property
    def convincing(self) -> bool:
        """Whether A is ahead beyond doubt: enough trials, and the lower bound above one half."""
        return self.trials >= ENOUGH and self.interval[0] > 0.5

    def record(self) -> dict[str, float]:
        """The tally and its interval, for the transcript."""
        low, high = self.interval
        return {"wins": self.wins, "trials": self.trials, "low": low, "high": high}

    def __str__(self) -> str:
        low, high = self.interval
        return f"A won {self.wins} of {self.trials} trials (95 %: {low:.2f}–{high:.2f})"


def wins_trial(a_seconds: float, c_seconds: float) -> bool:
    """Whether A beats C by at least 2 %."""
    return a_seconds <= (1 - MARGIN) * c_seconds


def pair_key(a: Choice, c: Choice) -> str:
    """The claim that a trial is about: the fields in which A and C differ, such as ``mk=2:1 wg=64:128``."""
    return " ".join(f"{name}={one}:{other}" for name, (one, other) in differences(a, c).items())


Tallies = dict[str, dict[str, Tally]]


def read_tallies(text: str) -> Tallies:
    """Bucket key → pair key → tally. Raises ValueError for a damaged text."""
    if not text:
        return {}
    try:
        return {
            bucket_of(bucket).key: {pair: _tally(counts) for pair, counts in pairs.items()}
            for bucket, pairs in json.loads(text).items()
        }
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a table of trials: {error}") from error


def write_tallies(tallies: Tallies) -> str:
    """The text of `read_tallies`, one bucket a line."""
    lines = (
        f"{json.dumps(bucket)}: {json.dumps({pair: [t.wins, t.trials] for pair, t in pairs.items()})}"
        for bucket, pairs in list(tallies.items())[-BUCKETS_KEPT:]
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def with_trial(tallies: Tallies, bucket: Bucket, pair: str, won: bool) -> Tallies:
    """The tallies with one more trial; its bucket comes last, as the one counted most recently."""
    before = tallies.get(bucket.key, {})
    old = before.get(pair, Tally())
    others = {key: pairs for key, pairs in tallies.items() if key != bucket.key}
    return {**others, bucket.key: {**before, pair: Tally(old.wins + won, old.trials + 1)}}


def without_buckets(tallies: Tallies, buckets: Iterable[str]) -> Tallies:
    """The tallies without those buckets (by key), so that their counts start afresh."""
    gone = set(buckets)
    return {key: pairs for key, pairs in tallies.items() if key not in gone}


def _tally(counts: object) -> Tally:
    wins, trials = counts
    tally = Tally(wins, trials)
    tally.interval  # noqa: B018  refuses counts that cannot be
    return tally
