"""Strided views: which entries of a flat tensor they take, and the entries themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import ArgumentError, ShapeError
from ..ir import node as nodes
from ..kernels.table import ROUTINES
from ..runtime.trace import use
from .core import Tensor, wrap
from .operands import counts_of, sizes_of


class StridedIndex(NamedTuple):
    """int32, both of the view's shape: where each entry lies in the flat tensor, and its segment's number."""

    places: Tensor
    segments: Tensor


def nd_index(
    size: Sequence[int],
    stride: Sequence[int] | None = None,
    offset: int = 0,
    *,
    limit: int | None = None,
    segment_axes: int = 1,
) -> StridedIndex:
    """Where the entries of a strided view lie: entry (i, j, …) at ``offset + i·stride[0] + j·stride[1] + …``.

    Without ``stride``, row by row. With ``limit``, places below 0 and from ``limit`` on become −1. Entries that share
    their first ``segment_axes`` coordinates belong to one segment; segments count from 0. Written by a kernel of its
    own, for use as an index into a flat tensor and as rows of `index_add`.
    """
    shape = counts_of(size)
    steps = _contiguous(shape) if stride is None else sizes_of(tuple(stride))
    if len(steps) != len(shape):
        raise ShapeError(f"nd_index needs a stride for each size, got sizes {shape} and strides {steps}")
    if limit is not None and limit < 0:
        raise ArgumentError(f"nd_index: limit is a number of entries, got {limit}")
    params = (shape, steps, offset, 2**31 - 1 if limit is None else limit, min(segment_axes, len(shape)))
    return StridedIndex(*map(wrap, ROUTINES["nd_index"](params=params)))


def as_strided(x: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int = 0) -> Tensor:
    """The view of the flat x as a tensor of its own, with PyTorch's meaning; entries may repeat and overlap.

    Gradients add up where entries repeat. Views that reach outside x are refused.
    """
    shape, steps = counts_of(size), sizes_of(tuple(stride))
    reach = [max(count - 1, 0) * step for count, step in zip(shape, steps, strict=False)]
    low = storage_offset + sum(min(part, 0) for part in reach)
    high = storage_offset + sum(max(part, 0) for part in reach)
    if 0 not in shape and not 0 <= low <= high < x.numel():
        raise ShapeError(f"as_strided: places {low} to {high} do not lie in a tensor of {x.numel()} entries")
    places = nd_index(shape, steps, storage_offset).places
    return wrap(nodes.gather(nodes.reshape(use(x), (x.numel(),)), use(places)), x)


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    steps, below = [], 1
    for size in reversed(shape):
        steps.append(below)
        below *= size
    return tuple(reversed(steps))
