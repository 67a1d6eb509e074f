"""The Grünwald–Letnikov difference: a derivative of any real order as a sum over the past."""

from __future__ import annotations

import math
from array import array
from typing import Any

from ..dtypes import float32
from ..errors import ArgumentError, ShapeError
from ..fft import irfft, rfft
from ..tensor import Tensor, arange, as_tensor, cat, conv1d, cumprod, exp, flip, movedim, ones, pad, reshape, tensor
from ..tensor.joining import narrow
from ..tensor.operands import axis_index
from .orders import Order, order_of, positive

PADDINGS = ("zero", "reflect")
MOST_WEIGHT = 3.4e38
FEW_WEIGHTS = 64  # up to here a direct sum; beyond it transforms take less


def gl_diff(x: Any, alpha: Any, axis: int = -1, *, step: float = 1.0, padding: str = "zero") -> Tensor:
    """The derivative of order ``alpha`` along an axis: y[i] = step^−α · Σ_k w_k · x[i − k], k from 0 to n − 1.

    x: real, any shape; ``step`` is the distance of samples. w_k = (−1)^k · binom(α, k) (Podlubny, Fractional
    Differential Equations, 1999, §2.2): α = 1 is the backward difference, α = −1 the cumulative sum, both times a power
    of ``step``. Before its first entry x is 0 (``padding="zero"``) or its own mirror image, x[−k] = x[k]
    (``"reflect"``). ``alpha`` may be a tensor with one entry; gradients reach it and x. The error is within a few
    1e-7 of the largest sum of absolute terms.
    """
    alpha, step = order_of("gl_diff", alpha), positive("gl_diff", "step", step)
    if padding not in PADDINGS:
        raise ArgumentError(f"gl_diff: padding is one of {', '.join(map(repr, PADDINGS))}, got {padding!r}")
    x = as_tensor(x).to(float32)
    if not x.ndim or 0 in x.shape:
        raise ShapeError(f"gl_diff needs at least one entry along an axis, got shape {tuple(x.shape)}")
    axis = axis_index("gl_diff", axis, x.ndim)
    length = x.shape[axis]
    rows = reshape(movedim(x, axis, -1), (-1, length))
    summed = _past_sums(rows, alpha, padding)
    moved = [size for place, size in enumerate(x.shape) if place != axis]
    result = movedim(reshape(summed, (*moved, length)), -1, axis)
    if step == 1:
        return result
    return result * (exp(alpha * -math.log(step)) if isinstance(alpha, Tensor) else step**-alpha)


def gl_weights(alpha: Any, count: int) -> Tensor:
    """The first ``count`` weights of `gl_diff`: w_0 = 1, w_k = w_{k−1} · (k − 1 − α)/k."""
    return _weights_on_device(order_of("gl_weights", alpha), count)


def _weights_on_device(alpha: Order, count: int) -> Tensor:
    if isinstance(alpha, Tensor):
        place = arange(1, count).to(float32)
        return cumprod(cat([ones(1), ((place - 1) - alpha) / place]), 0) if count > 1 else ones(1)
    return tensor(array("f", _weights(alpha, count)))


def _weights(alpha: float, count: int) -> list[float]:
    found = [1.0]
    for k in range(1, count):
        found.append(found[-1] * (k - 1 - alpha) / k)
    if not max(map(abs, found)) <= MOST_WEIGHT:  # NaN compares false
        raise ArgumentError(f"gl_diff: the {count} weights of order {alpha:g} are too large for float32")
    return found


def _past_sums(rows: Tensor, alpha: Order, padding: str) -> Tensor:
    """Σ_k w_k · row[i − k] for every row."""
    length = rows.shape[1]
    count = length
    if isinstance(alpha, float) and alpha >= 0 and alpha == int(alpha):
        count = min(length, int(alpha) + 1)  # the other weights are 0
    weights = _weights_on_device(alpha, count)
    before = count - 1
    if padding == "zero":
        longer = pad(rows, (before, 0)) if before else rows
    else:
        longer = cat([flip(narrow(rows, 1, 1, before), 1), rows], 1) if before else rows
    if count <= FEW_WEIGHTS:
        return _direct(longer, weights)
    return _transformed(longer, weights)


def _direct(longer: Tensor, weights: Tensor) -> Tensor:
    """A convolution; its kernel is a correlation, which wants the weights in reverse."""
    kernel = reshape(flip(weights, 0), (1, 1, weights.shape[0]))
    found = conv1d(reshape(longer, (longer.shape[0], 1, longer.shape[1])), kernel)
    return reshape(found, (found.shape[0], found.shape[2]))


def _transformed(longer: Tensor, weights: Tensor) -> Tensor:
    """Circular, over a length that only spoils entries before the first wanted one."""
    total, count = longer.shape[1], weights.shape[0]
    length = 1 << (total - 1).bit_length()
    product = rfft(longer, length) * rfft(weights, length)
    return narrow(irfft(product, length), 1, count - 1, total - count + 1)
