"""Whether values and indices are exactly those that Rank-K defines, decided on the device by counting.

No sorting: k entries that are distinct and in order are the right ones when exactly as many entries of the row stand
before the first and up to the last of them as there should be. Comparisons are of integers made from the bits, so
that denormals, infinities and both zeros count as they should whatever the shader compiler assumes about floats.
"""

from __future__ import annotations

from ..dtypes import int32
from ..kernels.rankk.choice import RankKind
from ..tensor import arange, bitcast, clamp, reshape, take_along_dim, where
from ..tensor import sum as total
from ..tensor.core import Tensor

_MAGNITUDE, _INFINITE = 2**31 - 1, 0x7F800000


def wrong_rows(kind: RankKind, x: Tensor, values: Tensor, indices: Tensor) -> int:
    """How many rows of (values, indices) [rows, k] are not the Rank-K of x [rows, cols]."""
    place = _order(x, kind)
    valid = _is_number(x)
    count = total(valid.to(int32), 1, keepdim=True)
    cols, k = x.shape[1], values.shape[1]
    taken = clamp(count, max=k)
    start = clamp(count - k, min=0) // 2 if kind is RankKind.MIDK else count * 0
    slot = reshape(arange(k), (1, k)).to(int32)
    used = slot < taken
    safe = clamp(indices, 0, cols - 1)
    found = take_along_dim(place, safe, 1)
    right = (indices == safe) & (found == _order(values, kind)) & _is_number(values)
    wrong = _any(where(used, ~right, (indices != -1) | _is_number(values)))
    if k > 1:
        inner = slot[:, 1:] < taken
        wrong = wrong | _any(inner & ~_before(found[:, :-1], safe[:, :-1], found[:, 1:], safe[:, 1:]))
    last = clamp(taken - 1, min=0)
    column = reshape(arange(cols), (1, cols)).to(int32)
    first_place, first_index = found[:, :1], safe[:, :1]
    last_place, last_index = take_along_dim(found, last, 1), take_along_dim(safe, last, 1)
    ahead = total((valid & _before(place, column, first_place, first_index)).to(int32), 1, keepdim=True)
    behind = total((valid & _before(last_place, last_index, place, column)).to(int32), 1, keepdim=True)
    miscounted = (taken > 0) & ((ahead != start) | (behind != count - start - taken))
    return int(total((wrong | miscounted).to(int32)).item())


def _is_number(x: Tensor) -> Tensor:
    return (bitcast(x, int32) & _MAGNITUDE) <= _INFINITE


def _order(x: Tensor, kind: RankKind) -> Tensor:
    """int32 that grows along the order that the kind asks for; −0 is +0."""
    bits = bitcast(x, int32)
    magnitude = bits & _MAGNITUDE
    key = where(bits < 0, -magnitude, magnitude)
    return -key if kind is RankKind.TOPK else key


def _before(place: Tensor, index: Tensor, other_place: Tensor, other_index: Tensor) -> Tensor:
    return (place < other_place) | ((place == other_place) & (index < other_index))


def _any(wrong: Tensor) -> Tensor:
    return total(wrong.to(int32), 1, keepdim=True) > 0
