"""New tensors: from data, filled, and ranges."""

from __future__ import annotations

import math
from typing import Any

from ..dtypes import DType, as_dtype, float32, int32, python_dtype
from ..errors import ArgumentError, ShapeError
from ..ir import algebra as al
from ..ir import node as nodes
from ..ir.node import Node
from ..ir.ops import Op
from ..runtime.realize import upload
from ..runtime.session import session
from ..runtime.trace import outside_trace, use
from .convert import Values, values_of
from .core import Tensor, wrap
from .operands import counts_of, number


def _finished(node: Node, requires_grad: bool) -> Tensor:
    result = wrap(node)
    return result.requires_grad_() if requires_grad else result


def _uploaded(values: Values) -> Node:
    """A leaf with the values."""
    if session().tracing is not None:
        # The data is the same at every run of the step: it is uploaded once, and the step captures it.
        with outside_trace():
            node = upload(values.data, values.shape, values.dtype)
    else:
        node = upload(values.data, values.shape, values.dtype)
    if values.bounds is not None:
        session().bounds[node] = values.bounds
    return node


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False, *, device: Any = None) -> Tensor:
    """A tensor with a copy of the data: a number, nested sequences, a NumPy array, a buffer or a tensor.

    Without ``dtype``, floats become float32, ints int32 and bools bool; float64 and int64 arrays become float32 and
    int32, where an int64 value that does not fit is an error.
    """
    if isinstance(data, Tensor):
        node = al.detach(use(data))
        result = _finished(nodes.cast(node, as_dtype(dtype)) if dtype is not None else node, requires_grad)
    else:
        result = _finished(_uploaded(values_of(data, dtype)), requires_grad)
    return result if device is None else result.to(device=device)


def as_tensor(data: Any, dtype: Any = None) -> Tensor:
    """As `tensor`; a tensor of the right dtype is returned as it is."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    return tensor(data, dtype)


def from_numpy(data: Any) -> Tensor:
    """A tensor with a copy of a NumPy array."""
    return tensor(data)


def seed_node(arguments: tuple, dtype: Any) -> Node:
    """The node of ``Tensor(rows, cols)``, ``Tensor(rows, cols, data)`` or ``Tensor(data)``."""
    if len(arguments) == 1 and not isinstance(arguments[0], int):
        if isinstance(arguments[0], Tensor):
            return al.detach(use(arguments[0]))
        return _uploaded(values_of(arguments[0], dtype or float32))
    if not arguments:
        return _uploaded(Values(b"", (0,), as_dtype(dtype or float32)))
    shape = arguments if isinstance(arguments[-1], int) else arguments[:-1]
    sizes = counts_of(shape)
    if len(shape) == len(arguments):
        return nodes.const(0, as_dtype(dtype or float32), sizes)
    values = values_of(arguments[-1], dtype or float32)
    if math.prod(values.shape) != math.prod(sizes):
        raise ShapeError(f"Tensor{sizes} takes {math.prod(sizes)} values, got data of shape {values.shape}")
    return _uploaded(values._replace(shape=sizes))


def full(size: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Every entry is ``fill_value``; without ``dtype`` its own dtype decides."""
    chosen = as_dtype(dtype) if dtype is not None else python_dtype(fill_value)
    return _finished(number(fill_value, chosen, counts_of((size,) if isinstance(size, int) else size)), requires_grad)


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Every entry is 0."""
    return full(counts_of(size), 0, dtype or float32, requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Every entry is 1."""
    return full(counts_of(size), 1, dtype or float32, requires_grad)


def empty(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """As `zeros`: devices hand out cleared memory."""
    return zeros(*size, dtype=dtype, requires_grad=requires_grad)


def full_like(x: Tensor, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Every entry is ``fill_value``, with the shape and dtype of x."""
    return full(x.shape, fill_value, dtype or x.dtype, requires_grad)


def zeros_like(x: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros with the shape and dtype of x."""
    return full_like(x, 0, dtype, requires_grad)


def ones_like(x: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones with the shape and dtype of x."""
    return full_like(x, 1, dtype, requires_grad)


def empty_like(x: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """As `zeros_like`."""
    return zeros_like(x, dtype, requires_grad)


def new_tensor(x: Tensor, data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with the dtype of x."""
    return tensor(data, dtype or x.dtype, requires_grad)


def _sequence(start: float, step: float, count: int, dtype: DType) -> Node:
    index = nodes.iota((count,), 0)
    if dtype.kind == "f":
        index = nodes.cast(index, dtype)
    scaled = index if step == 1 else al.mul(index, number(step, index.dtype, index.shape))
    shifted = scaled if start == 0 else al.add(scaled, number(start, index.dtype, index.shape))
    return nodes.cast(shifted, dtype)


def arange(start: float, end: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """start, start + step, … up to but without end. int32 if all arguments are ints."""
    if end is None:
        start, end = 0, start
    if step == 0:
        raise ArgumentError("arange needs a step other than 0")
    whole = all(isinstance(value, int) for value in (start, end, step))
    chosen = as_dtype(dtype) if dtype is not None else int32 if whole else float32
    count = max(0, math.ceil((end - start) / step))
    if not whole and chosen.kind != "f":
        return arange(start, end, step, float32).to(chosen)
    return wrap(_sequence(start, step, count, chosen))


def linspace(start: float, end: float, steps: int, dtype: Any = None) -> Tensor:
    """``steps`` evenly spaced values from start to end, both included."""
    if steps < 0:
        raise ArgumentError(f"linspace needs a number of steps ≥ 0, got {steps}")
    chosen = as_dtype(dtype) if dtype is not None else float32
    step = (end - start) / (steps - 1) if steps > 1 else 0.0
    # Counted from the nearer end, so that both ends are exact.
    index = nodes.cast(nodes.iota((steps,), 0), float32)
    rest = al.sub(al.filled(index, steps - 1), index)
    upper = al.sub(al.filled(index, end), al.times(rest, step))
    lower = al.plus(al.times(index, step), start)
    first_half = nodes.elementwise(Op.LT, index, al.filled(index, max(steps / 2, 1)))
    return wrap(nodes.cast(al.select(first_half, lower, upper), chosen))


def logspace(start: float, end: float, steps: int, base: float = 10.0) -> Tensor:
    """base to the powers of `linspace`."""
    from .elementwise import exp, mul  # elementwise functions may create constants

    return exp(mul(linspace(start, end, steps), math.log(base)))


def eye(n: int, m: int | None = None, dtype: Any = None) -> Tensor:
    """Ones on the diagonal of an n × m matrix, zeros elsewhere."""
    shape = counts_of((n, n if m is None else m))
    diagonal = nodes.elementwise(Op.EQ, nodes.iota(shape, 0), nodes.iota(shape, 1))
    return wrap(nodes.cast(diagonal, as_dtype(dtype or float32)))


def meshgrid(*values: Tensor, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Coordinates of a grid from one vector per axis; ``indexing`` is "ij" (rows first) or "xy"."""
    from .shaping import expand, reshape, transpose  # shapes build on elementwise functions

    if indexing not in ("ij", "xy"):
        raise ArgumentError(f"meshgrid: indexing is 'ij' or 'xy', got {indexing!r}")
    if indexing == "xy" and len(values) > 1:
        return tuple(transpose(grid, 0, 1) for grid in meshgrid(*values))
    shape = tuple(value.shape[0] for value in values)
    return tuple(
        expand(reshape(value, tuple(-1 if axis == place else 1 for axis in range(len(shape)))), shape)
        for place, value in enumerate(values)
    )


def tril_indices(rows: int, columns: int | None = None, offset: int = 0) -> Tensor:
    """int32 [2, n]: row and column of the entries on and below a diagonal."""
    columns = rows if columns is None else columns
    pairs = [(i, j) for i in range(rows) for j in range(min(max(i + offset + 1, 0), columns))]
    return tensor([[i for i, _ in pairs], [j for _, j in pairs]], int32)
