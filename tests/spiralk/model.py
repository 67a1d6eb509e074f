"""SpiralK's meaning once more, in NumPy, for all launches of a grid at once: an independent reading of the text.

A piece is a pair of a text and a function from the values of all names (float64 arrays) to its own values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from hypothesis import strategies as some

from spiraltorch_web.kernels.rankk.choice import Choice

FIELDS = tuple(vars(Choice()))
LAUNCHES = [
    {"r": r, "c": c, "k": k, "sg": lanes > 1, "sgc": lanes, "kind": kind}
    for r, c, k, lanes, kind in product((1, 1000), (1, 4096, 65537, 10**6), (1, 100, 5000), (1, 32), (0, 2))
]
LARGEST = np.finfo(np.float64).max
# The C library's logarithm: NumPy's own may differ in the last bit, which a comparison in a program would show.
LOG2 = np.vectorize(lambda x: math.log2(x) if x > 0 else 0.0, otypes=[np.float64])
Values = dict[str, np.ndarray]


@dataclass(frozen=True)
class Piece:
    """A text and what it means."""

    text: str
    meaning: Callable[[Values], np.ndarray]


def start() -> Values:
    """The names before the first rule."""
    values = {name: np.array([float(launch[name]) for launch in LAUNCHES]) for name in LAUNCHES[0]}
    values["kc"] = np.floor(np.log2(values["k"]))
    defaults = {name: np.full(len(LAUNCHES), float(value)) for name, value in vars(Choice()).items()}
    return {**values, **defaults}


def total(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -LARGEST, LARGEST)


def quotient(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.where(right == 0, 0.0, total(left / np.where(right == 0, 1.0, right)))


def cut(values: np.ndarray) -> np.ndarray:
    """A field's value."""
    return np.clip(np.trunc(values), -(2.0**53), 2.0**53)


def truth(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64)


OPERATORS = {
    "||": lambda a, b: truth((a != 0) | (b != 0)),
    "&&": lambda a, b: truth((a != 0) & (b != 0)),
    "==": lambda a, b: truth(a == b),
    "!=": lambda a, b: truth(a != b),
    "<": lambda a, b: truth(a < b),
    "<=": lambda a, b: truth(a <= b),
    ">": lambda a, b: truth(a > b),
    ">=": lambda a, b: truth(a >= b),
    "+": lambda a, b: total(a + b),
    "-": lambda a, b: total(a - b),
    "*": lambda a, b: total(a * b),
    "/": quotient,
}
# Loosest first; one line binds alike.
LEVELS = (("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/"))
CALLS = {
    "sel": (3, lambda a, b, c: np.where(a != 0, b, c)),
    "log2": (1, LOG2),
    "clamp": (3, lambda x, low, high: np.minimum(np.maximum(x, low), high)),
    "min": (2, np.minimum),
    "max": (2, np.maximum),
    "abs": (1, np.abs),
    "floor": (1, np.floor),
    "ceil": (1, np.ceil),
}
ATOM = len(LEVELS) + 1


@dataclass(frozen=True)
class Bound:
    """A piece and how tightly its outermost operator binds."""

    piece: Piece
    level: int


def _atoms():
    numbers = some.sampled_from(["0", "1", "2", "0.5", "1e3", "4096", ".25", "9007199254740992", "1e-300", "7."])
    names = some.sampled_from([*start(), "unheard_of"])
    return some.one_of(
        numbers.map(lambda text: Piece(text, lambda values: np.full(len(LAUNCHES), float(text)))),
        some.sampled_from(["true", "false"]).map(lambda text: Piece(text, lambda values: _constant(text == "true"))),
        names.map(lambda name: Piece(name, lambda values: values.get(name, _constant(0)))),
    ).map(lambda piece: Bound(piece, ATOM))


def _constant(value: float) -> np.ndarray:
    return np.full(len(LAUNCHES), float(value))


def _operand(bound: Bound, level: int) -> str:
    return bound.piece.text if bound.level >= level else f"({bound.piece.text})"


def _binary(operator: str, left: Bound, right: Bound, space: str) -> Bound:
    level = next(number for number, names in enumerate(LEVELS) if operator in names)
    chains = len(LEVELS[level]) < 6
    text = f"{_operand(left, level + (not chains))}{space}{operator}{space}{_operand(right, level + 1)}"
    compute = OPERATORS[operator]
    return Bound(Piece(text, lambda values: compute(left.piece.meaning(values), right.piece.meaning(values))), level)


def _unary(operator: str, inner: Bound) -> Bound:
    text = f"{operator}{_operand(inner, ATOM - 1)}"
    compute = (lambda x: truth(x == 0)) if operator == "!" else np.negative
    return Bound(Piece(text, lambda values: compute(inner.piece.meaning(values))), ATOM - 1)


def _call(name: str, arguments: list[Bound]) -> Bound:
    count, compute = CALLS[name]
    used = arguments[:count]
    text = f"{name}({', '.join(each.piece.text for each in used)})"
    return Bound(Piece(text, lambda values: compute(*(each.piece.meaning(values) for each in used))), ATOM)


def _grown(inner):
    return some.one_of(
        some.builds(_binary, some.sampled_from(sorted(OPERATORS)), inner, inner, some.sampled_from(["", " ", "\n\t"])),
        some.builds(_unary, some.sampled_from("!-"), inner),
        some.builds(_call, some.sampled_from(sorted(CALLS)), some.lists(inner, min_size=3, max_size=3)),
        inner.map(lambda bound: Bound(Piece(f"({bound.piece.text})", bound.piece.meaning), ATOM)),
    )


def pieces():
    """Expressions with their meaning."""
    return some.recursive(_atoms(), _grown, max_leaves=10).map(lambda bound: bound.piece)


@dataclass(frozen=True)
class Step:
    """A rule: a hard one has no hint."""

    hint: str | None
    field: str
    value: Piece
    weight: Piece
    condition: Piece

    @property
    def text(self) -> str:
        if self.hint is None:
            return f"{self.field}:{self.value.text};"
        return f"{self.hint}({self.field},{self.value.text},{self.weight.text},{self.condition.text});"


def steps():
    """Rules with their meaning."""
    fields, parts = some.sampled_from(FIELDS), pieces()
    return some.builds(Step, some.sampled_from([None, "soft", "penalty_if"]), fields, parts, parts, parts)


def expected(rules: list[Step]) -> list[tuple[dict[str, int], list[tuple[str, int, float]]]]:
    """For each launch the hard fields and the hints."""
    values = start()
    answers = [({}, []) for _ in LAUNCHES]
    with np.errstate(all="ignore"):
        for rule in rules:
            value = cut(rule.value.meaning(values))
            if rule.hint is None:
                values[rule.field] = value
                for (hard, _), number in zip(answers, value, strict=True):
                    hard[rule.field] = int(number)
                continue
            weight = rule.weight.meaning(values) * (1 if rule.hint == "soft" else -1)
            holds = rule.condition.meaning(values) != 0
            for (_, soft), number, amount, true in zip(answers, value, weight, holds, strict=True):
                if true:
                    soft.append((rule.field, int(number), float(amount)))
    return answers
