"""Tensors in lists, tuples and dicts: taken out in order, put back, and a few sums over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..errors import ArgumentError
from ..tensor.core import Tensor


def tensors_in(name: str, value: Any) -> list[Tensor]:
    """The float tensors of a tensor, list, tuple or dict, in order. Raises ArgumentError for anything else there."""
    if isinstance(value, Tensor):
        if value.dtype.kind != "f":
            raise ArgumentError(f"hypergrad: {name} holds a tensor of {value.dtype.name}; it takes float tensors")
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        raise ArgumentError(
            f"hypergrad: {name} holds {value!r:.80}; it takes float tensors, and lists, tuples or dicts of them"
        )
    return [tensor for item in value for tensor in tensors_in(name, item)]


def like(layout: Any, tensors: Iterable[Tensor]) -> Any:
    """The tensors in the structure of ``layout``."""
    return _filled(layout, iter(tensors))


def _filled(layout: Any, tensors: Iterator[Tensor]) -> Any:
    if isinstance(layout, Tensor):
        return next(tensors)
    if isinstance(layout, dict):
        return {name: _filled(item, tensors) for name, item in layout.items()}
    items = [_filled(item, tensors) for item in layout]
    if isinstance(layout, list):
        return items
    return type(layout)(*items) if hasattr(layout, "_fields") else tuple(items)


def dot(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    """The inner product, over all entries of all tensors."""
    first, *rest = [(a * b).sum() for a, b in zip(left, right, strict=True)]
    for part in rest:
        first = first + part
    return first


def norm(tensors: Sequence[Tensor]) -> Tensor:
    """The Euclidean length of all tensors as one vector."""
    return dot(tensors, tensors).sqrt()


def combine(left: Sequence[Tensor], scale: Tensor | float, right: Sequence[Tensor]) -> list[Tensor]:
    """left + scale · right, tensor by tensor."""
    return [a + scale * b for a, b in zip(left, right, strict=True)]
