"""How sure a count of wins makes us: the one place where the library turns trials into confidence."""

from __future__ import annotations

import math
from numbers import Integral, Real

from ..errors import ArgumentError


def wilson_interval(wins: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """The score interval (low, high) of a probability after `wins` successes in `trials` independent trials.

    `z` is the quantile of the normal distribution; 1.96 gives 95 %. Without a trial nothing is known: (0, 1). Unlike
    the interval p ± z·√(p(1−p)/n) it keeps its coverage for few trials and never leaves [0, 1]. Raises ArgumentError
    for counts that are not integers with 0 ≤ wins ≤ trials, and for a z that is not positive and finite.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209–212.
    """
    _check(wins, trials, z)
    wins, trials, z = int(wins), int(trials), float(z)
    if trials == 0:
        return 0.0, 1.0
    share, square = wins / trials, z * z
    shrink = 1 / (1 + square / trials)
    centre = (share + square / (2 * trials)) * shrink
    half = z * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials)) * shrink
    # At 0 and at n wins an end of the interval is exactly 0 or 1, which rounding must not miss.
    low = 0.0 if wins == 0 else max(0.0, centre - half)
    high = 1.0 if wins == trials else min(1.0, centre + half)
    return low, high


def _check(wins: int, trials: int, z: float) -> None:
    for name, value in (("wins", wins), ("trials", trials)):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
            raise ArgumentError(f"wilson_interval: {name} is a count (an integer, 0 or more), got {value!r}")
    if wins > trials:
        raise ArgumentError(f"wilson_interval: there cannot be {wins} wins in {trials} trials")
    if isinstance(z, bool) or not isinstance(z, Real) or not math.isfinite(z) or z <= 0:
        raise ArgumentError(f"wilson_interval: z is a positive number such as 1.96, got {z!r}")
