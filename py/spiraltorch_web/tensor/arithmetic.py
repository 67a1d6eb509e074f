"""Operations on two operands: arithmetic, comparisons and logic, with promotion and broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..dtypes import bool_, int32
from ..errors import DTypeError
from ..ir.node import elementwise
from ..ir.ops import Op
from .core import Tensor, wrap
from .operands import aligned, common_dtype, operand, tensors

BinaryFunction = Callable[[Any, Any], Tensor]


def named(function: Callable, name: str, doc: str) -> Callable:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _arithmetic(name: str, op: Op, doc: str, bool_op: Op | None = None) -> BinaryFunction:
    """An operation on two operands of their common dtype; ``bool_op`` stands in when both are bool."""

    def function(x: Any, y: Any) -> Tensor:
        x, y = operand(x), operand(y)
        dtype = common_dtype(x, y)
        chosen = op
        if dtype is bool_:
            if bool_op is None:
                raise DTypeError(f"{name} is not defined for two bool operands; convert one with .to(st.int32)")
            chosen = bool_op
        return wrap(elementwise(chosen, *aligned(name, dtype, x, y)), *tensors(x, y))

    return named(function, name, doc)


def _comparison(name: str, op: Op, doc: str, *, swap: bool = False) -> BinaryFunction:
    def function(x: Any, y: Any) -> Tensor:
        x, y = operand(x), operand(y)
        dtype = common_dtype(x, y)
        if dtype is bool_ and op in (Op.LT, Op.LE):
            dtype = int32
        a, b = aligned(name, dtype, x, y)
        return wrap(elementwise(op, b, a) if swap else elementwise(op, a, b))

    return named(function, name, doc)


def _bitwise(name: str, op: Op, doc: str) -> BinaryFunction:
    def function(x: Any, y: Any) -> Tensor:
        x, y = operand(x), operand(y)
        return wrap(elementwise(op, *aligned(name, common_dtype(x, y), x, y)))

    return named(function, name, doc)


def _logical(name: str, op: Op, doc: str) -> BinaryFunction:
    def function(x: Any, y: Any) -> Tensor:
        x, y = operand(x), operand(y)
        return wrap(elementwise(op, *aligned(name, bool_, x, y)))

    return named(function, name, doc)


add = _arithmetic("add", Op.ADD, "x + y; for bools, or.", Op.OR)
sub = _arithmetic("sub", Op.SUB, "x − y.")
mul = _arithmetic("mul", Op.MUL, "x · y; for bools, and.", Op.AND)
maximum = _arithmetic("maximum", Op.MAXIMUM, "The larger one; NaN if either is NaN.", Op.OR)
minimum = _arithmetic("minimum", Op.MINIMUM, "The smaller one; NaN if either is NaN.", Op.AND)
floor_divide = _arithmetic("floor_divide", Op.FLOORDIV, "floor(x / y).")
remainder = _arithmetic("remainder", Op.MOD, "x − y · floor(x / y): the rest with the sign of y.")
eq = _comparison("eq", Op.EQ, "x == y.")
ne = _comparison("ne", Op.NE, "x != y.")
lt = _comparison("lt", Op.LT, "x < y.")
le = _comparison("le", Op.LE, "x ≤ y.")
gt = _comparison("gt", Op.LT, "x > y.", swap=True)
ge = _comparison("ge", Op.LE, "x ≥ y.", swap=True)
bitwise_and = _bitwise("bitwise_and", Op.AND, "Bits set in both; for bools, and.")
bitwise_or = _bitwise("bitwise_or", Op.OR, "Bits set in either; for bools, or.")
bitwise_xor = _bitwise("bitwise_xor", Op.XOR, "Bits set in exactly one.")
bitwise_left_shift = _bitwise("bitwise_left_shift", Op.SHL, "x · 2^y on bits.")
bitwise_right_shift = _bitwise("bitwise_right_shift", Op.SHR, "x shifted right; the sign fills in for int32.")
logical_and = _logical("logical_and", Op.AND, "True where both are not zero.")
logical_or = _logical("logical_or", Op.OR, "True where one is not zero.")
logical_xor = _logical("logical_xor", Op.XOR, "True where exactly one is not zero.")
