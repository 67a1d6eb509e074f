"""`topk`, `midk` and `bottomk`: the planned launches on tensors of any number of axes."""

from __future__ import annotations

import math
from typing import Any

from ..dtypes import float16, float32, int32
from ..errors import ArgumentError, DTypeError
from ..ir import node as nodes
from ..kernels.rankk.choice import RankKind
from ..kernels.table import ROUTINES
from ..runtime.trace import use
from ..tensor import as_tensor, movedim, narrow, reshape, take_along_dim
from ..tensor.core import Tensor, wrap
from ..tensor.operands import axis_index
from ..tensor.sorting import Sorted, argsort
from .plan import RankPlan
from .planner import plan_rank


def topk(x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Sorted:
    """(values, indices) of the k largest (or smallest) entries along an axis, in order; ties by lower index.

    NaN is never selected: where an axis has fewer than k other entries, the rest are (NaN, −1). Without ``sorted`` the
    entries may come in any order. Raises ArgumentError unless 0 ≤ k ≤ the axis' length.
    """
    return _selected("topk", RankKind.TOPK if largest else RankKind.BOTTOMK, x, k, dim, sorted)


def midk(x: Any, k: int, dim: int = -1, sorted: bool = True) -> Sorted:
    """(values, indices) of the k entries in the middle of the ascending order along an axis, as `topk`.

    They start at place max(0, (n − k)//2) of the n entries that are not NaN.
    """
    return _selected("midk", RankKind.MIDK, x, k, dim, sorted)


def bottomk(x: Any, k: int, dim: int = -1, sorted: bool = True) -> Sorted:
    """(values, indices) of the k smallest entries along an axis, ascending, as `topk`."""
    return _selected("bottomk", RankKind.BOTTOMK, x, k, dim, sorted)


def run_plan(plan: RankPlan, x: Any, sorted: bool = True) -> Sorted:
    """(values, indices) [rows, k] of a float32 matrix by a plan; what the current device cannot run is repaired."""
    x = as_tensor(x)
    plan.check(x)
    if x.dtype is not float32:
        raise DTypeError(f"a Rank-K plan runs on float32, got {x.dtype.name}")
    params = (plan.kind, plan.k, bool(sorted), plan.choice)
    values, indices = ROUTINES["rank_k"](use(x), params=params)
    return Sorted(wrap(values, x), wrap(indices))


def _selected(name: str, kind: RankKind, x: Any, k: int, dim: int, ordered: bool) -> Sorted:
    x = as_tensor(x)
    axis = axis_index(name, dim, x.ndim)
    if not x.ndim or not isinstance(k, int) or isinstance(k, bool) or not 0 <= k <= x.shape[axis]:
        raise ArgumentError(f"{name} needs 0 ≤ k ≤ the length of axis {dim} of {tuple(x.shape)}, got k = {k!r}")
    moved = x if axis == x.ndim - 1 else movedim(x, axis, -1)
    cols, rows = moved.shape[-1], math.prod(moved.shape[:-1])
    wanted = (*moved.shape[:-1], k)
    if not rows or not k:
        parts = Sorted(wrap(nodes.const(0, x.dtype, wanted)), wrap(nodes.const(0, int32, wanted)))
    else:
        parts = _of_matrix(kind, reshape(moved, (rows, cols)), k, ordered)
    shaped = (reshape(part, wanted) for part in parts)
    return Sorted(*(part if axis == x.ndim - 1 else movedim(part, -1, axis) for part in shaped))


def _of_matrix(kind: RankKind, x: Tensor, k: int, ordered: bool) -> Sorted:
    """By a plan for floats; integers, which float32 cannot tell apart, are sorted."""
    if x.dtype is float32:
        return run_plan(plan_rank(kind, *x.shape, k), x, ordered)
    if x.dtype is float16:
        values, indices = run_plan(plan_rank(kind, *x.shape, k), x.to(float32), ordered)
        return Sorted(values.to(float16), indices)
    order = argsort(x, 1, kind is RankKind.TOPK)
    start = (x.shape[1] - k) // 2 if kind is RankKind.MIDK else 0
    indices = narrow(order, 1, start, k)
    return Sorted(take_along_dim(x, indices, 1), indices)
