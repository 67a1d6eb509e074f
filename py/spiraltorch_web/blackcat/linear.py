"""Bayesian linear regression in d features with unknown noise: the conjugate normal-inverse-gamma posterior.

A. Gelman et al., "Bayesian Data Analysis", 3rd edition, chapter 14. With prior θ | σ² ~ N(0, σ²/λ·I) and
σ² ~ InvGamma(a₀, b₀), n observations y = xᵀθ + ε, ε ~ N(0, σ²) give

    Λ = λI + Σxxᵀ,  μ = Λ⁻¹Σxy,  a = a₀ + n/2,  b = b₀ + ½(Σy² − μᵀΛμ),
    σ² ~ InvGamma(a, b),  θ | σ² ~ N(μ, σ²Λ⁻¹).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from random import Random

from ..errors import ArgumentError

__all__ = ["BayesianLinear"]

PRIOR_PRECISION = 0.1  # λ
PRIOR_SHAPE = 1.0  # a₀
PRIOR_SCALE = 0.01  # b₀: noise of about a tenth before anything is seen
MOST = 1e100  # of a number's size: its square has to be a float
LEAST_PIVOT = 1e-12  # of a diagonal entry: what rounding leaves of features that depend on each other


class BayesianLinear:
    """The posterior of the weights θ[d] and the noise's variance σ²; ``count`` observations were seen."""

    def __init__(self, features: int) -> None:
        self.count = 0
        self._precision = [[PRIOR_PRECISION * (row == column) for column in range(features)] for row in range(features)]
        self._moment = [0.0] * features  # Σxy
        self._squares = 0.0  # Σy²
        self._solve()

    def update(self, x: Sequence[float], y: float) -> None:
        """Take in one observation. Raises ArgumentError, and changes nothing, unless all numbers are up to 1e100."""
        if len(x) != len(self.mean):
            raise ArgumentError(f"an observation has {len(self.mean)} features, got {len(x)}")
        if not all(-MOST <= number <= MOST for number in (*x, y)):  # NaN compares false
            raise ArgumentError(
                f"an observation needs finite numbers of up to {MOST:g}, got features {tuple(x)!r} and value {y!r}"
            )
        for row, left in zip(self._precision, x, strict=True):
            for column, right in enumerate(x):
                row[column] += left * right
        self._moment = [total + y * entry for total, entry in zip(self._moment, x, strict=True)]
        self._squares += y * y
        self.count += 1
        self._solve()

    def predict(self, x: Sequence[float]) -> float:
        """The mean of y at x: xᵀμ."""
        return _dot(x, self.mean)

    def deviation(self, x: Sequence[float]) -> float:
        """√(xᵀΛ⁻¹x): the standard deviation of xᵀθ in units of the noise's."""
        half = _forward(self._factor, x)
        return math.sqrt(_dot(half, half))

    @property
    def noise(self) -> float:
        """The noise's standard deviation, estimated: √(b/a)."""
        return math.sqrt(self._scale / self._shape)

    def sample(self, random: Random) -> list[float]:
        """θ[d] drawn from the joint posterior: σ² first, then θ = μ + σL⁻ᵀz with Λ = LLᵀ and z ~ N(0, I)."""
        sigma = math.sqrt(self._scale / random.gammavariate(self._shape, 1.0))
        draw = _backward(self._factor, [random.gauss(0.0, 1.0) for _ in self.mean])
        return [centre + sigma * part for centre, part in zip(self.mean, draw, strict=True)]

    @property
    def _shape(self) -> float:
        return PRIOR_SHAPE + self.count / 2

    def _solve(self) -> None:
        """Factor Λ, and with it find μ and b."""
        self._factor = _cholesky(self._precision)
        half = _forward(self._factor, self._moment)
        self.mean = _backward(self._factor, half)
        # μᵀΛμ = ‖L⁻¹Σxy‖²; the difference is ≥ 0 but for rounding.
        self._scale = PRIOR_SCALE + max(self._squares - _dot(half, half), 0.0) / 2


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(map(mul, a, b))


def _cholesky(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """The rows of L, each up to its diagonal entry, with matrix = LLᵀ."""
    factor: list[list[float]] = []
    for number, given in enumerate(matrix):
        row: list[float] = []
        for column in range(number):
            done = factor[column]
            row.append((given[column] - _dot(row, done[:column])) / done[column])
        row.append(math.sqrt(max(given[number] - _dot(row, row), LEAST_PIVOT * given[number])))
        factor.append(row)
    return factor


def _forward(factor: Sequence[Sequence[float]], x: Sequence[float]) -> list[float]:
    """L⁻¹x."""
    found: list[float] = []
    for row, entry in zip(factor, x, strict=True):
        found.append((entry - _dot(row[: len(found)], found)) / row[-1])
    return found


def _backward(factor: Sequence[Sequence[float]], x: Sequence[float]) -> list[float]:
    """L⁻ᵀx."""
    found = list(x)
    for number in range(len(found) - 1, -1, -1):
        found[number] /= factor[number][number]
        for column in range(number):
            found[column] -= factor[number][column] * found[number]
    return found
