"""Rules made by other parts of the library, without pasting text together."""

from __future__ import annotations

from ..errors import ArgumentError, SpiralKError
from .names import READABLE, field_problem
from .parse import parse_expression
from .tree import EVERYWHERE, Binary, Boolean, Expression, HardRule, HintRule, Name, finite_number, normal_device

# What stands for an expression: a number, a truth value, or the text of one.
Value = Expression | float | bool | str


def expression(value: Value) -> Expression:
    """The value as an expression; a text is parsed, and SpiralKError says what is wrong with it."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, bool):
        return Boolean(value)
    if isinstance(value, str):
        return Name(value) if value in READABLE else parse_expression(value)
    try:
        return finite_number(float(value))
    except (TypeError, OverflowError):
        raise ArgumentError(f"{value!r} is no number, truth value or text of an expression") from None


def compare(left: Value, operator: str, right: Value) -> Expression:
    """``left operator right``, for ``compare("k", "<=", 128)``; any operator with two sides fits."""
    return Binary(operator, expression(left), expression(right))


def all_of(*conditions: Value) -> Expression:
    """The conditions joined by ``&&``; true when there are none."""
    joined: Expression | None = None
    for condition in map(expression, conditions):
        joined = condition if joined is None else Binary("&&", joined, condition)
    return Boolean(True) if joined is None else joined


def hard_rule(field: str, value: Value, *, device: str | None = None, note: str = "") -> HardRule:
    """``field: value;``. `device` puts it into the section of that adapter class, `note` is a comment behind it."""
    return HardRule(_field(field), expression(value), device=_device(device), note=note)


def soft_rule(
    field: str, value: Value, weight: Value, condition: Value = True, *, device: str | None = None, note: str = ""
) -> HintRule:
    """``soft(field, value, weight, condition);``, as `hard_rule`."""
    parts = map(expression, (value, weight, condition))
    return HintRule("soft", _field(field), *parts, device=_device(device), note=note)


def penalty_rule(
    field: str, value: Value, weight: Value, condition: Value = True, *, device: str | None = None, note: str = ""
) -> HintRule:
    """``penalty_if(field, value, weight, condition);``, as `hard_rule`."""
    parts = map(expression, (value, weight, condition))
    return HintRule("penalty_if", _field(field), *parts, device=_device(device), note=note)


def _field(name: str) -> str:
    problem, suggestion = field_problem(name)
    if problem:
        raise SpiralKError(problem, suggestion=suggestion)
    return name


def _device(device: str | None) -> str | None:
    normal = None if device is None else normal_device(device)
    return None if normal == EVERYWHERE else normal
