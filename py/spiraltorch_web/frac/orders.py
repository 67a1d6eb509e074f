"""The order of an operator: a number, or a tensor with one entry that wants a gradient."""

from __future__ import annotations

import math
from typing import Any

from ..dtypes import float32
from ..errors import ArgumentError
from ..tensor import Tensor, reshape

Order = float | Tensor


def order_of(name: str, alpha: Any, low: float = -math.inf, high: float = math.inf) -> Order:
    """A float within the domain, or a float32 tensor without axes. ArgumentError names the operator and the domain."""
    if isinstance(alpha, Tensor):
        if alpha.numel() != 1 or alpha.dtype.kind != "f":
            raise ArgumentError(f"{name}: an order is one float, got a {alpha.dtype.name} tensor {tuple(alpha.shape)}")
        return reshape(alpha.to(float32), ())
    if isinstance(alpha, bool) or not hasattr(alpha, "__float__"):
        raise ArgumentError(f"{name}: an order is a number or a tensor with one entry, got {alpha!r}")
    value = float(alpha)
    if not math.isfinite(value) or not low <= value <= high:
        domain = "finite" if math.isinf(low) else f"finite and at least {low:g}"
        raise ArgumentError(f"{name}: the order has to be {domain}, got {value!r}")
    return value


def positive(name: str, what: str, value: Any) -> float:
    """A positive, finite number."""
    number = float(value)
    if not 0 < number < math.inf:
        raise ArgumentError(f"{name}: {what} has to be a positive number, got {value!r}")
    return number
