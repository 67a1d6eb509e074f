"""Functions that networks are made of: dropout, embedding and normalisation."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError, DTypeError, ShapeError
from ..ir import node as nodes
from ..runtime.session import session
from ..runtime.trace import use
from . import elementwise as ew
from .core import Tensor, wrap
from .random import Generator, rand
from .reduction import mean


def dropout(x: Tensor, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Tensor:
    """x with entries set to 0 with probability p, the others divided by 1 − p; x itself when not training."""
    if not 0 <= p <= 1:
        raise ArgumentError(f"dropout needs a probability between 0 and 1, got {p}")
    if not training or p == 0:
        return x
    if p == 1:
        return ew.mul(x, 0.0)
    kept = ew.ge(rand(x.shape, generator=generator), p)
    return ew.where(kept, ew.mul(x, 1 / (1 - p)), 0.0)


def embedding(index: Tensor, weight: Tensor) -> Tensor:
    """Rows of weight [n, d] by an integer index [*]: result [*, d].

    Numbers outside 0 … n − 1 that the program itself gave, as in ``tensor([7])``, raise ArgumentError. Those that a
    device computed or selected, and all that come into a compiled step, are clamped: seeing them would be a read.
    """
    if weight.ndim != 2:
        raise ShapeError(f"embedding needs weight [n, d], got {tuple(weight.shape)}")
    if index.dtype.kind not in "iu":
        raise DTypeError(f"embedding needs integers that say which rows, got {index.dtype.name} {tuple(index.shape)}")
    low, high = session().bounds.get(use(index), (0, 0))
    if low < 0 or high >= max(weight.shape[0], 1):
        raise ArgumentError(f"embedding of {weight.shape[0]} rows needs indices below that, got {low} to {high}")
    return wrap(nodes.gather(use(weight), use(index)), weight)


def layer_norm(
    x: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(x − mean) / √(variance + eps) · weight + bias over the last axes, which have ``normalized_shape``."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if tuple(x.shape[x.ndim - len(shape) :]) != shape:
        raise ShapeError(f"layer_norm over {shape} does not fit x of shape {tuple(x.shape)}")
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    centred = ew.sub(x, mean(x, axes, True))
    result = ew.mul(centred, ew.rsqrt(ew.add(mean(ew.square(centred), axes, True), eps)))
    result = result if weight is None else ew.mul(result, weight)
    return result if bias is None else ew.add(result, bias)
