"""A `Choice` as SpiralK, and back."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from ..kernels.rankk.choice import FIELDS, Choice, RankKind
from ..spiralk import Program, hard_rule, parse
from ..tuning.shapes import KIND_NAMES

_SWITCHES = frozenset({"use_2ce"})


def to_unison_script(choice: Choice, kind: RankKind) -> str:
    """A SpiralK program that decides for a choice, field by field: as SPIRAL_HEUR_K it reproduces the launch."""
    name = KIND_NAMES[RankKind(kind)]
    rules = tuple(hard_rule(field, int(getattr(choice, field))) for field in FIELDS)
    return f"# {name}\n{Program(rules).format()}"


def parse_unison_script(text: str, kind: RankKind, **facts: Any) -> Choice:
    """The choice that a SpiralK program decides for; fields without a hard rule keep their default.

    ``facts`` are what its conditions may ask: r, c, k (1 each by default) and sg. Raises SpiralKError for a text that
    is no program, ArgumentError for a value that the field cannot have.
    """
    known = {"r": 1, "c": 1, "k": 1, **facts}
    decided = parse(text).evaluate(**known, kind=int(RankKind(kind))).hard
    for field, value in decided.items():
        if field in FIELDS and value not in FIELDS[field].domain:
            shown = ", ".join(str(int(one)) for one in FIELDS[field].domain)
            raise ArgumentError(f"{field} is {value}; it is one of {shown}")
    values = {
        field: bool(value) if field in _SWITCHES else value for field, value in decided.items() if field in FIELDS
    }
    return Choice(**values)
