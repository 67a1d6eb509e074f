"""Changes of shape and order: reshape, permute, expand, flip, and what is made of them."""

from __future__ import annotations

import math
from typing import Any

from ..dtypes import as_dtype
from ..errors import ShapeError
from ..ir import algebra as al
from ..ir import node as nodes
from ..runtime.trace import use
from . import elementwise as ew
from .core import Tensor, wrap
from .operands import as_tensor, axes_of, axis_index, broadcast_shapes, sizes_of


def reshape(x: Tensor, *shape: Any) -> Tensor:
    """The same entries in row-major order; one size may be −1 and follows from the others."""
    x = as_tensor(x)
    if len(shape) == 1 and not isinstance(shape[0], int) and as_dtype_or_none(shape[0]) is not None:
        return ew.bitcast(x, shape[0])
    sizes = sizes_of(shape)
    return wrap(nodes.reshape(use(x), _inferred(sizes, x.shape)), x)


def as_dtype_or_none(value: Any) -> Any:
    """The dtype that ``value`` names, or None: ``view`` takes sizes or a dtype."""
    return None if isinstance(value, (tuple, list)) else as_dtype(value)


def _inferred(sizes: tuple[int, ...], old: tuple[int, ...]) -> tuple[int, ...]:
    if -1 not in sizes:
        return sizes
    count, known = math.prod(old), math.prod(size for size in sizes if size != -1)
    if sizes.count(-1) > 1 or known == 0 or count % known:
        raise ShapeError(f"reshape cannot turn {tuple(old)} ({count} entries) into {sizes}")
    return tuple(count // known if size == -1 else size for size in sizes)


def reshape_as(x: Tensor, other: Tensor) -> Tensor:
    """x with the shape of ``other``."""
    return reshape(x, other.shape)


def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from start_dim to end_dim as one."""
    start, end = axis_index("flatten", start_dim, x.ndim), axis_index("flatten", end_dim, x.ndim)
    if start > end:
        raise ShapeError(f"flatten: start_dim {start_dim} lies behind end_dim {end_dim} in {tuple(x.shape)}")
    return reshape(x, (*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))


def unflatten(x: Tensor, dim: int, sizes: Any) -> Tensor:
    """One axis as several."""
    axis = axis_index("unflatten", dim, x.ndim)
    inner = _inferred(sizes_of((sizes,)), (x.shape[axis],))
    if math.prod(inner) != x.shape[axis]:
        raise ShapeError(f"unflatten: sizes {inner} do not make up axis {dim} of {tuple(x.shape)}")
    return reshape(x, (*x.shape[:axis], *inner, *x.shape[axis + 1 :]))


def squeeze(x: Tensor, dim: Any = None) -> Tensor:
    """Without axes of length 1: all of them, or those given that have this length."""
    axes = axes_of("squeeze", dim, x.ndim)
    return reshape(x, tuple(size for axis, size in enumerate(x.shape) if axis not in axes or size != 1))


def unsqueeze(x: Tensor, dim: int) -> Tensor:
    """A new axis of length 1 before axis ``dim``."""
    axis = axis_index("unsqueeze", dim, x.ndim + 1)
    return reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))


def permute(x: Tensor, *dims: Any) -> Tensor:
    """Axis i of the result is axis dims[i]."""
    axes = tuple(axis_index("permute", axis, x.ndim) for axis in sizes_of(dims))
    return wrap(nodes.permute(use(x), axes), x)


def transpose(x: Tensor, dim0: int | None = None, dim1: int | None = None) -> Tensor:
    """Two axes exchanged; without arguments the two axes of a matrix."""
    if dim0 is None or dim1 is None:
        return t(x)
    axes = list(range(x.ndim))
    first, second = axis_index("transpose", dim0, x.ndim), axis_index("transpose", dim1, x.ndim)
    axes[first], axes[second] = second, first
    return wrap(nodes.permute(use(x), axes), x)


def t(x: Tensor) -> Tensor:
    """The transpose of a matrix; vectors stay."""
    if x.ndim > 2:
        raise ShapeError(f"t is for tensors with at most 2 axes, got {tuple(x.shape)}; use mT or transpose(i, j)")
    return wrap(nodes.permute(use(x), tuple(reversed(range(x.ndim)))), x)


def reverse_axes(x: Tensor) -> Tensor:
    """All axes in reverse order."""
    return wrap(nodes.permute(use(x), tuple(reversed(range(x.ndim)))), x)


def matrix_transpose(x: Tensor) -> Tensor:
    """The last two axes exchanged."""
    if x.ndim < 2:
        raise ShapeError(f"mT needs a tensor with at least 2 axes, got {tuple(x.shape)}")
    return transpose(x, -2, -1)


def movedim(x: Tensor, source: Any, destination: Any) -> Tensor:
    """Axes moved to other places; the rest keep their order."""
    sources = [axis_index("movedim", axis, x.ndim) for axis in sequence(source)]
    targets = [axis_index("movedim", axis, x.ndim) for axis in sequence(destination)]
    if len(sources) != len(targets):
        raise ShapeError(f"movedim needs as many sources as destinations, got {source} and {destination}")
    rest = iter(axis for axis in range(x.ndim) if axis not in sources)
    moved = dict(zip(targets, sources, strict=True))
    return permute(x, tuple(moved[place] if place in moved else next(rest) for place in range(x.ndim)))


def sequence(value: Any) -> tuple:
    """One axis or several, as a tuple."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def expand(x: Tensor, *sizes: Any) -> Tensor:
    """Axes of length 1 repeated, new axes in front; −1 keeps a size."""
    wanted = sizes_of(sizes)
    extra = len(wanted) - x.ndim
    if extra < 0 or -1 in wanted[:extra]:
        raise ShapeError(f"expand cannot turn {tuple(x.shape)} into {wanted}")
    shape = tuple(old if new == -1 else new for old, new in zip((1,) * extra + x.shape, wanted, strict=True))
    return wrap(al.broadcast_to(use(x), shape), x)


def expand_as(x: Tensor, other: Tensor) -> Tensor:
    """x expanded to the shape of ``other``."""
    return expand(x, other.shape)


def broadcast_to(x: Tensor, shape: Any) -> Tensor:
    """x expanded to a shape."""
    return expand(as_tensor(x), shape)


def broadcast_tensors(*values: Tensor) -> tuple[Tensor, ...]:
    """All tensors expanded to their common shape."""
    shape = broadcast_shapes("broadcast_tensors", *(value.shape for value in values))
    return tuple(expand(value, shape) for value in values)


def repeat(x: Tensor, *repeats: Any) -> Tensor:
    """Copies side by side: repeats[i] along axis i; more repeats than axes add axes in front."""
    counts = sizes_of(repeats)
    extra = len(counts) - x.ndim
    if extra < 0:
        raise ShapeError(f"repeat needs a count for each of the {x.ndim} axes of {tuple(x.shape)}, got {counts}")
    shape = (1,) * extra + tuple(x.shape)
    spread = reshape(x, tuple(size for pair in zip((1,) * len(shape), shape, strict=True) for size in pair))
    spread = expand(spread, tuple(size for pair in zip(counts, shape, strict=True) for size in pair))
    return reshape(spread, tuple(count * size for count, size in zip(counts, shape, strict=True)))


def tile(x: Tensor, *dims: Any) -> Tensor:
    """As `repeat`; missing leading counts are 1."""
    counts = sizes_of(dims)
    return repeat(x, (1,) * (x.ndim - len(counts)) + counts)


def repeat_interleave(x: Tensor, repeats: int, dim: int | None = None) -> Tensor:
    """Each entry along an axis ``repeats`` times in a row; without an axis of the flat tensor."""
    if dim is None:
        x, dim = flatten(x), 0
    axis = axis_index("repeat_interleave", dim, x.ndim)
    spread = expand(unsqueeze(x, axis + 1), (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :]))
    return flatten(spread, axis, axis + 1)


def flip(x: Tensor, *dims: Any) -> Tensor:
    """The order along axes reversed."""
    return wrap(nodes.flip(use(x), [axis_index("flip", axis, x.ndim) for axis in sizes_of(dims)]), x)


def unfold(x: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of ``size`` entries along an axis, ``step`` apart, as a new last axis."""
    return wrap(nodes.slide(use(x), axis_index("unfold", dimension, x.ndim), size, step), x)
