"""The k largest, middle or smallest entries of every row: choices, what a device can run, and launches."""

from .candidates import default_choice, legal_choices
from .choice import FIELDS, Choice, Field, Merge, Order, RankKind
from .fitting import DECIDED_TOGETHER, repair
from .problem import RankProblem
from .routine import RANK_K, rank_launches

__all__ = [
    "DECIDED_TOGETHER",
    "FIELDS",
    "RANK_K",
    "Choice",
    "Field",
    "Merge",
    "Order",
    "RankKind",
    "RankProblem",
    "default_choice",
    "legal_choices",
    "rank_launches",
    "repair",
]
