"""A Rank-K problem: the wanted entries of every row of a matrix."""

from __future__ import annotations

from dataclasses import dataclass

from .choice import RankKind


@dataclass(frozen=True)
class RankProblem:
    """The ``k`` entries of ``kind`` in each row of a float32 matrix (rows, cols); 1 ≤ k ≤ cols."""

    kind: RankKind
    rows: int
    cols: int
    k: int

    @property
    def middle(self) -> bool:
        """Whether the wanted entries start in the middle of the order."""
        return self.kind == RankKind.MIDK

    @property
    def descending(self) -> bool:
        """Whether the largest entry comes first in the order that the kernels work in."""
        return self.kind == RankKind.TOPK
