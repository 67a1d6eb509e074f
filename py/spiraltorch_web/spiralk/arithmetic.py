"""Arithmetic without exceptions: every operation on finite float64 numbers gives a finite float64 number.

Division by zero is 0, the logarithm of what is not positive is 0, and what would overflow is the largest float64 of
its sign, so neither infinity nor NaN can arise. Truth is 1 or 0, and whatever is not 0 counts as true.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

from .names import LARGEST

_MOST = 1.7976931348623157e308


def bounded(value: float) -> float:
    """The value, with infinities replaced by the largest float64. Not for NaN."""
    return value if -_MOST <= value <= _MOST else math.copysign(_MOST, value)


def add(left: float, right: float) -> float:
    return bounded(left + right)


def subtract(left: float, right: float) -> float:
    return bounded(left - right)


def multiply(left: float, right: float) -> float:
    return bounded(left * right)


def divide(left: float, right: float) -> float:
    """The quotient; 0 where the divisor is 0."""
    return bounded(left / right) if right else 0.0


def log2(value: float) -> float:
    """The binary logarithm; 0 where there is none."""
    return math.log2(value) if value > 0 else 0.0


def clamp(value: float, low: float, high: float) -> float:
    """min(max(value, low), high), so that `high` wins where the bounds are crossed."""
    return min(max(value, low), high)


def floor(value: float) -> float:
    return float(math.floor(value))


def ceil(value: float) -> float:
    return float(math.ceil(value))


def select(condition: float, then: float, otherwise: float) -> float:
    return then if condition else otherwise


def _truth(test: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda left, right: 1.0 if test(left, right) else 0.0


def logical_not(value: float) -> float:
    return 0.0 if value else 1.0


def as_integer(value: float) -> int:
    """The value of a field: cut to an integer, within ±2^53."""
    return int(min(max(value, -LARGEST), LARGEST))


BINARY: Mapping[str, Callable[[float, float], float]] = MappingProxyType(
    {
        "||": _truth(lambda left, right: bool(left or right)),
        "&&": _truth(lambda left, right: bool(left and right)),
        "==": _truth(operator.eq),
        "!=": _truth(operator.ne),
        "<": _truth(operator.lt),
        "<=": _truth(operator.le),
        ">": _truth(operator.gt),
        ">=": _truth(operator.ge),
        "+": add,
        "-": subtract,
        "*": multiply,
        "/": divide,
    }
)
# How tightly operators bind; a comparison takes nothing on either side that binds no tighter.
COMPARISON = 3
BINDING: Mapping[str, int] = MappingProxyType(
    {"||": 1, "&&": 2, **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), COMPARISON), "+": 4, "-": 4, "*": 5, "/": 5}
)
UNARY: Mapping[str, Callable[[float], float]] = MappingProxyType({"!": logical_not, "-": operator.neg})
CALLS: Mapping[str, Callable[..., float]] = MappingProxyType(
    {
        "sel": select,
        "log2": log2,
        "clamp": clamp,
        "min": min,
        "max": max,
        "abs": abs,
        "floor": floor,
        "ceil": ceil,
    }
)
