"""Discrete Hermite–Gauss functions: the eigenvectors of the Fourier matrix that fractional powers need.

The matrix with 2·cos(2πj/n) on its diagonal and 1 beside it, around the corner, too, commutes with the Fourier matrix
(Candan, Kutay, Ozaktas, The discrete fractional Fourier transform, IEEE Trans. Signal Processing 48, 2000). On even and
on odd vectors it is tridiagonal with distinct eigenvalues; in their descending order the eigenvectors have 0, 2, 4 …
and 1, 3, 5 … zero crossings, which are their indices.
"""

from __future__ import annotations

import math
from array import array
from functools import lru_cache

KEPT = 8
MOST_SWEEPS = 60
EPSILON = 2.0**-52


@lru_cache(maxsize=KEPT)
def hermite_vectors(n: int) -> tuple[bytes, tuple[int, ...]]:
    """(float32 entries of the orthogonal matrix whose column j is a vector, row after row; the index of each column).

    Computed in double precision. For even n the index n − 1 is left out and n taken.
    """
    columns: list[tuple[int, list[float]]] = []
    for parity in (0, 1):
        diagonal, beside = _block(n, parity)
        for number, vector in enumerate(eigenvectors(diagonal, beside)):
            columns.append((2 * number + parity, _unfolded(vector, n, parity)))
    columns.sort()
    rows = array("f")
    for entries in zip(*(column for _, column in columns), strict=True):
        rows.extend(entries)
    return rows.tobytes(), tuple(index for index, _ in columns)


def _block(n: int, parity: int) -> tuple[list[float], list[float]]:
    """The tridiagonal matrix on even (0) or odd (1) vectors: its diagonal and what stands beside it."""
    pairs = (n - 1) // 2
    if parity:
        diagonal = [2 * math.cos(2 * math.pi * j / n) for j in range(1, pairs + 1)]
    else:
        diagonal = [2 * math.cos(2 * math.pi * j / n) for j in range(n // 2 + 1)]
    if n % 2 and pairs:  # the middle pair are neighbours of each other
        diagonal[-1] += -1.0 if parity else 1.0
    beside = [1.0] * (len(diagonal) - 1)
    if not parity and beside:
        beside[0] = math.sqrt(2)
        if n % 2 == 0:
            beside[-1] = 2.0 if n == 2 else math.sqrt(2)
    return diagonal, beside


def _unfolded(vector: list[float], n: int, parity: int) -> list[float]:
    """The vector of n entries that has these coordinates among even or odd ones."""
    full = [0.0] * n
    for place, value in enumerate(vector, start=parity):
        mirror = -place % n
        if mirror == place:
            full[place] = value
        else:
            full[place] = value / math.sqrt(2)
            full[mirror] = (-value if parity else value) / math.sqrt(2)
    return full


def eigenvectors(diagonal: list[float], beside: list[float]) -> list[list[float]]:
    """Unit eigenvectors of a symmetric tridiagonal matrix with distinct eigenvalues, these in descending order."""
    return [_vector(diagonal, beside, value) for value in sorted(_eigenvalues(diagonal, beside), reverse=True)]


def _eigenvalues(diagonal: list[float], beside: list[float]) -> list[float]:
    """By implicit QL steps (Dubrulle, Martin, Wilkinson, The implicit QL algorithm, 1968)."""
    d, e = list(diagonal), [*beside, 0.0]
    for low in range(len(d)):
        for _ in range(MOST_SWEEPS):
            high = low
            while high < len(d) - 1 and abs(e[high]) > EPSILON * (abs(d[high]) + abs(d[high + 1])):
                high += 1
            if high == low:
                break
            _ql_step(d, e, low, high)
    return d


def _ql_step(d: list[float], e: list[float], low: int, high: int) -> None:
    """One shifted step on rows low … high, in place."""
    g = (d[low + 1] - d[low]) / (2 * e[low])
    g = d[high] - d[low] + e[low] / (g + math.copysign(math.hypot(g, 1.0), g))
    s = c = 1.0
    p = 0.0
    for i in range(high - 1, low - 1, -1):
        f, b = s * e[i], c * e[i]
        r = math.hypot(f, g)
        e[i + 1] = r
        if r == 0:
            d[i + 1] -= p
            e[high] = 0.0
            return
        s, c = f / r, g / r
        g = d[i + 1] - p
        r = (d[i] - g) * s + 2 * c * b
        p = s * r
        d[i + 1] = g + p
        g = c * r - b
    d[low] -= p
    e[low], e[high] = g, 0.0


def _vector(diagonal: list[float], beside: list[float], value: float) -> list[float]:
    """By factorizations from both ends, joined where the residual is least (Dhillon, Parlett, MRRR, 2004)."""
    for _ in range(2):
        vector, error = _twisted(diagonal, beside, value)
        value += error  # Rayleigh's correction
    scale = 1 / math.sqrt(math.fsum(entry * entry for entry in vector))
    # A sign of its own, so that results do not depend on rounding.
    sign = math.copysign(scale, next(entry for entry in vector if abs(entry) * scale > 1e-8))
    return [sign * entry for entry in vector]


def _twisted(diagonal: list[float], beside: list[float], value: float) -> tuple[list[float], float]:
    """An eigenvector and how far the eigenvalue is off."""
    n = len(diagonal)
    down, up = [0.0] * n, [0.0] * n
    pivot = 0.0
    for i in range(n):
        pivot = diagonal[i] - value - (beside[i - 1] ** 2 / pivot if i else 0.0) or EPSILON
        down[i] = pivot
    for i in range(n - 1, -1, -1):
        pivot = diagonal[i] - value - (beside[i] ** 2 / pivot if i < n - 1 else 0.0) or EPSILON
        up[i] = pivot
    residuals = [down[i] + up[i] - (diagonal[i] - value) for i in range(n)]
    twist = min(range(n), key=lambda i: abs(residuals[i]))
    vector = [0.0] * n
    vector[twist] = 1.0
    for i in range(twist - 1, -1, -1):
        vector[i] = -beside[i] * vector[i + 1] / down[i]
    for i in range(twist + 1, n):
        vector[i] = -beside[i - 1] * vector[i - 1] / up[i]
    return vector, residuals[twist] / math.fsum(entry * entry for entry in vector)
