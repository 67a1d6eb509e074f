"""Scalar functions of a squared length that are smooth at 0, where the root in their closed form is not.

Each is the closed form from `_NEAR` on and a power series below: values, first and second derivatives are finite and
exact to float32 in both, because neither branch ever sees an argument at which the other one breaks.
"""

from __future__ import annotations

import math

from ..tensor import Tensor, asinh, log1p, maximum, minimum, sqrt, tanh, where

__all__ = ["NEAREST", "artanhc", "asinhc", "gap", "tanhc"]

_NEAR = 0.1  # of s; the first term left out of a series is below 1e-8 there
NEAREST = 1e-6  # of the radius: how close to the boundary a map may lead
_SMALLEST_GAP = 1e-7  # the spacing of float32 below 1

_TANH = (1.0, -1 / 3, 2 / 15, -17 / 315, 62 / 2835, -1382 / 155925, 21844 / 6081075)
_ARTANH = tuple(1 / (2 * k + 1) for k in range(9))
_ASINH = tuple((-1) ** k * math.comb(2 * k, k) / (4**k * (2 * k + 1)) for k in range(9))


def tanhc(s: Tensor) -> Tensor:
    """tanh(√s)/√s, where the tanh is at most 1 − 1e-6: a point scaled by it stays inside the ball."""
    near = s < _NEAR
    root = sqrt(where(near, 1.0, s))
    return where(near, _series(where(near, s, 0.0), _TANH), minimum(tanh(root), 1.0 - NEAREST) / root)


def artanhc(s: Tensor) -> Tensor:
    """artanh(√s)/√s for s < 1; 1 − s counts as at least 1e-7."""
    near = s < _NEAR
    far = where(near, 0.25, s)
    root = sqrt(far)
    twice = log1p(2.0 * root * (1.0 + root) / gap(far))  # log((1 + √s)/(1 − √s))
    return where(near, _series(where(near, s, 0.0), _ARTANH), twice / (2.0 * root))


def asinhc(s: Tensor) -> Tensor:
    """asinh(√s)/√s."""
    near = s < _NEAR
    root = sqrt(where(near, 1.0, s))
    return where(near, _series(where(near, s, 0.0), _ASINH), asinh(root) / root)


def gap(s: Tensor) -> Tensor:
    """1 − s, at least 1e-7: rounding may carry a point next to the boundary onto it."""
    return maximum(1.0 - s, _SMALLEST_GAP)


def _series(s: Tensor, coefficients: tuple[float, ...]) -> Tensor:
    result: Tensor | float = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        result = s * result + coefficient
    return result
