"""What the maps of the ball accept: a curvature below 0, float tensors, and points that lie inside."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ArgumentError, DTypeError, ShapeError
from ..tensor import Tensor, as_tensor

__all__ = ["positive", "vectors"]


def positive(name: str, curvature: object) -> float:
    """c = −K for a curvature K < 0."""
    given = isinstance(curvature, (int, float)) and not isinstance(curvature, bool)
    if not given or not curvature < 0 or not math.isfinite(curvature):
        raise ArgumentError(f"{name}: the curvature of a Poincaré ball is a finite number < 0, got {curvature!r}")
    return -float(curvature)


def vectors(name: str, **arguments: Any) -> list[Tensor]:
    """The arguments as float tensors whose last axes are equally long."""
    result = [as_tensor(value) for value in arguments.values()]
    for label, value in zip(arguments, result, strict=True):
        if value.dtype.kind != "f":
            raise DTypeError(f"{name}: {label} holds vectors of floats, got {value.dtype.name}")
        if not value.ndim:
            raise ShapeError(f"{name}: {label} needs an axis of coordinates, got a number")
    if len({value.shape[-1] for value in result}) > 1:
        shapes = ", ".join(f"{label} {tuple(v.shape)}" for label, v in zip(arguments, result, strict=True))
        raise ShapeError(f"{name}: the last axes have to be equally long, got {shapes}")
    return result
