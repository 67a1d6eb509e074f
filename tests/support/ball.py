"""The Poincaré ball in NumPy, as the textbooks write it: the truth that float32 results are compared with.

Every function is analytic, so `slope` can take its derivative by a complex step, which loses no digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

STEP = 1e-30
MAPS = (
    "mobius_add", "expmap0", "logmap0", "expmap", "logmap", "distance", "parallel_transport", "egrad_to_rgrad",
)  # fmt: skip


def dot(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x * y).sum(-1, keepdims=True)


@dataclass(frozen=True)
class Ball:
    """Maps of the ball of curvature −c on arrays of points along the last axis."""

    c: float

    def mobius_add(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        c, xy, xx, yy = self.c, dot(x, y), dot(x, x), dot(y, y)
        return ((1 + 2 * c * xy + c * yy) * x + (1 - c * xx) * y) / (1 + 2 * c * xy + c * c * xx * yy)

    def expmap0(self, v: np.ndarray) -> np.ndarray:
        length = np.sqrt(self.c * dot(v, v))
        return np.tanh(length) * v / length

    def logmap0(self, y: np.ndarray) -> np.ndarray:
        length = np.sqrt(self.c * dot(y, y))
        return np.arctanh(length) * y / length

    def conformal(self, x: np.ndarray) -> np.ndarray:
        return 2 / (1 - self.c * dot(x, x))

    def expmap(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        return self.mobius_add(x, self.expmap0(self.conformal(x) * v / 2))

    def logmap(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 2 / self.conformal(x) * self.logmap0(self.mobius_add(-x, y))

    def distance(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        way = self.mobius_add(-x, y)
        return (2 / math.sqrt(self.c) * np.arctanh(np.sqrt(self.c * dot(way, way))))[..., 0]

    def parallel_transport(self, x: np.ndarray, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        """(λ_x/λ_y)·gyr[y, −x]v, the gyration by its definition on a short vector: it is linear."""
        short = 1e-3 / (math.sqrt(self.c) * np.abs(v).max())
        both = self.mobius_add(y, -x)
        turned = self.mobius_add(-both, self.mobius_add(y, self.mobius_add(-x, short * v))) / short
        return self.conformal(x) / self.conformal(y) * turned

    def egrad_to_rgrad(self, x: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        return gradient / self.conformal(x) ** 2


def slope(function: Callable[..., np.ndarray], point: list[np.ndarray], direction: list[np.ndarray]) -> np.ndarray:
    """The derivative of ``function`` at ``point`` along ``direction``."""
    moved = [x.astype(np.clongdouble) + 1j * STEP * d for x, d in zip(point, direction, strict=True)]
    return function(*moved).imag / STEP


def second_slope(
    function: Callable[..., np.ndarray], point: list[np.ndarray], first: list[np.ndarray], second: list[np.ndarray]
) -> np.ndarray:
    """The derivative of `slope` along ``first``, in direction ``second``: central differences of exact slopes."""
    h = 1e-6
    ahead, behind = ([x + np.longdouble(sign * h) * d for x, d in zip(point, second, strict=True)] for sign in (1, -1))
    return (slope(function, ahead, first) - slope(function, behind, first)) / (2 * h)


def points(random: np.random.Generator, shape: tuple[int, ...], curvature: float, share: float = 0.9) -> np.ndarray:
    """float32 points, uniform in direction and in length up to a share of the radius."""
    directions = random.standard_normal(shape)
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    lengths = random.uniform(0, share, (*shape[:-1], 1)) / math.sqrt(-curvature)
    return (directions * lengths).astype(np.float32)


def apart(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest error of a row (an entry of a vector), relative to its length, or to 1 % of the median one."""
    got, wanted = np.asarray(got, float), np.asarray(wanted, float)
    if wanted.ndim > 1:
        errors, lengths = np.linalg.norm(got - wanted, axis=-1), np.linalg.norm(wanted, axis=-1)
    else:
        errors, lengths = abs(got - wanted), abs(wanted)
    return float((errors / np.maximum(lengths, 0.01 * np.median(lengths))).max())


def arguments(name: str, curvature: float, width: int) -> list[np.ndarray]:
    """120 rows within 0.9 of the radius; some points nearly equal, some next to the origin."""
    random = np.random.default_rng((width, len(name)))
    radius = 1 / math.sqrt(-curvature)
    x, y = (points(random, (120, width), curvature) for _ in range(2))
    v = (random.standard_normal((120, width)) * radius).astype(np.float32)
    # A float32 point x + w holds w only up to a rounding of x, so nearly equal points still stand 1e-3 apart.
    y[:20] = x[:20] + 1e-3 * v[:20]
    x[20:40] *= 1e-4
    tangent = (0.5 * v * (1 + curvature * (x * x).sum(-1, keepdims=True))).astype(np.float32)
    known = {
        "expmap0": [v], "logmap0": [x], "expmap": [x, tangent], "parallel_transport": [x, y, v],
        "egrad_to_rgrad": [x, v],
    }  # fmt: skip
    return known.get(name, [x, y])
