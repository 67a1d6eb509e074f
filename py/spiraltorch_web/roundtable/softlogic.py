"""SoftLogic: which of the launches that a device can run is best, by predicted time and by soft rules.

The domain is finite and small (tens of choices), so the search is exact: every candidate is scored,
−log2(predicted seconds) + Σ weights of the rules that hold for it, and the best is also compared with what would have
been best without each rule. One unit of weight is a factor of two in time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import ArgumentError
from ..kernels.rankk.choice import Choice

# Predictions and weights are held within these, so that sums of them stay finite whatever was measured or written.
_SECONDS = (1e-12, 1e12)
WEIGHT_LIMIT = 1e6


@dataclass(frozen=True)
class SoftRule:
    """A wish whose condition holds: `weight` is added to the score of choices with `field` = `value`.

    `source` says where it stands, such as ``heur.kdsl:12`` or ``redis, 2 of 3 machines``.
    """

    field: str
    value: int
    weight: float
    source: str

    @property
    def key(self) -> tuple[str, str]:
        """Tells rules apart whose value or weight depends on the candidate."""
        return self.source, self.field

    def holds(self, choice: Choice) -> bool:
        """Whether the choice does what the rule wants."""
        return int(getattr(choice, self.field)) == self.value

    def __str__(self) -> str:
        return f"{self.field}={self.value} ({self.weight:+.4g}, {self.source})"


@dataclass(frozen=True)
class Candidate:
    """A choice that the device can run as it stands, its predicted time, and what says what that rests on."""

    choice: Choice
    seconds: float
    because: Callable[[], str] = str


@dataclass(frozen=True)
class Influence:
    """A rule without which another choice had won: `instead`, which is now behind by `lead`."""

    rule: SoftRule
    instead: Choice
    lead: float


@dataclass(frozen=True)
class Solution:
    """The best candidate, its score, the rules that hold for it, and those that made it the best."""

    best: Candidate
    score: float
    spoke: tuple[SoftRule, ...]
    decisive: tuple[Influence, ...]
    fastest: Candidate  # what would be best without any rule
    lead: float  # how far the best is ahead of that


def base_score(seconds: float) -> float:
    """−log2 of a predicted time: one more is twice as fast."""
    low, high = _SECONDS
    # A prediction that is no number counts as the slowest.
    return -math.log2(min(max(seconds, low), high) if not math.isnan(seconds) else high)


def duration_text(seconds: float) -> str:
    """A time for people: three digits in s, ms or µs."""
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{1e6 * seconds:.3g} µs"


def total_score(seconds: float, spoke: Sequence[SoftRule], prior: float = 0.0) -> float:
    """The score of a candidate for which the rules `spoke` hold."""
    return base_score(seconds) + gain(spoke) + prior


def gain(spoke: Sequence[SoftRule]) -> float:
    """What the rules give together."""
    return sum(bounded(rule.weight) for rule in spoke) if spoke else 0.0


def solve(candidates: Sequence[Candidate], spoken: Sequence[Sequence[SoftRule]]) -> Solution:
    """The best candidate, exactly; `spoken` gives the rules that hold for each. Among equals the earlier one wins.

    Raises ArgumentError when there is no candidate.
    """
    if not candidates:
        raise ArgumentError("SoftLogic needs at least one candidate; the device's safe choice is always one")
    base = [base_score(candidate.seconds) for candidate in candidates]
    totals = [alone + gain(rules) for alone, rules in zip(base, spoken, strict=True)]
    best = _first_best(totals)
    shares: dict[tuple[str, str], list[float]] = {}
    voiced: dict[tuple[str, str], SoftRule] = {}
    for place, rules in enumerate(spoken):
        for rule in rules:
            shares.setdefault(rule.key, [0.0] * len(candidates))[place] += bounded(rule.weight)
            voiced.setdefault(rule.key, rule)
    decisive = []
    for key, share in shares.items():
        without = _first_best([total - part for total, part in zip(totals, share, strict=True)])
        # A rule that gives both as much cannot have parted them, though rounding can make it seem so.
        if without != best and share[without] != share[best]:
            decisive.append(Influence(voiced[key], candidates[without].choice, totals[best] - totals[without]))
    fastest = _first_best(base)
    return Solution(
        best=candidates[best],
        score=totals[best],
        spoke=tuple(spoken[best]),
        decisive=tuple(decisive),
        fastest=candidates[fastest],
        lead=totals[best] - totals[fastest],
    )


def bounded(weight: float) -> float:
    """A weight within the limit; 0 for what is no number."""
    return min(max(weight, -WEIGHT_LIMIT), WEIGHT_LIMIT) if not math.isnan(weight) else 0.0


def _first_best(scores: Sequence[float]) -> int:
    return max(range(len(scores)), key=scores.__getitem__)


def differences(first: Choice, second: Choice) -> dict[str, tuple[int, int]]:
    """Field → (value in the first, value in the second), for the fields in which two choices differ."""
    pairs = ((name, int(getattr(first, name)), int(getattr(second, name))) for name in first.__dataclass_fields__)
    return {name: (one, other) for name, one, other in pairs if one != other}
