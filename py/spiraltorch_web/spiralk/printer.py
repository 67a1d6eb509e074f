"""Programs and their parts as text that parses to an equal tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from .arithmetic import BINDING, COMPARISON
from .tree import EVERYWHERE, Binary, Boolean, Call, Comments, Expression, HardRule, HintRule, Name, Number, Rule, Unary

WIDTH = 100
_BLANK_LINES = re.compile("\n{3,}")
_SIGN, _ATOM = 6, 7  # bind tighter than any operator between two operands


def expression_text(expression: Expression) -> str:
    """The expression with as few parentheses as it needs."""
    match expression:
        case Number(value=value):
            return f"{value:.0f}" if value == int(value) else repr(float(value))
        case Boolean(value=value):
            return "true" if value else "false"
        case Name(name=name):
            return name
        case Unary(operator=operator, operand=operand):
            return operator + _within(operand, _SIGN)
        case Binary(operator=operator, left=left, right=right):
            binding = _binding(expression)
            on_the_left = binding + 1 if binding == COMPARISON else binding
            return f"{_within(left, on_the_left)} {operator} {_within(right, binding + 1)}"
        case Call(function=function, arguments=arguments):
            return f"{function}({', '.join(map(expression_text, arguments))})"
    raise TypeError(f"{type(expression).__name__} is no expression")


def rule_text(rule: Rule) -> str:
    """The rule alone, with its semicolon, in one line."""
    match rule:
        case HardRule(field=field, value=value):
            return f"{field}: {expression_text(value)};"
        case HintRule(hint=hint, field=field):
            parts = map(expression_text, (rule.value, rule.weight, rule.condition))
            return f"{hint}({', '.join((field, *parts))});"
    raise TypeError(f"{type(rule).__name__} is no rule")


def program_text(rules: Iterable[Rule], tail: Comments, wrap: bool) -> str:
    """All rules with their sections and comments, and the comments after the last one; ends with a newline if any.

    There are no two blank lines in a row, and none at either end. With `wrap`, a chain of sel(…) too long for a line
    gets one for each.
    """
    paragraphs = "\n".join(_lines(rules, tail, _wrapped if wrap else rule_text)).strip("\n")
    return _BLANK_LINES.sub("\n\n", paragraphs) + "\n" if paragraphs else ""


def _lines(rules: Iterable[Rule], tail: Comments, print_rule: Callable[[Rule], str]) -> Iterator[str]:
    device = None
    for rule in rules:
        spaced = rule.comments[:1] == (None,)
        if spaced:
            yield ""
        if rule.device != device:
            device = rule.device
            yield f"# device: {EVERYWHERE if device is None else device}"
        yield from map(_line, rule.comments[spaced:])
        yield f"{print_rule(rule)}  {_line(rule.note)}" if rule.note else print_rule(rule)
    yield from map(_line, tail)


def _line(comment: str | None) -> str:
    return "" if comment is None else f"# {comment}".rstrip()


def _wrapped(rule: Rule) -> str:
    text = rule_text(rule)
    if len(text) <= WIDTH or not isinstance(rule, HardRule):
        return text
    return "\n".join(_chain(f"{rule.field}: ", rule.value, ";"))


def _chain(start: str, expression: Expression, end: str) -> Iterator[str]:
    """sel(a, b, sel(c, d, e)) with one line for each sel, aligned below the first."""
    indent = start
    while isinstance(expression, Call) and expression.function == "sel":
        condition, then, otherwise = expression.arguments
        if not (isinstance(otherwise, Call) and otherwise.function == "sel"):
            break
        yield f"{indent}sel({expression_text(condition)}, {expression_text(then)},"
        indent, expression, end = " " * len(start), otherwise, f"){end}"
    yield f"{indent}{expression_text(expression)}{end}"


def _within(expression: Expression, binding: int) -> str:
    """The expression as an operand: in parentheses unless it binds at least so tightly."""
    text = expression_text(expression)
    return text if _binding(expression) >= binding else f"({text})"


def _binding(expression: Expression) -> int:
    match expression:
        case Binary(operator=operator):
            return BINDING[operator]
        case Unary():
            return _SIGN
    return _ATOM
