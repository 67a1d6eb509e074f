"""Programs that hypothesis makes: as trees, and as text beside what it means."""

from __future__ import annotations

from hypothesis import strategies as some

from spiraltorch_web.spiralk.arithmetic import BINARY
from spiraltorch_web.spiralk.names import FUNCTIONS, READABLE, RESERVED
from spiraltorch_web.spiralk.program import Program
from spiraltorch_web.spiralk.tree import Binary, Boolean, Call, HardRule, HintRule, Name, Number, Unary

DEVICES = some.sampled_from([None, None, "nvidia h200", "llvmpipe", "#;(AMD)"])
COMMENTS = some.sampled_from(["", "warps", "mk: 3; soft(", "ünïcode ✓", "# twice", "devices: many"])


def lines():
    """Comments above a rule, and blank lines."""
    return some.lists(some.none() | COMMENTS, max_size=3).map(tuple)


def words():
    """Names that may stand anywhere, known ones more often."""
    unknown = some.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True).filter(lambda word: word not in RESERVED)
    return some.sampled_from(READABLE) | unknown


def numbers():
    return some.integers(0, 2**53).map(float) | some.floats(0, 2**53) | some.sampled_from([0.0, 0.25, 1e-5, 2048.0])


def expressions():
    leaves = numbers().map(Number) | some.booleans().map(Boolean) | words().map(Name)
    return some.recursive(leaves, _grown, max_leaves=12)


def _grown(inner):
    unary = some.builds(Unary, some.sampled_from("!-"), inner)
    binary = some.builds(Binary, some.sampled_from(sorted(BINARY)), inner, inner)
    calls = [
        some.builds(Call, some.just(name), some.tuples(*[inner] * (function.least if function.most else 3)))
        for name, function in FUNCTIONS.items()
    ]
    return unary | binary | some.one_of(calls)


def rules():
    around = {"device": DEVICES, "comments": lines(), "note": COMMENTS}
    value = expressions()
    hint = some.builds(HintRule, some.sampled_from(["soft", "penalty_if"]), words(), value, value, value, **around)
    return some.builds(HardRule, words(), value, **around) | hint


def programs():
    return some.builds(Program, some.lists(rules(), max_size=6).map(tuple), lines())
