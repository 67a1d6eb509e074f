"""From what users pass to nodes that fit together: promotion of dtypes and broadcasting of shapes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from ..dtypes import DType, bool_, float32, int32, promote
from ..errors import DTypeError, ShapeError
from ..ir import algebra as al
from ..ir.node import Node, Shape, cast, const
from ..runtime.trace import use
from .core import Tensor

Scalar = bool | int | float
_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2}


def as_tensor(value: Any) -> Tensor:
    """The value itself if it is a tensor, else a tensor made of it."""
    if isinstance(value, Tensor):
        return value
    from .creation import tensor  # creation builds on this module

    return tensor(value)


def operand(value: Any) -> Any:
    """A tensor or a Python number; NumPy's scalars and arrays are converted."""
    if isinstance(value, (Tensor, bool, int, float)):
        return value
    if hasattr(value, "__array__"):
        return value.item() if getattr(value, "ndim", 1) == 0 else as_tensor(value)
    raise DTypeError(f"expected a tensor or a number, got {type(value).__name__}")


def tensors(*values: Any) -> tuple[Tensor, ...]:
    """The tensors among operands, for the record of history."""
    return tuple(value for value in values if isinstance(value, Tensor))


def common_dtype(*values: Any) -> DType:
    """The dtype of an operation's operands, as PyTorch promotes.

    Tensors with axes decide before tensors without, and those before Python numbers: a weaker operand only counts
    when it is of a higher category (bool < integer < float).
    """
    ranked: list[DType | None] = [None, None, None]
    for value in values:
        if isinstance(value, Tensor):
            place, dtype = (0 if value._node.shape else 1), value._node.dtype
        else:
            place, dtype = 2, _number_dtype(value)
        ranked[place] = dtype if ranked[place] is None else promote(ranked[place], dtype)
    result: DType | None = None
    for dtype in ranked:
        if dtype is not None and (result is None or _CATEGORY[dtype.kind] > _CATEGORY[result.kind]):
            result = dtype
    return result if result is not None else float32


def _number_dtype(value: Any) -> DType:
    if isinstance(value, bool):
        return bool_
    if isinstance(value, int):
        return int32
    return float32


def broadcast_shapes(name: str, *shapes: Shape) -> Shape:
    """The common shape under broadcasting. ShapeError names the operation and all shapes."""
    result = []
    for sizes in itertools.zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1):
        wide = {size for size in sizes if size != 1}
        if len(wide) > 1:
            listed = " and ".join(str(tuple(shape)) for shape in shapes)
            raise ShapeError(f"{name}: shapes {listed} do not broadcast together")
        result.append(wide.pop() if wide else 1)
    return tuple(reversed(result))


def number(value: Scalar, dtype: DType, shape: Shape = ()) -> Node:
    """A constant from a Python number; one that an integer dtype cannot hold is an error."""
    if dtype.kind in "iu":
        low, high = (-(2**31), 2**31 - 1) if dtype.kind == "i" else (0, 2**32 - 1)
        if not low <= value <= high:
            raise DTypeError(f"{value} does not fit {dtype.name}, which holds {low} to {high}")
    return const(value, dtype, shape)


def node_of(value: Any, dtype: DType) -> Node:
    """A tensor's node or a constant, converted to ``dtype``."""
    return cast(use(value), dtype) if isinstance(value, Tensor) else number(value, dtype)


def aligned(name: str, dtype: DType, *values: Any) -> list[Node]:
    """Nodes of one dtype and, after broadcasting, one shape."""
    nodes = [node_of(value, dtype) for value in values]
    first = nodes[0].shape
    if all(node.shape == first for node in nodes):
        return nodes
    shape = broadcast_shapes(name, *(node.shape for node in nodes))
    return [al.broadcast_to(node, shape) for node in nodes]


def axis_index(name: str, axis: int, ndim: int) -> int:
    """An axis counted from the front; negative ones count from the back."""
    if not isinstance(axis, int) or isinstance(axis, bool):
        raise ShapeError(f"{name}: an axis is an int, got {axis!r}")
    if not -max(ndim, 1) <= axis < max(ndim, 1):
        raise ShapeError(f"{name}: axis {axis} does not exist in a tensor with {ndim} axes")
    return axis % max(ndim, 1)


def axes_of(name: str, dim: Any, ndim: int) -> tuple[int, ...]:
    """The axes a reduction works along: all for None or (), else those given. A repeated axis is an error."""
    if dim is None or dim == ():
        return tuple(range(ndim))
    axes = tuple(axis_index(name, axis, ndim) for axis in (dim if isinstance(dim, (tuple, list)) else (dim,)))
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{name}: an axis appears twice in {dim}")
    return tuple(sorted(axes)) if ndim else ()


def sizes_of(arguments: tuple) -> Shape:
    """Sizes given as separate ints or as one sequence."""
    if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)):
        arguments = tuple(arguments[0])
    if any(isinstance(size, bool) or not hasattr(size, "__index__") for size in arguments):
        raise ShapeError(f"sizes are ints, got {arguments}")
    return tuple(size.__index__() for size in arguments)


def counts_of(arguments: Iterable) -> Shape:
    """As `sizes_of`, for new tensors: no size is negative."""
    sizes = sizes_of(tuple(arguments))
    if any(size < 0 for size in sizes):
        raise ShapeError(f"sizes are not negative, got {sizes}")
    return sizes
