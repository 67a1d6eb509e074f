"""Expressions as Python functions of the values of all names, built once per program.

The values are a list of float64 numbers, one for each of `SLOTS`. No function raises, loops or waits: the time of an
evaluation is proportional to the length of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from .arithmetic import BINARY, CALLS, UNARY
from .names import READABLE
from .tree import Binary, Boolean, Call, Expression, Name, Number, Unary

Values = Sequence[float]
Valued = Callable[[Values], float]

SLOTS: Mapping[str, int] = MappingProxyType({name: slot for slot, name in enumerate(READABLE)})


def valued(expression: Expression) -> Valued:
    """The function that computes the expression."""
    match expression:
        case Number(value=value):
            return _constant(float(value))
        case Boolean(value=truth):
            return _constant(1.0 if truth else 0.0)
        case Name(name=name):
            return _reader(name)
        case Unary(operator=operator, operand=operand):
            return _unary(UNARY[operator], valued(operand))
        case Binary(operator=operator, left=left, right=right):
            return _binary(operator, valued(left), valued(right))
        case Call(function="sel", arguments=(condition, then, otherwise)):
            return _choice(valued(condition), valued(then), valued(otherwise))
        case Call(function=function, arguments=arguments):
            return _call(CALLS[function], tuple(map(valued, arguments)))
    raise TypeError(f"{type(expression).__name__} is no expression")


def _constant(value: float) -> Valued:
    return lambda values: value


def _reader(name: str) -> Valued:
    slot = SLOTS.get(name)
    return _constant(0.0) if slot is None else lambda values: values[slot]


def _unary(compute: Callable[[float], float], operand: Valued) -> Valued:
    return lambda values: compute(operand(values))


def _binary(operator: str, left: Valued, right: Valued) -> Valued:
    # A side that cannot matter is left out, which is safe because nothing has an effect.
    if operator == "&&":
        return lambda values: 1.0 if left(values) and right(values) else 0.0
    if operator == "||":
        return lambda values: 1.0 if left(values) or right(values) else 0.0
    compute = BINARY[operator]
    return lambda values: compute(left(values), right(values))


def _choice(condition: Valued, then: Valued, otherwise: Valued) -> Valued:
    return lambda values: then(values) if condition(values) else otherwise(values)


def _call(compute: Callable[..., float], arguments: tuple[Valued, ...]) -> Valued:
    if len(arguments) == 1:
        (only,) = arguments
        return lambda values: compute(only(values))
    return lambda values: compute(*[argument(values) for argument in arguments])
