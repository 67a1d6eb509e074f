"""The words of SpiralK: facts of a launch, functions, hints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from ..kernels.rankk.choice import FIELDS

# Whatever a name or a literal can be: up to here, integers are exact in float64.
LARGEST = 2.0**53
# Longer words are not compared with ours: that would take long and suggest nothing.
_LONGEST_TYPO = 32


@dataclass(frozen=True)
class Fact:
    """A name that a program can read: its meaning and its least and largest value. All facts are integers."""

    meaning: str
    least: int
    largest: int


@dataclass(frozen=True)
class Function:
    """How many arguments a function takes (``most`` is None for any number), and what it computes."""

    arguments: str
    least: int
    most: int | None
    meaning: str


FACTS: Mapping[str, Fact] = MappingProxyType(
    {
        "r": Fact("rows", 1, int(LARGEST)),
        "c": Fact("columns", 1, int(LARGEST)),
        "k": Fact("entries wanted of each row", 1, int(LARGEST)),
        "sg": Fact("1 where the device has subgroups, else 0", 0, 1),
        "sgc": Fact("invocations of a subgroup, 1 without", 1, 1024),
        "kc": Fact("log2 of k, rounded down", 0, 53),
        "kind": Fact("0 top, 1 mid, 2 bottom", 0, 2),
    }
)
FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "sel": Function("condition, a, b", 3, 3, "a where the condition holds, else b"),
        "log2": Function("x", 1, 1, "binary logarithm; 0 where x <= 0"),
        "clamp": Function("x, low, high", 3, 3, "min(max(x, low), high)"),
        "min": Function("a, b, …", 2, None, "the smallest"),
        "max": Function("a, b, …", 2, None, "the largest"),
        "abs": Function("x", 1, 1, "without the sign"),
        "floor": Function("x", 1, 1, "rounded down"),
        "ceil": Function("x", 1, 1, "rounded up"),
    }
)
HINT_ARGUMENTS = "field, value, weight, condition"
HINTS = ("soft", "penalty_if")
LITERALS = ("true", "false")
RESERVED = frozenset({*FUNCTIONS, *HINTS, *LITERALS})
READABLE = (*FACTS, *FIELDS)


def clipped(word: str) -> str:
    """The word as messages show it."""
    return word if len(word) <= 40 else f"{word[:37]}…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that names the nearest known word, or "" where none is near: a letter is near to two at most."""
    if len(word) > _LONGEST_TYPO:
        return ""
    known = [other for other in known if len(other) > 1 or len(word) <= 2]
    near = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else ""


def name_problem(name: str) -> tuple[str, str]:
    """What is wrong with reading this name, and a suggestion; ("", "") when it can be read."""
    if name in FACTS or name in FIELDS:
        return "", ""
    if name in FUNCTIONS:
        return f"{name} is a function", f"Write {name}({FUNCTIONS[name].arguments})."
    if name in HINTS:
        return f"{name} is a rule of its own, not a value", f"Write {name}({HINT_ARGUMENTS});"
    return f"unknown name {clipped(name)}", did_you_mean(name, (*READABLE, *LITERALS))


def field_problem(name: str) -> tuple[str, str]:
    """What is wrong with a rule for this field, and a suggestion; ("", "") when there is such a field."""
    if name in FIELDS:
        return "", ""
    if name in FACTS:
        return f"{name} is a fact of the launch ({FACTS[name].meaning}), which no rule can choose", ""
    return f"unknown field {clipped(name)}", did_you_mean(name, FIELDS) or f"The fields are {', '.join(FIELDS)}."


def call_problem(function: str, count: int) -> tuple[str, str]:
    """What is wrong with calling this function with so many arguments, and a suggestion."""
    facts = FUNCTIONS.get(function)
    if facts is None:
        return f"unknown function {clipped(function)}", did_you_mean(function, FUNCTIONS)
    if count < facts.least or (facts.most is not None and count > facts.most):
        wanted = f"{facts.least}" if facts.most == facts.least else f"at least {facts.least}"
        return f"{function} takes {wanted} {_plural(facts.least)}, not {count}", f"Write {function}({facts.arguments})."
    return "", ""


def hint_problem(hint: str, count: int) -> tuple[str, str]:
    """What is wrong with a hint of this name with so many arguments, and a suggestion."""
    if hint not in HINTS:
        return f"unknown rule {clipped(hint)}(…)", did_you_mean(hint, HINTS) or f"Hints are {' and '.join(HINTS)}."
    if count != 4:
        suggestion = f"Write {hint}({HINT_ARGUMENTS}); the condition true always holds."
        return f"{hint} takes 4 arguments, not {count}", suggestion
    return "", ""


def _plural(count: int) -> str:
    return "argument" if count == 1 else "arguments"
