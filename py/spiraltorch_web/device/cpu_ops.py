"""What every operation means, in NumPy.

`build(node)` gives a function from operand arrays to the result array. Values are float32 (also for float16, which
is only a storage type), int32, uint32 and NumPy bools. Functions never change their operands, and elementwise ones
broadcast: the executor keeps expanded values compact until an operation needs all entries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from ..ir.node import Node
from ..ir.ops import Op
from .cpu_conv import convolve
from .cpu_elementwise import ELEMENTWISE, UFUNCS, Array, Function, value_dtype


def build(node: Node) -> Function:
    """The function that computes a node from its operands' arrays."""
    ufunc = UFUNCS.get(node.op)
    return ufunc if ufunc is not None else BUILDERS[node.op](node)


# --- leaves: computed once, when the graph is loaded ------------------------------------------------------------


def constant(node: Node) -> Array:
    """The value of a CONST node as one entry without axes; it broadcasts."""
    return np.array(node.attrs[0], value_dtype(node.dtype))


def index_range(node: Node) -> Array:
    """The values of an IOTA node along its axis; the other axes have length 1 and broadcast."""
    axis = node.attrs[0]
    shape = [1] * node.ndim
    shape[axis] = node.shape[axis]
    return np.arange(node.shape[axis], dtype=np.int32).reshape(shape)


# --- movement ---------------------------------------------------------------------------------------------------


def _reshape(node: Node) -> Function:
    shape = node.shape
    return lambda x: x.reshape(shape)


def _permute(node: Node) -> Function:
    axes = node.attrs[0]
    return lambda x: x.transpose(axes)


def broadcast(shape: tuple[int, ...]) -> Function:
    """A function that makes all entries of a compact value visible, without a copy."""
    return lambda x: np.broadcast_to(x, shape)


def copied(x: Array, out: Array | None = None) -> Array:
    """The same values in memory of their own, in row-major order."""
    if out is None:
        return np.array(x, order="C")
    np.copyto(out, x)
    return out


def _pad(node: Node) -> Function:
    padding, value = node.attrs
    shape, dtype = node.shape, value_dtype(node.dtype)
    inner = tuple(
        slice(low, low + max(size - 1, 0) * (gap + 1) + min(size, 1), gap + 1)
        for size, (low, _, gap) in zip(node.srcs[0].shape, padding, strict=True)
    )

    def pad(x: Array) -> Array:
        result = np.full(shape, value, dtype) if value else np.zeros(shape, dtype)
        result[inner] = x
        return result

    return pad


def _shrink(node: Node) -> Function:
    ranges = tuple(slice(*row) for row in node.attrs[0])
    return lambda x: x[ranges]


def _flip(node: Node) -> Function:
    axes = node.attrs[0]
    slices = tuple(slice(None, None, -1 if axis in axes else 1) for axis in range(node.ndim))
    return lambda x: x[slices]


def _slide(node: Node) -> Function:
    axis, _, step, dilation = node.attrs
    shape = node.shape

    def slide(x: Array) -> Array:
        stride = x.strides[axis]
        strides = (*x.strides[:axis], stride * step, *x.strides[axis + 1 :], stride * dilation)
        return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)

    return slide


def _concat(node: Node) -> Function:
    axis = node.attrs[0]
    return lambda *parts, out=None: np.concatenate(parts, axis, out=out)


def _gather(node: Node) -> Function:
    return lambda x, index, out=None: x.take(index, 0, out, "clip")


# --- reductions, products and routines --------------------------------------------------------------------------


# NumPy's reductions spend some 15 ns on each result, which for short rows is nearly all: sums of 6,528 rows of 5 floats
# take 94 us, as a product with ones 10 us, column by column 12 us (2026-11, x86-64).
_LONGEST_PRODUCT = 256
_LONGEST_COLUMNS = 8
_FEWEST_ROWS = 64


def _reduction(ufunc: np.ufunc) -> Callable[[Node], Function]:
    def builder(node: Node) -> Function:
        axes = node.attrs[0]
        dtype = value_dtype(node.dtype)  # NumPy would widen integer sums
        shape = node.srcs[0].shape
        length, last = shape[axes[0]], axes == (len(shape) - 1,)
        if ufunc is np.add and dtype == np.float32 and len(axes) == 1 and length <= _LONGEST_PRODUCT:
            return _product_with_ones(shape, axes[0], node.shape)
        if last and 1 < length <= _LONGEST_COLUMNS and node.size >= _FEWEST_ROWS:
            return lambda x: _by_columns(ufunc, x)
        return lambda x: ufunc.reduce(x, axes, dtype)

    return builder


def _product_with_ones(shape: tuple[int, ...], axis: int, kept: tuple[int, ...]) -> Function:
    """The sum over one axis."""
    outer, length, inner = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
    ones = np.ones((1, length), np.float32)

    def total(x: Array) -> Array:
        if not x.flags.c_contiguous:
            return np.add.reduce(x, axis)
        if inner == 1:
            return np.matmul(x.reshape(outer, length), ones[0]).reshape(kept)
        return np.matmul(ones, x.reshape(outer, length, inner)).reshape(kept)

    return total


def _by_columns(ufunc: np.ufunc, x: Array) -> Array:
    """A reduction over a short last axis."""
    result = ufunc(x[..., 0], x[..., 1])
    for column in range(2, x.shape[-1]):
        ufunc(result, x[..., column], out=result)
    return result


def _position(function: Function) -> Callable[[Node], Function]:
    def builder(node: Node) -> Function:
        axis = node.attrs[0][0]
        return lambda x: function(x, axis).astype(np.int32)

    return builder


def _matmul(node: Node) -> Function:
    return np.matmul


def _conv(node: Node) -> Function:
    spec = node.attrs[0]
    return lambda x, w: convolve(x, w, spec)


def routine_call(node: Node) -> Function:
    """The function that computes all outputs of a named routine as a tuple."""
    from ..kernels.table import ROUTINES

    name, params, _ = node.attrs
    reference = ROUTINES[name].reference
    return lambda *arrays: reference(np, arrays, params)


def _routine(node: Node) -> Function:
    call, output = routine_call(node), node.attrs[2]
    return lambda *arrays: call(*arrays)[output]


BUILDERS: Mapping[Op, Callable[[Node], Function]] = MappingProxyType(
    {
        **ELEMENTWISE,
        Op.RESHAPE: _reshape,
        Op.PERMUTE: _permute,
        Op.PAD: _pad,
        Op.SHRINK: _shrink,
        Op.FLIP: _flip,
        Op.SLIDE: _slide,
        Op.CONCAT: _concat,
        Op.GATHER: _gather,
        Op.SUM: _reduction(np.add),
        Op.PROD: _reduction(np.multiply),
        Op.MAX: _reduction(np.maximum),
        Op.MIN: _reduction(np.minimum),
        Op.ARGMAX: _position(np.argmax),
        Op.ARGMIN: _position(np.argmin),
        Op.MATMUL: _matmul,
        Op.CONV: _conv,
        Op.ROUTINE: _routine,
    }
)

# Operations whose functions take an array for the result as ``out``.
WRITERS = frozenset({*UFUNCS, Op.SIGMOID, Op.RELU, Op.WHERE, Op.CONCAT, Op.GATHER, Op.MATMUL})
