"""From samples to a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ArgumentError
from ..tensor import Tensor, stack, tensor

__all__ = ["default_collate"]


def default_collate(samples: Sequence[Any]) -> Any:
    """A batch of the samples' structure: tensors, arrays and numbers become tensors with a new first axis.

    Tuples, lists and dicts are joined field by field; strings stay a list.
    """
    first = samples[0]
    if isinstance(first, Tensor):
        return stack(samples)
    if isinstance(first, (bool, int, float)) or hasattr(first, "__array__"):
        return tensor(list(samples))
    if isinstance(first, str):
        return list(samples)
    if isinstance(first, Mapping):
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (tuple, list)):
        if any(len(sample) != len(first) for sample in samples):
            raise ArgumentError(f"samples of one batch need equally many fields, got {sorted(set(map(len, samples)))}")
        fields = [default_collate(field) for field in zip(*samples, strict=True)]
        return type(first)(*fields) if hasattr(first, "_fields") else type(first)(fields)
    raise ArgumentError(f"samples of type {type(first).__name__} need a collate_fn")
