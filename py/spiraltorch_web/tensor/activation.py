"""Activation functions, entry by entry."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ArgumentError
from ..ir.node import elementwise
from ..ir.ops import Op
from ..runtime.trace import use
from . import elementwise as ew
from .core import Tensor, wrap
from .operands import as_tensor
from .reduction import sum as total


def relu(x: Any) -> Tensor:
    """max(x, 0), with slope 0 at 0."""
    x = as_tensor(x)
    return wrap(elementwise(Op.RELU, use(x)), x) if x.dtype.kind in "fi" else x


def relu6(x: Any) -> Tensor:
    """x limited to [0, 6]."""
    return hardtanh(x, 0.0, 6.0)


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """x limited to [min_val, max_val], with slope 0 at and beyond the limits."""
    return ew.where(ew.le(x, min_val), min_val, ew.where(ew.ge(x, max_val), max_val, as_tensor(x)))


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Tensor:
    """x where x > 0, else negative_slope · x."""
    return ew.where(ew.gt(x, 0), x, ew.mul(x, negative_slope))


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha · (exp(x) − 1)."""
    # The exponential only sees values ≤ 0, so that its derivative stays finite where it is not chosen.
    return ew.where(ew.gt(x, 0), x, ew.mul(ew.expm1(ew.minimum(x, 0.0)), alpha))


def selu(x: Any) -> Tensor:
    """The self-normalising `elu` of Klambauer et al. 2017."""
    return ew.mul(elu(x, 1.6732632423543772), 1.0507009873554805)


def gelu(x: Any, approximate: str = "none") -> Tensor:
    """x · Φ(x) with Φ the normal distribution; ``approximate="tanh"`` uses its tanh form."""
    x = as_tensor(x)
    if approximate == "tanh":
        inner = ew.mul(ew.add(x, ew.mul(ew.mul(ew.square(x), x), 0.044715)), math.sqrt(2 / math.pi))
        return ew.mul(ew.mul(x, 0.5), ew.add(ew.tanh(inner), 1.0))
    if approximate != "none":
        raise ArgumentError(f"gelu: approximate is 'none' or 'tanh', got {approximate!r}")
    return ew.mul(ew.mul(x, 0.5), ew.add(ew.erf(ew.mul(x, math.sqrt(0.5))), 1.0))


def silu(x: Any) -> Tensor:
    """x · sigmoid(x)."""
    return ew.mul(x, ew.sigmoid(x))


def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta · x)) / beta; x itself where beta · x > threshold."""
    scaled = ew.mul(as_tensor(x), beta) if beta != 1 else as_tensor(x)
    large = ew.gt(scaled, threshold)
    return ew.where(large, x, ew.div(ew.log1p(ew.exp(ew.where(large, 0.0, scaled))), beta))


def logsigmoid(x: Any) -> Tensor:
    """log(sigmoid(x)), safe for large |x|."""
    x = as_tensor(x)
    return ew.sub(ew.minimum(x, 0.0), ew.log1p(ew.exp(ew.neg(ew.abs(x)))))


def mish(x: Any) -> Tensor:
    """x · tanh(softplus(x))."""
    return ew.mul(x, ew.tanh(softplus(x)))


def softsign(x: Any) -> Tensor:
    """x / (1 + |x|)."""
    return ew.div(x, ew.add(ew.abs(x), 1.0))


def hardsigmoid(x: Any) -> Tensor:
    """x / 6 + 1 / 2, limited to [0, 1]."""
    return ew.div(hardtanh(ew.add(x, 3.0), 0.0, 6.0), 6.0)


def hardswish(x: Any) -> Tensor:
    """x · hardsigmoid(x)."""
    return ew.mul(x, hardsigmoid(x))


def normalize(x: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x divided by its p-norm along an axis; norms below eps count as eps."""
    if p == 2:
        length = ew.sqrt(total(ew.square(x), dim, True))
    else:
        length = ew.pow(total(ew.pow(ew.abs(x), p), dim, True), 1 / p)
    return ew.div(x, ew.maximum(length, eps))
