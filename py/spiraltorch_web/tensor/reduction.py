"""Sums, extrema and other reductions over any axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ..dtypes import DType, as_dtype, bool_, float32, int32
from ..errors import ArgumentError, ShapeError
from ..ir import algebra as al
from ..ir.node import Node, cast, elementwise, iota, reduce, reshape
from ..ir.ops import Op
from ..runtime.trace import use
from . import elementwise as ew
from .core import Tensor, wrap
from .operands import as_tensor, axes_of, axis_index

Axes = int | tuple[int, ...] | list[int] | None


class Extreme(NamedTuple):
    """Extreme values along an axis and where they are."""

    values: Tensor
    indices: Tensor


def _chosen(name: str, dim: Axes, axis: Axes) -> Axes:
    """The axes from either spelling, ``dim`` (PyTorch) or ``axis`` (NumPy)."""
    if dim is not None and axis is not None:
        raise ArgumentError(f"{name}: give dim or axis, not both")
    return axis if dim is None else dim


def _reduced(op: Op, node: Node, axes: tuple[int, ...], keepdim: bool) -> Node:
    result = reduce(op, node, axes)
    if not keepdim:
        return result
    return reshape(result, tuple(1 if axis in axes else size for axis, size in enumerate(node.shape)))


def _over_axes(name: str, op: Op, x: Any, dim: Axes, axis: Axes, keepdim: bool, dtype: DType | None = None) -> Tensor:
    x = as_tensor(x)
    node = use(x)
    if dtype is not None:
        node = cast(node, dtype)
    return wrap(_reduced(op, node, axes_of(name, _chosen(name, dim, axis), node.ndim), keepdim), x)


def _sum_dtype(x: Tensor, dtype: Any) -> DType | None:
    if dtype is not None:
        return as_dtype(dtype)
    return int32 if x.dtype is bool_ else None


def sum(x: Any, dim: Axes = None, keepdim: bool = False, *, axis: Axes = None, dtype: Any = None) -> Tensor:
    """The sum over all or the given axes; bools are counted."""
    x = as_tensor(x)
    return _over_axes("sum", Op.SUM, x, dim, axis, keepdim, _sum_dtype(x, dtype))


def prod(x: Any, dim: Axes = None, keepdim: bool = False, *, axis: Axes = None, dtype: Any = None) -> Tensor:
    """The product over all or the given axes."""
    x = as_tensor(x)
    return _over_axes("prod", Op.PROD, x, dim, axis, keepdim, _sum_dtype(x, dtype))


def mean(x: Any, dim: Axes = None, keepdim: bool = False, *, axis: Axes = None) -> Tensor:
    """The mean over all or the given axes; integers and bools give float32."""
    x = as_tensor(x)
    axes = axes_of("mean", _chosen("mean", dim, axis), x.ndim)
    count = math.prod(x._node.shape[i] for i in axes)
    total = sum(x if x.dtype.kind == "f" else ew.to(x, float32), axes, keepdim) if axes else ew.add(x, 0.0)
    return ew.mul(total, 1 / count if count else math.nan)


def var(
    x: Any, dim: Axes = None, correction: int = 1, keepdim: bool = False, *, axis: Axes = None, unbiased: bool = True
) -> Tensor:
    """The variance, divided by n − correction. ``unbiased=False`` is ``correction=0``."""
    x = as_tensor(x)
    if isinstance(correction, bool):  # PyTorch's older positional ``unbiased``
        correction, unbiased = 1, correction
    axes = axes_of("var", _chosen("var", dim, axis), x.ndim)
    count = math.prod(x._node.shape[i] for i in axes)
    spread = sum(ew.square(ew.sub(x, mean(x, axes, True))), axes, keepdim)
    divisor = count - (correction if unbiased else 0)
    return ew.mul(spread, 1 / divisor if divisor > 0 else math.nan)


def std(
    x: Any, dim: Axes = None, correction: int = 1, keepdim: bool = False, *, axis: Axes = None, unbiased: bool = True
) -> Tensor:
    """The standard deviation: the root of `var`."""
    return ew.sqrt(var(x, dim, correction, keepdim, axis=axis, unbiased=unbiased))


def norm(x: Any, p: float | str = 2, dim: Axes = None, keepdim: bool = False, *, axis: Axes = None) -> Tensor:
    """The p-norm of all entries or along axes: (Σ|x|^p)^(1/p); p may be ±inf, 0 (count of non-zeros) or "fro"."""
    x = as_tensor(x)
    dim = _chosen("norm", dim, axis)
    if p in (2, "fro", None):
        return ew.sqrt(sum(ew.square(x), dim, keepdim))
    if p == math.inf:
        return amax(ew.abs(x), dim, keepdim)
    if p == -math.inf:
        return amin(ew.abs(x), dim, keepdim)
    if p == 0:
        return sum(ew.to(ew.ne(x, 0), float32), dim, keepdim)
    if p == 1:
        return sum(ew.abs(x), dim, keepdim)
    return ew.pow(sum(ew.pow(ew.abs(x), p), dim, keepdim), 1 / p)


def _extremum(name: str, op: Op, x: Any, dim: Axes, axis: Axes, keepdim: bool) -> Tensor:
    x = as_tensor(x)
    if x.dtype is bool_:
        return ew.to(_over_axes(name, op, x, dim, axis, keepdim, int32), bool_)
    return _over_axes(name, op, x, dim, axis, keepdim)


def amax(x: Any, dim: Axes = None, keepdim: bool = False, *, axis: Axes = None) -> Tensor:
    """The largest entry; equal ones share the gradient."""
    return _extremum("amax", Op.MAX, x, dim, axis, keepdim)


def amin(x: Any, dim: Axes = None, keepdim: bool = False, *, axis: Axes = None) -> Tensor:
    """The smallest entry; equal ones share the gradient."""
    return _extremum("amin", Op.MIN, x, dim, axis, keepdim)


def _position(name: str, op: Op) -> Callable[..., Tensor]:
    def function(x: Any, dim: int | None = None, keepdim: bool = False, *, axis: int | None = None) -> Tensor:
        node = use(as_tensor(x))
        node = cast(node, int32) if node.dtype is bool_ else node
        dim = _chosen(name, dim, axis)
        if dim is None:
            flat = reduce(op, reshape(node, (node.size,)), (0,))
            return wrap(reshape(flat, (1,) * node.ndim) if keepdim else flat)
        if node.ndim == 0:
            node = reshape(node, (1,))
        return wrap(_reduced(op, node, (axis_index(name, dim, node.ndim),), keepdim))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"int32: where the {name[3:]}imum is, the first of equals; over all entries the flat index."
    return function


argmax = _position("argmax", Op.ARGMAX)
argmin = _position("argmin", Op.ARGMIN)


def _extreme(name: str, x: Any, other: Any, keepdim: bool, axis: int | None) -> Tensor | Extreme:
    along, position, pairwise = (amax, argmax, ew.maximum) if name == "max" else (amin, argmin, ew.minimum)
    if isinstance(other, Tensor):
        return pairwise(x, other)
    dim = _chosen(name, other, axis)
    if dim is None:
        return along(x)
    if not isinstance(dim, int):
        raise ShapeError(f"{name} works along one axis, got {dim}; a{name} takes several")
    x = as_tensor(x)
    if x.ndim == 0:
        return Extreme(along(x), position(x))
    indices = position(x, dim, keepdim=True)
    place = axis_index(name, dim, x.ndim)
    # Picked by comparing positions: the gradient goes to the one entry that `indices` names, without a scatter.
    here = elementwise(Op.EQ, al.broadcast_to(use(indices), x._node.shape), iota(x._node.shape, place))
    values = sum(ew.where(wrap(here), x, wrap(al.filled(use(x), 0))), place, keepdim)
    return Extreme(ew.to(values, x.dtype), indices if keepdim else _dropped(indices, (place,)))


def max(x: Any, dim: Any = None, keepdim: bool = False, *, axis: int | None = None) -> Any:
    """The largest entry; with an axis, (values, indices) along it; with a second tensor, the pairwise maximum."""
    return _extreme("max", x, dim, keepdim, axis)


def min(x: Any, dim: Any = None, keepdim: bool = False, *, axis: int | None = None) -> Any:
    """The smallest entry; with an axis, (values, indices) along it; with a second tensor, the pairwise minimum."""
    return _extreme("min", x, dim, keepdim, axis)


def all(x: Any, dim: Axes = None, keepdim: bool = False, *, axis: Axes = None) -> Tensor:
    """bool: whether all entries are non-zero; True for none."""
    return ew.logical_not(any(ew.logical_not(x), dim, keepdim, axis=axis))


def any(x: Any, dim: Axes = None, keepdim: bool = False, *, axis: Axes = None) -> Tensor:
    """bool: whether an entry is non-zero; False for none."""
    count = sum(ew.to(as_tensor(x), bool_), dim, keepdim, axis=axis)
    return ew.ne(count, 0)


def count_nonzero(x: Any, dim: Axes = None, *, axis: Axes = None) -> Tensor:
    """int32: how many entries are not zero."""
    return sum(ew.ne(x, 0), dim, axis=axis)


def logsumexp(x: Any, dim: Axes = None, keepdim: bool = False, *, axis: Axes = None) -> Tensor:
    """log Σ exp(x), safe for large entries."""
    x = as_tensor(x)
    axes = axes_of("logsumexp", _chosen("logsumexp", dim, axis), x.ndim)
    peak = _finite_peak(x, axes)
    result = ew.add(ew.log(sum(ew.exp(ew.sub(x, peak)), axes, True)), peak)
    return result if keepdim else _dropped(result, axes)


def softmax(x: Any, dim: int = -1, *, axis: int | None = None, dtype: Any = None) -> Tensor:
    """exp(x) / Σ exp(x) along an axis."""
    x = as_tensor(x) if dtype is None else ew.to(as_tensor(x), dtype)
    axes = axes_of("softmax", dim if axis is None else axis, x.ndim)
    weights = ew.exp(ew.sub(x, _peak(x, axes)))
    return ew.div(weights, sum(weights, axes, True))


def log_softmax(x: Any, dim: int = -1, *, axis: int | None = None, dtype: Any = None) -> Tensor:
    """x − log Σ exp(x) along an axis."""
    x = as_tensor(x) if dtype is None else ew.to(as_tensor(x), dtype)
    axes = axes_of("log_softmax", dim if axis is None else axis, x.ndim)
    shifted = ew.sub(x, _peak(x, axes))
    return ew.sub(shifted, ew.log(sum(ew.exp(shifted), axes, True)))


def _peak(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The maximum as a constant: it cancels, so it needs no derivative."""
    node = use(x)
    return wrap(al.detach(_reduced(Op.MAX, node if node.dtype.kind == "f" else cast(node, float32), axes, True)))


def _finite_peak(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """As `_peak`, with 0 for infinite maxima, so that inf − inf does not turn into NaN."""
    peak = use(_peak(x, axes))
    return wrap(al.select(elementwise(Op.ISINF, peak), al.filled(peak, 0), peak))


def _dropped(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return wrap(reshape(use(x), tuple(size for i, size in enumerate(x.shape) if i not in axes)), x)


def squared_l2_norm(x: Any) -> Tensor:
    """The sum of squares of all entries."""
    return sum(ew.square(x))


def sum_axis0(x: Any) -> Tensor:
    """The sum over the first axis."""
    return sum(x, 0)
