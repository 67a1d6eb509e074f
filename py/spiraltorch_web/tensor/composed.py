"""Functions composed of others."""

from __future__ import annotations

import math
from typing import Any

from ..dtypes import float32
from . import elementwise as ew
from .core import Tensor
from .operands import as_tensor
from .reduction import sum as total


def lerp(x: Any, end: Any, weight: Any) -> Tensor:
    """x + weight · (end − x)."""
    return ew.add(x, ew.mul(weight, ew.sub(end, x)))


def addcmul(x: Any, y: Any, z: Any, *, value: float = 1) -> Tensor:
    """x + value · y · z."""
    return ew.add(x, ew.mul(ew.mul(y, z), value))


def addcdiv(x: Any, y: Any, z: Any, *, value: float = 1) -> Tensor:
    """x + value · y / z."""
    return ew.add(x, ew.mul(ew.div(y, z), value))


def exp2(x: Any) -> Tensor:
    """2 to the power of x."""
    return ew.exp(ew.mul(as_tensor(x), math.log(2)))


def log2(x: Any) -> Tensor:
    """The logarithm to base 2."""
    return ew.mul(ew.log(x), 1 / math.log(2))


def log10(x: Any) -> Tensor:
    """The logarithm to base 10."""
    return ew.mul(ew.log(x), 1 / math.log(10))


def erfc(x: Any) -> Tensor:
    """1 − erf(x)."""
    return ew.sub(1, ew.erf(x))


def frac(x: Any) -> Tensor:
    """x − trunc(x)."""
    return ew.sub(x, ew.trunc(x))


def isclose(x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """True where |x − y| ≤ atol + rtol · |y|, or both are the same infinity."""
    near = ew.logical_and(ew.le(ew.abs(ew.sub(x, y)), ew.add(ew.mul(ew.abs(y), rtol), atol)), ew.isfinite(y))
    result = ew.logical_or(near, ew.eq(x, y))
    return ew.logical_or(result, ew.logical_and(ew.isnan(x), ew.isnan(y))) if equal_nan else result


def fmod(x: Any, y: Any) -> Tensor:
    """x − y · trunc(x / y): the rest with the sign of x."""
    return ew.sub(x, ew.mul(y, ew.div(x, y, rounding_mode="trunc")))


def logaddexp(x: Any, y: Any) -> Tensor:
    """log(exp(x) + exp(y)), safe for large arguments."""
    peak = ew.maximum(x, y)
    gap = ew.neg(ew.abs(ew.sub(x, y)))
    # Equal infinities have no difference; the larger one is the answer.
    return ew.where(ew.isfinite(gap), ew.add(peak, ew.log1p(ew.exp(gap))), peak)


def hypot(x: Any, y: Any) -> Tensor:
    """√(x² + y²)."""
    return ew.sqrt(ew.add(ew.square(as_tensor(x)), ew.square(as_tensor(y))))


def nan_to_num(x: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """x with NaN and infinities replaced; infinities by the largest finite numbers unless given."""
    largest = 3.4028234e38
    finite = ew.where(ew.isnan(x), nan, x)
    finite = ew.where(ew.eq(finite, math.inf), largest if posinf is None else posinf, finite)
    return ew.where(ew.eq(finite, -math.inf), -largest if neginf is None else neginf, finite)


def cosine_similarity(x: Tensor, y: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x · y / (‖x‖ ‖y‖) along an axis; norms below eps count as eps."""
    lengths = (ew.sqrt(total(ew.square(ew.to(value, float32)), dim)) for value in (x, y))
    a, b = (ew.maximum(length, eps) for length in lengths)
    return ew.div(total(ew.mul(x, y), dim), ew.mul(a, b))


def cdist(x: Tensor, y: Tensor) -> Tensor:
    """Euclidean distances of all rows: [*, m, d], [*, n, d] to [*, m, n]. The slope at distance 0 is 0."""
    squares = total(ew.square(ew.sub(x[..., :, None, :], y[..., None, :, :])), -1)
    apart = ew.gt(squares, 0)
    # The root only sees positive numbers, so that its infinite slope at 0 does not spread.
    return ew.where(apart, ew.sqrt(ew.where(apart, squares, 1.0)), 0.0)
