"""Mathematical functions, entry by entry; `ew.add` and the like stand here too, see `arithmetic`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..dtypes import DType, as_dtype, bool_, float32, int32
from ..errors import ArgumentError, DTypeError
from ..ir import algebra as al
from ..ir.node import bitcast as bitcast_node
from ..ir.node import cast, const, elementwise
from ..ir.ops import Op
from ..runtime.trace import use
from .arithmetic import add as add
from .arithmetic import bitwise_and as bitwise_and
from .arithmetic import bitwise_left_shift as bitwise_left_shift
from .arithmetic import bitwise_or as bitwise_or
from .arithmetic import bitwise_right_shift as bitwise_right_shift
from .arithmetic import bitwise_xor as bitwise_xor
from .arithmetic import eq as eq
from .arithmetic import floor_divide as floor_divide
from .arithmetic import ge as ge
from .arithmetic import gt as gt
from .arithmetic import le as le
from .arithmetic import logical_and as logical_and
from .arithmetic import logical_or as logical_or
from .arithmetic import logical_xor as logical_xor
from .arithmetic import lt as lt
from .arithmetic import maximum as maximum
from .arithmetic import minimum as minimum
from .arithmetic import mul as mul
from .arithmetic import named
from .arithmetic import ne as ne
from .arithmetic import remainder as remainder
from .arithmetic import sub as sub
from .core import Tensor, wrap
from .operands import aligned, as_tensor, broadcast_shapes, common_dtype, operand, tensors

UnaryFunction = Callable[[Any], Tensor]


def _float_function(name: str, op: Op, doc: str) -> UnaryFunction:
    """A function of floats; integers and bools are converted to float32."""

    def function(x: Any) -> Tensor:
        x = as_tensor(x)
        node = use(x)
        return wrap(elementwise(op, node if node.dtype.kind == "f" else cast(node, float32)), x)

    return named(function, name, doc)


def _rounding(name: str, op: Op, doc: str) -> UnaryFunction:
    """A function that leaves integers as they are."""

    def function(x: Any) -> Tensor:
        x = as_tensor(x)
        node = use(x)
        return wrap(elementwise(op, node) if node.dtype.kind == "f" else node, x)

    return named(function, name, doc)


exp = _float_function("exp", Op.EXP, "e to the power of x.")
expm1 = _float_function("expm1", Op.EXPM1, "exp(x) − 1, accurate near 0.")
log = _float_function("log", Op.LOG, "The natural logarithm.")
log1p = _float_function("log1p", Op.LOG1P, "log(1 + x), accurate near 0.")
sqrt = _float_function("sqrt", Op.SQRT, "The square root; NaN below 0.")
rsqrt = _float_function("rsqrt", Op.RSQRT, "1 / sqrt(x).")
reciprocal = _float_function("reciprocal", Op.RECIPROCAL, "1 / x.")
sin = _float_function("sin", Op.SIN, "The sine.")
cos = _float_function("cos", Op.COS, "The cosine.")
tan = _float_function("tan", Op.TAN, "The tangent.")
asin = _float_function("asin", Op.ASIN, "The inverse sine.")
acos = _float_function("acos", Op.ACOS, "The inverse cosine.")
atan = _float_function("atan", Op.ATAN, "The inverse tangent.")
sinh = _float_function("sinh", Op.SINH, "The hyperbolic sine.")
cosh = _float_function("cosh", Op.COSH, "The hyperbolic cosine.")
tanh = _float_function("tanh", Op.TANH, "The hyperbolic tangent.")
asinh = _float_function("asinh", Op.ASINH, "The inverse hyperbolic sine.")
acosh = _float_function("acosh", Op.ACOSH, "The inverse hyperbolic cosine.")
atanh = _float_function("atanh", Op.ATANH, "The inverse hyperbolic tangent.")
erf = _float_function("erf", Op.ERF, "The error function.")
sigmoid = _float_function("sigmoid", Op.SIGMOID, "1 / (1 + exp(−x)).")
floor = _rounding("floor", Op.FLOOR, "The largest integer ≤ x.")
ceil = _rounding("ceil", Op.CEIL, "The smallest integer ≥ x.")
round = _rounding("round", Op.ROUND, "The nearest integer; halves go to the even one.")
trunc = _rounding("trunc", Op.TRUNC, "The integer part.")


def div(x: Any, y: Any, rounding_mode: str | None = None) -> Tensor:
    """x / y; integers give float32. ``rounding_mode`` is None, "floor" or "trunc"."""
    x, y = operand(x), operand(y)
    if rounding_mode == "floor":
        return floor_divide(x, y)
    dtype = common_dtype(x, y)
    quotient = wrap(elementwise(Op.DIV, *aligned("div", dtype if dtype.kind == "f" else float32, x, y)), *tensors(x, y))
    if rounding_mode is None:
        return quotient
    if rounding_mode == "trunc":
        return to(trunc(quotient), dtype)
    raise ArgumentError(f"div: rounding_mode is None, 'floor' or 'trunc', got {rounding_mode!r}")


def pow(x: Any, y: Any) -> Tensor:
    """x to the power of y. Small constant exponents become products and roots."""
    x, y = operand(x), operand(y)
    if isinstance(x, Tensor) and isinstance(y, (int, float)) and not isinstance(y, bool):
        special = _constant_power(x, y)
        if special is not None:
            return special
    dtype = common_dtype(x, y)
    if dtype.kind in "bu":
        dtype = int32
    return wrap(elementwise(Op.POW, *aligned("pow", dtype, x, y)), *tensors(x, y))


def _constant_power(x: Tensor, exponent: int | float) -> Tensor | None:
    if x.dtype.kind != "f":
        if isinstance(exponent, int) and exponent < 0:
            raise ArgumentError(f"pow: an integer tensor has no power {exponent}; convert it with .float()")
        return None
    if exponent == 1:
        return wrap(al.identity(use(x)), x)
    if exponent == 2:
        return square(x)
    if exponent == 3:
        return mul(square(x), x)
    functions = {0.5: sqrt, -0.5: rsqrt, -1: reciprocal}
    return functions[exponent](x) if exponent in functions else None


def neg(x: Any) -> Tensor:
    """−x."""
    x = as_tensor(x)
    if x.dtype is bool_:
        raise DTypeError("neg is not defined for bool tensors; use ~x or logical_not")
    return wrap(elementwise(Op.NEG, use(x)) if x.dtype.kind in "fi" else al.sub(al.filled(use(x), 0), use(x)), x)


def abs(x: Any) -> Tensor:
    """|x|."""
    x = as_tensor(x)
    return wrap(elementwise(Op.ABS, use(x)) if x.dtype.kind in "fi" else use(x), x)


def sign(x: Any) -> Tensor:
    """−1, 0 or 1."""
    x = as_tensor(x)
    node = use(x)
    return wrap(elementwise(Op.SIGN, node) if node.dtype.kind in "fi" else cast(cast(node, bool_), node.dtype), x)


def square(x: Any) -> Tensor:
    """x · x."""
    return mul(x, x)


def atan2(y: Any, x: Any) -> Tensor:
    """The angle of the point (x, y), in (−π, π]."""
    y, x = operand(y), operand(x)
    dtype = common_dtype(y, x)
    nodes = aligned("atan2", dtype if dtype.kind == "f" else float32, y, x)
    return wrap(elementwise(Op.ATAN2, *nodes), *tensors(y, x))


def logical_not(x: Any) -> Tensor:
    """True where x is zero."""
    return wrap(elementwise(Op.NOT, cast(use(as_tensor(x)), bool_)))


def bitwise_not(x: Any) -> Tensor:
    """Every bit flipped; for bools, not."""
    return wrap(elementwise(Op.NOT, use(as_tensor(x))))


def isnan(x: Any) -> Tensor:
    """True where x is NaN."""
    return _float_test(x, Op.ISNAN)


def isinf(x: Any) -> Tensor:
    """True where x is infinite."""
    return _float_test(x, Op.ISINF)


def _float_test(x: Any, op: Op) -> Tensor:
    node = use(as_tensor(x))
    return wrap(elementwise(op, node) if node.dtype.kind == "f" else const(False, bool_, node.shape))


def isfinite(x: Any) -> Tensor:
    """True where x is neither NaN nor infinite."""
    return logical_not(logical_or(isnan(x), isinf(x)))


def clamp(x: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """x limited to [min, max]; a bound is a number, a tensor or None. Gradients pass where x is within the bounds."""
    if min is None and max is None:
        raise ArgumentError("clamp needs min, max or both")
    x = as_tensor(x)
    result = x if min is None else where(lt(x, min), min, x)
    return result if max is None else where(gt(result, max), max, result)


def where(condition: Tensor, x: Any, y: Any) -> Tensor:
    """x where the condition is true, else y."""
    x, y = operand(x), operand(y)
    a, b = aligned("where", common_dtype(x, y), x, y)
    mask = cast(use(as_tensor(condition)), bool_)
    shape = broadcast_shapes("where", mask.shape, a.shape)
    nodes = (al.broadcast_to(node, shape) for node in (mask, a, b))
    return wrap(elementwise(Op.WHERE, *nodes), *tensors(x, y))


def masked_fill(x: Tensor, mask: Tensor, value: Any) -> Tensor:
    """x with ``value`` where the mask is true."""
    return to(where(mask, value, x), x.dtype)


def to(x: Tensor, *arguments: Any, dtype: Any = None, device: Any = None, copy: bool = False) -> Tensor:
    """x converted to a dtype, or on another device. Takes a dtype, a device, or a tensor to follow."""
    for argument in arguments:
        if isinstance(argument, Tensor):
            dtype, device = argument.dtype, argument.device
        elif isinstance(argument, DType) or argument in (float, int, bool):
            dtype = argument
        elif isinstance(argument, str) and ":" not in argument and argument not in ("cpu", "webgpu", "auto"):
            dtype = as_dtype(argument)
        else:
            device = argument
    if device is not None:
        from .transfer import move  # moving reads values, which needs more than this module

        x = move(x, device)
    if dtype is None or as_dtype(dtype) is x.dtype:
        return wrap(al.identity(use(x)), x) if copy else x
    return wrap(cast(use(x), as_dtype(dtype)), x)


def bitcast(x: Tensor, dtype: Any) -> Tensor:
    """The bits of x read as another 32-bit dtype."""
    return wrap(bitcast_node(use(x), as_dtype(dtype)))
