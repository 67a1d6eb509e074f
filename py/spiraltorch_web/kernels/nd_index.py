"""nd_index: places and segment numbers of the entries of a strided view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ..dtypes import int32
from ..errors import ArgumentError, ShapeError
from ..ir.caps import Caps
from .launches import launch_entries, result
from .registry import Lowered, Routine, Spec

LARGEST = 2**31 - 1


class View(NamedTuple):
    """Parameters of the routine: entry (i, j, …) lies at offset + i·strides[0] + j·strides[1] + …

    Places from 0 to below ``limit`` exist. Entries that share their first ``segment_axes`` coordinates are a segment.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    limit: int
    segment_axes: int


def _infer(specs: Sequence[Spec], params: tuple) -> tuple[Spec, ...]:
    view = View(*params)
    if specs or len(view.shape) != len(view.strides) or any(size < 0 for size in view.shape):
        raise ShapeError(f"nd_index needs a stride for each size, got sizes {view.shape} and strides {view.strides}")
    if not 0 <= view.segment_axes <= len(view.shape):
        raise ArgumentError(f"nd_index: a view with {len(view.shape)} axes has no {view.segment_axes} segment axes")
    reach = sum(max(size - 1, 0) * abs(step) for size, step in zip(view.shape, view.strides, strict=True))
    if max(abs(view.offset) + reach, view.limit, math.prod(view.shape)) > LARGEST:
        raise ArgumentError(f"nd_index counts in 32 bits: places up to {LARGEST:,}; {view} goes beyond")
    return ((view.shape, int32), (view.shape, int32))


def _lower(specs: Sequence[Spec], outputs: Sequence[Spec], params: tuple, caps: Caps) -> Lowered:
    view = View(*params)
    entries = math.prod(view.shape)
    if not entries:
        return Lowered(())
    terms, below = [f"{view.offset}"], 1
    for size, step in zip(reversed(view.shape), reversed(view.strides), strict=True):
        if size > 1 and step:
            terms.append(f"i32(entry / {below}u % {size}u) * ({step})")
        below *= size
    one = launch_entries(
        "nd_index", (result(0), result(1)), entries, caps,
        PLACE=" + ".join(terms), LIMIT=view.limit, SEGMENT=math.prod(view.shape[view.segment_axes :]),
    )  # fmt: skip
    return Lowered((replace(one, kernel=replace(one.kernel, trusted=True)),))


def _reference(np, arrays: Sequence, params: tuple) -> tuple:
    view = View(*params)
    places = np.full(view.shape, view.offset, np.int64)
    for axis, (size, step) in enumerate(zip(view.shape, view.strides, strict=True)):
        along = [1] * len(view.shape)
        along[axis] = size
        places += step * np.arange(size).reshape(along)
    places[(places < 0) | (places >= view.limit)] = -1
    number = np.arange(math.prod(view.shape)).reshape(view.shape)
    segments = number // max(1, math.prod(view.shape[view.segment_axes :]))
    return places.astype(np.int32), segments.astype(np.int32)


ND_INDEX = Routine("nd_index", _infer, _lower, _reference)
