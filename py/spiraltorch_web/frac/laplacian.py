"""The fractional Laplacian of periodic signals, by its symbol |ω|^α."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..dtypes import float32
from ..errors import ArgumentError
from ..fft import fft, fftfreq, ifft, irfft, rfft, rfftfreq
from ..tensor import Tensor, as_tensor, exp, log, reshape, where
from ..tensor.operands import axes_of
from .orders import Order, order_of, positive


def fractional_laplacian(x: Any, alpha: Any, axes: Any = None, *, spacing: float | Sequence[float] = 1.0) -> Tensor:
    """(−Δ)^(α/2) x of a periodic real signal: its spectrum times |ω|^α with ω = 2π · frequency.

    x: real, any shape; ``axes``: those of space, all unless given; ``spacing``: the distance of samples, one for all
    axes or one for each. α = 2 is the negative Laplacian, α = 0 the identity; α ≥ 0 (Kwaśnicki, Ten equivalent
    definitions of the fractional Laplace operator, 2017). ``alpha`` may be a tensor with one entry; gradients reach it
    and x.
    """
    alpha = order_of("fractional_laplacian", alpha, 0.0)
    x = as_tensor(x).to(float32)
    along = axes_of("fractional_laplacian", axes, x.ndim)
    if not along or 0 in x.shape:
        raise ArgumentError(f"fractional_laplacian needs at least one entry and one axis, got shape {tuple(x.shape)}")
    distances = _distances(spacing, len(along))
    last = along[-1]
    spectrum = rfft(x, axis=last)
    for axis in along[:-1]:
        spectrum = fft(spectrum, axis=axis)
    spectrum = spectrum * _symbol(x, along, distances, alpha)
    for axis in along[:-1]:
        spectrum = ifft(spectrum, axis=axis)
    return irfft(spectrum, x.shape[last], axis=last)


def _distances(spacing: Any, count: int) -> list[float]:
    given = list(spacing) if isinstance(spacing, (tuple, list)) else [spacing] * count
    if len(given) != count:
        raise ArgumentError(f"fractional_laplacian: {count} axes need one spacing or {count}, got {len(given)}")
    return [positive("fractional_laplacian", "spacing", distance) for distance in given]


def _symbol(x: Tensor, along: tuple[int, ...], distances: list[float], alpha: Order) -> Tensor:
    """|ω|^α, with one axis for each of x; the last of ``along`` has the frequencies of `rfft`."""
    squares = None
    for axis, distance in zip(along, distances, strict=True):
        frequencies = rfftfreq if axis == along[-1] else fftfreq
        omega = frequencies(x.shape[axis], distance) * (2 * math.pi)
        shape = [1] * x.ndim
        shape[axis] = omega.shape[0]
        square = reshape(omega.square(), shape)
        squares = square if squares is None else squares + square
    # The logarithm only sees positive numbers, so that its slope at 0 does not spread.
    moving = squares > 0
    power = exp(log(where(moving, squares, 1.0)) * (alpha * 0.5))
    still = (alpha == 0).to(float32) if isinstance(alpha, Tensor) else float(alpha == 0)
    return where(moving, power, still)
