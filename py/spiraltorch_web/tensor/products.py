"""Products of matrices and tensors."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ShapeError
from ..ir import algebra as al
from ..ir import node as nodes
from ..ir.node import Node
from ..ir.ops import Op
from ..runtime.trace import use
from . import elementwise as ew
from .core import Tensor, wrap
from .operands import as_tensor, broadcast_shapes, common_dtype, node_of
from .reduction import sum as total
from .shaping import reshape, unsqueeze


def matmul(x: Any, y: Any) -> Tensor:
    """The matrix product, with PyTorch's rules: vectors are rows or columns, leading axes are batches and broadcast.

    x: [*batch, m, k], y: [*batch, k, n] to [*batch, m, n].
    """
    x, y = as_tensor(x), as_tensor(y)
    if not x.ndim or not y.ndim:
        raise ShapeError(f"matmul needs at least one axis on each side, got {tuple(x.shape)} and {tuple(y.shape)}")
    dtype = common_dtype(x, y)
    a, b = node_of(x, dtype), node_of(y, dtype)
    if a.ndim == 1:
        a = nodes.reshape(a, (1, *a.shape))
    if b.ndim == 1:
        b = nodes.reshape(b, (*b.shape, 1))
    if a.shape[-1] != b.shape[-2]:
        hint = "; did you mean y.T?" if y.ndim == 2 and x.shape[-1] == y.shape[-1] else ""
        raise ShapeError(
            f"matmul: the last axis of {tuple(x.shape)} does not fit the "
            f"{'last' if y.ndim == 1 else 'second last'} of {tuple(y.shape)}{hint}"
        )
    result = _batched(a, b)
    shape = result.shape
    if x.ndim == 1:
        shape = (*shape[:-2], shape[-1])
    if y.ndim == 1:
        shape = shape[:-1]
    return wrap(nodes.reshape(result, shape), x, y)


def _batched(a: Node, b: Node) -> Node:
    """The product of nodes with at least two axes."""
    if b.ndim == 2 and a.ndim > 2:  # one matrix for all batches: a single larger product
        flat = nodes.reshape(a, (math.prod(a.shape[:-1]), a.shape[-1]))
        return nodes.reshape(_product(flat, b), (*a.shape[:-1], b.shape[-1]))
    batch = broadcast_shapes("matmul", a.shape[:-2], b.shape[:-2])
    return _product(al.broadcast_to(a, batch + a.shape[-2:]), al.broadcast_to(b, batch + b.shape[-2:]))


def _product(a: Node, b: Node) -> Node:
    if a.dtype.kind == "f":
        return nodes.matmul(a, b)
    # Integers have no matrix kernel: multiply and add up.
    shape = (*a.shape[:-1], a.shape[-1], b.shape[-1])
    left = nodes.expand(nodes.reshape(a, (*a.shape, 1)), shape)
    right = nodes.expand(nodes.reshape(b, (*b.shape[:-2], 1, *b.shape[-2:])), shape)
    return nodes.reduce(Op.SUM, al.mul(left, right), (len(shape) - 2,))


def _needs(name: str, x: Tensor, ndim: int) -> None:
    if x.ndim != ndim:
        raise ShapeError(f"{name} needs tensors with {ndim} ax{'is' if ndim == 1 else 'es'}, got {tuple(x.shape)}")


def mm(x: Tensor, y: Tensor) -> Tensor:
    """The product of two matrices."""
    _needs("mm", x, 2)
    _needs("mm", y, 2)
    return matmul(x, y)


def bmm(x: Tensor, y: Tensor) -> Tensor:
    """The products of two equal batches of matrices."""
    _needs("bmm", x, 3)
    _needs("bmm", y, 3)
    return matmul(x, y)


def mv(x: Tensor, y: Tensor) -> Tensor:
    """A matrix times a vector."""
    _needs("mv", x, 2)
    _needs("mv", y, 1)
    return matmul(x, y)


def dot(x: Tensor, y: Tensor) -> Tensor:
    """The inner product of two vectors."""
    _needs("dot", x, 1)
    _needs("dot", y, 1)
    if x.shape != y.shape:
        raise ShapeError(f"dot needs vectors of one length, got {tuple(x.shape)} and {tuple(y.shape)}")
    return total(ew.mul(x, y))


def outer(x: Tensor, y: Tensor) -> Tensor:
    """All products of the entries of two vectors: [m], [n] to [m, n]."""
    _needs("outer", x, 1)
    _needs("outer", y, 1)
    return ew.mul(unsqueeze(x, 1), unsqueeze(y, 0))


def addmm(x: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta · x + alpha · (a @ b)."""
    product = matmul(a, b)
    scaled = product if alpha == 1 else ew.mul(product, alpha)
    return ew.add(x if beta == 1 else ew.mul(x, beta), scaled)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight.T + bias, with x: [*, inputs], weight: [outputs, inputs], bias: [outputs]."""
    if weight.ndim != 2 or x.shape[-1:] != weight.shape[1:]:
        raise ShapeError(
            f"linear needs x [*, inputs] and weight [outputs, inputs], got {tuple(x.shape)} and {tuple(weight.shape)}"
        )
    result = matmul(x, wrap(al.swap_last(use(weight)), weight))
    return result if bias is None else ew.add(result, bias)


def tensordot(x: Tensor, y: Tensor, dims: Any = 2) -> Tensor:
    """Products summed over pairs of axes: the last ``dims`` of x with the first of y, or two lists of axes."""
    if isinstance(dims, int):
        dims = (tuple(range(x.ndim - dims, x.ndim)), tuple(range(dims)))
    left, right = (tuple(axis % value.ndim for axis in axes) for axes, value in zip(dims, (x, y), strict=True))
    if [x.shape[axis] for axis in left] != [y.shape[axis] for axis in right]:
        raise ShapeError(f"tensordot: axes {left} of {tuple(x.shape)} do not fit axes {right} of {tuple(y.shape)}")
    rows = [axis for axis in range(x.ndim) if axis not in left]
    columns = [axis for axis in range(y.ndim) if axis not in right]
    shared = math.prod(x.shape[axis] for axis in left)
    shape = (*(x.shape[axis] for axis in rows), *(y.shape[axis] for axis in columns))
    a = wrap(nodes.permute(use(x), (*rows, *left)), x)
    b = wrap(nodes.permute(use(y), (*right, *columns)), y)
    m, n = math.prod(a.shape[: len(rows)]), math.prod(b.shape[len(right) :])
    return reshape(matmul(reshape(a, (m, shared)), reshape(b, (shared, n))), shape)
