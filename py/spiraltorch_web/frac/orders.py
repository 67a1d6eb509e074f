"""The order of an operator: a number, or a tensor with one entry that wants a gradient."""

from __future__ import annotations

import math
from typing import Any

from ..dtypes import float32
from ..errors import ArgumentError
from ..tensor import Tensor, isfinite, maximum, reshape, where
from ..tensor.alarms import watch

Order = float | Tensor


def order_of(name: str, alpha: Any, low: float = -math.inf) -> Order:
    """A float of at least ``low``, or a float32 tensor without axes. ArgumentError names the operator and the domain.

    A tensor's value is watched on the device: one outside of the domain is told with the next value that is read.
    """
    if isinstance(alpha, Tensor):
        if alpha.numel() != 1 or alpha.dtype.kind != "f":
            raise ArgumentError(f"{name}: an order is one float, got a {alpha.dtype.name} tensor {tuple(alpha.shape)}")
        order = reshape(alpha.to(float32), ())
        _watch(name, order.detach(), low)
        return order
    if isinstance(alpha, bool) or not hasattr(alpha, "__float__"):
        raise ArgumentError(f"{name}: an order is a number or a tensor with one entry, got {alpha!r}")
    value = float(alpha)
    if not math.isfinite(value) or value < low:
        raise ArgumentError(_misfit(name, value, low))
    return value


def _watch(name: str, order: Tensor, low: float) -> None:
    below = maximum(low - order, 0.0) if math.isfinite(low) else order * 0.0
    offence = where(isfinite(order), below, order.abs())

    def judge(worst: float) -> str | None:
        return None if worst == 0 else _misfit(name, low - worst if math.isfinite(worst) else worst, low)

    watch(("order", name), offence, judge)


def _misfit(name: str, value: float, low: float) -> str:
    domain = "finite" if math.isinf(low) else f"finite and at least {low:g}"
    return f"{name}: the order has to be {domain}, got {value!r}"


def positive(name: str, what: str, value: Any) -> float:
    """A positive, finite number."""
    number = float(value)
    if not 0 < number < math.inf:
        raise ArgumentError(f"{name}: {what} has to be a positive number, got {value!r}")
    return number
