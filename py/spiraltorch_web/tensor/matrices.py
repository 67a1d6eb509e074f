"""Parts of matrices: triangles, diagonals, one-hot rows."""

from __future__ import annotations

from ..dtypes import int32
from ..errors import ArgumentError, DTypeError, ShapeError
from ..ir import algebra as al
from ..ir import node as nodes
from ..ir.ops import Op
from ..runtime.trace import use
from . import elementwise as ew
from .core import Tensor, wrap
from .joining import narrow, pad
from .operands import axis_index
from .reduction import sum as total
from .shaping import movedim, reshape, unsqueeze


def _band(x: Tensor, op: Op, diagonal: int) -> nodes.Node:
    """bool: where column − row `op` diagonal."""
    if x.ndim < 2:
        raise ShapeError(f"tril and triu need a matrix, got shape {tuple(x.shape)}")
    shape = tuple(x.shape)
    rows, columns = nodes.iota(shape, x.ndim - 2), nodes.iota(shape, x.ndim - 1)
    return nodes.elementwise(op, columns, al.add(rows, al.filled(rows, diagonal)))


def tril(x: Tensor, diagonal: int = 0) -> Tensor:
    """The entries on and below a diagonal; zeros above."""
    return ew.where(wrap(_band(x, Op.LE, diagonal)), x, _zero(x))


def triu(x: Tensor, diagonal: int = 0) -> Tensor:
    """The entries on and above a diagonal; zeros below."""
    return ew.where(wrap(_band(x, Op.LT, diagonal)), _zero(x), x)


def _zero(x: Tensor) -> Tensor:
    return wrap(nodes.const(0, x.dtype))


def diagonal(x: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Entries [i, i + offset] of two axes, as a new last axis."""
    first, second = axis_index("diagonal", dim1, x.ndim), axis_index("diagonal", dim2, x.ndim)
    x = movedim(x, (first, second), (-2, -1))
    rows, columns = x.shape[-2:]
    top, left = max(-offset, 0), max(offset, 0)
    length = max(min(rows - top, columns - left), 0)
    if not length:
        return reshape(narrow(x, -2, 0, 0), (*x.shape[:-2], 0)) if columns else reshape(x, (*x.shape[:-2], 0))
    square = narrow(narrow(x, -2, top, length), -1, left, length)
    # In a square of n columns, entry [i, i] is entry i·(n + 1) of the flat square.
    flat = reshape(square, (*x.shape[:-2], length * length))
    ranges = [(0, size, 1) for size in flat.shape[:-1]] + [(0, length * length, length + 1)]
    return wrap(nodes.shrink(use(flat), ranges), flat)


def diag_embed(x: Tensor, offset: int = 0) -> Tensor:
    """Square matrices with the last axis of x on a diagonal."""
    size = x.shape[-1] + abs(offset)
    shape = (*x.shape[:-1], size, size)
    rows, columns = nodes.iota(shape, len(shape) - 2), nodes.iota(shape, len(shape) - 1)
    on_diagonal = nodes.elementwise(Op.EQ, columns, al.add(rows, al.filled(rows, offset)))
    spread = unsqueeze(pad(x, (max(-offset, 0), max(offset, 0))), -1)
    return ew.where(wrap(on_diagonal), spread, _zero(x))


def diag(x: Tensor, diagonal_: int = 0) -> Tensor:
    """A matrix with the vector x on a diagonal, or the diagonal of the matrix x."""
    if x.ndim not in (1, 2):
        raise ShapeError(f"diag needs a vector or a matrix, got shape {tuple(x.shape)}; see diagonal and diag_embed")
    return diag_embed(x, diagonal_) if x.ndim == 1 else diagonal(x, diagonal_)


def trace(x: Tensor) -> Tensor:
    """The sum of a matrix's diagonal."""
    return total(diagonal(x))


def one_hot(x: Tensor, num_classes: int) -> Tensor:
    """int32 [*shape, num_classes]: 1 at the class in x, 0 elsewhere and for classes out of range."""
    if x.dtype.kind not in "iu":
        raise DTypeError(f"one_hot needs integers, got {x.dtype.name}")
    if num_classes < 0:
        raise ArgumentError(f"one_hot needs a number of classes ≥ 0, got {num_classes}")
    shape = (*x.shape, num_classes)
    wanted = al.broadcast_to(nodes.reshape(nodes.cast(use(x), int32), (*x.shape, 1)), shape)
    return wrap(nodes.cast(nodes.elementwise(Op.EQ, wanted, nodes.iota(shape, len(shape) - 1)), int32))
