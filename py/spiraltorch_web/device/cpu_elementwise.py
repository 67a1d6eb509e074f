"""Elementwise operations in NumPy; they broadcast.

Functions that take ``out`` write their result into that array, which may be one of the operands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ..dtypes import DType
from ..ir.node import Node
from ..ir.ops import Op
from .cpu_special import erf, threefry

Array = Any  # numpy.ndarray, or a NumPy scalar where a ufunc gave one
Function = Callable[..., Array]

VALUE_DTYPES: Mapping[str, np.dtype] = MappingProxyType(
    {
        "bool": np.dtype(np.bool_),
        "uint32": np.dtype(np.uint32),
        "int32": np.dtype(np.int32),
        "float16": np.dtype(np.float32),
        "float32": np.dtype(np.float32),
    }
)

UFUNCS: Mapping[Op, np.ufunc] = MappingProxyType(
    {
        Op.NEG: np.negative,
        Op.ABS: np.absolute,
        Op.SIGN: np.sign,
        Op.FLOOR: np.floor,
        Op.CEIL: np.ceil,
        Op.ROUND: np.rint,
        Op.TRUNC: np.trunc,
        Op.EXP: np.exp,
        Op.EXPM1: np.expm1,
        Op.LOG: np.log,
        Op.LOG1P: np.log1p,
        Op.SQRT: np.sqrt,
        Op.RECIPROCAL: np.reciprocal,
        Op.SIN: np.sin,
        Op.COS: np.cos,
        Op.TAN: np.tan,
        Op.ASIN: np.arcsin,
        Op.ACOS: np.arccos,
        Op.ATAN: np.arctan,
        Op.SINH: np.sinh,
        Op.COSH: np.cosh,
        Op.TANH: np.tanh,
        Op.ASINH: np.arcsinh,
        Op.ACOSH: np.arccosh,
        Op.ATANH: np.arctanh,
        Op.NOT: np.invert,
        Op.ISNAN: np.isnan,
        Op.ISINF: np.isinf,
        Op.ADD: np.add,
        Op.SUB: np.subtract,
        Op.MUL: np.multiply,
        Op.DIV: np.divide,
        Op.FLOORDIV: np.floor_divide,
        Op.MOD: np.remainder,
        Op.MAXIMUM: np.maximum,
        Op.MINIMUM: np.minimum,
        Op.ATAN2: np.arctan2,
        Op.LT: np.less,
        Op.LE: np.less_equal,
        Op.EQ: np.equal,
        Op.NE: np.not_equal,
        Op.AND: np.bitwise_and,
        Op.OR: np.bitwise_or,
        Op.XOR: np.bitwise_xor,
    }
)


def value_dtype(dtype: DType) -> np.dtype:
    """The NumPy dtype that values of ``dtype`` are computed with."""
    return VALUE_DTYPES[dtype.name]


def _rsqrt(node: Node) -> Function:
    return lambda x: np.reciprocal(np.sqrt(x))


def _sigmoid(node: Node) -> Function:
    one = np.float32(1)

    def sigmoid(x: Array, out: Array | None = None) -> Array:
        result = np.exp(np.negative(x, out=out), out=out)
        return np.reciprocal(np.add(result, one, out=out), out=out)

    return sigmoid


def _relu(node: Node) -> Function:
    zero = np.array(0, value_dtype(node.dtype))
    return lambda x, out=None: np.maximum(x, zero, out=out)


def _erf(node: Node) -> Function:
    return erf


def _power(node: Node) -> Function:
    if node.dtype.kind == "f":
        return np.power

    def integer_power(base: Array, exponent: Array) -> Array:
        # NumPy refuses negative exponents; 1/base truncates to 0 except for ±1.
        result = np.power(base, np.maximum(exponent, 0))
        unit = np.where(base == 1, 1, np.where(base == -1, 1 - 2 * (exponent & 1), 0))
        return np.where(exponent < 0, unit, result).astype(np.int32)

    return integer_power


def _cast(node: Node) -> Function:
    source, target = node.srcs[0].dtype, node.dtype
    dtype = value_dtype(target)
    if target.name == "float16":
        return lambda x: x.astype(np.float16).astype(np.float32)
    if source.kind == "f" and target.kind in "iu":
        limits = np.iinfo(dtype)
        # As WGSL does: values beyond the range become the nearest one. The largest float below 2^31 or 2^32.
        low, high = np.float32(limits.min), np.nextafter(np.float32(limits.max), np.float32(0), dtype=np.float32)
        return lambda x: np.fmin(np.fmax(x, low), high).astype(dtype)
    return lambda x: x.astype(dtype)


def _bitcast(node: Node) -> Function:
    dtype = value_dtype(node.dtype)
    return lambda x: x.view(dtype)


def _shift(ufunc: np.ufunc) -> Callable[[Node], Function]:
    # WGSL takes the shift modulo 32; C, and so NumPy, leaves larger shifts undefined.
    def builder(node: Node) -> Function:
        mask = np.array(31, value_dtype(node.dtype))
        return lambda x, bits: ufunc(x, bits & mask)

    return builder


def _where(node: Node) -> Function:
    def where(condition: Array, a: Array, b: Array, out: Array | None = None) -> Array:
        if out is None:
            return np.where(condition, a, b)
        if out is a:
            np.copyto(out, b, where=~condition)
            return out
        if out is not b:
            np.copyto(out, b)
        np.copyto(out, a, where=condition)
        return out

    return where


def _threefry(node: Node) -> Function:
    zero = np.uint32(0)
    return lambda key0, key1, counter: threefry(key0, key1, counter, zero)[0]


ELEMENTWISE: Mapping[Op, Callable[[Node], Function]] = MappingProxyType(
    {
        Op.RSQRT: _rsqrt,
        Op.SIGMOID: _sigmoid,
        Op.RELU: _relu,
        Op.ERF: _erf,
        Op.CAST: _cast,
        Op.BITCAST: _bitcast,
        Op.POW: _power,
        Op.WHERE: _where,
        Op.THREEFRY: _threefry,
        Op.SHL: _shift(np.left_shift),
        Op.SHR: _shift(np.right_shift),
    }
)
