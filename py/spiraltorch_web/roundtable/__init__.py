"""The roundtable: three voices decide each launch, write down why, and learn from what was measured.

A is SoftLogic's best by prediction and soft rules, B what hard rules assign, C what the tuner table says. `decide`
asks them, `current` is the table of this program, `Roundtable.learnt` and `Roundtable.undo` show and take back what it
has learnt. `zspace_round` is the op module that splits gradients into Above, Here and Beneath by such launches.
"""

from __future__ import annotations

from typing import Any

from .consensus import Family, Policy, Said, deliberate
from .decision import Decision, Voice, decision_of, winner_of
from .families import RankFamily, decide
from .problem import Bucket, Problem
from .rewrite import LearntRule
from .roundtable import Measure, Roundtable, current
from .softlogic import Candidate, SoftRule, Solution, solve
from .transcript import Transcript
from .trials import Tally
from .wilson import wilson_interval

__all__ = [
    "Bucket",
    "Candidate",
    "Decision",
    "Family",
    "LearntRule",
    "Measure",
    "Policy",
    "Problem",
    "RankFamily",
    "Roundtable",
    "Said",
    "SoftRule",
    "Solution",
    "Tally",
    "Transcript",
    "Voice",
    "current",
    "decide",
    "decision_of",
    "deliberate",
    "solve",
    "wilson_interval",
    "winner_of",
    "zspace_round",
]


def __getattr__(name: str) -> Any:
    """The op module ``zspace_round``: gradients split into bands by the plans that are decided here."""
    if name != "zspace_round":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ..zspace import bands  # above this layer: bands run on Rank-K plans

    return bands
