"""A decided Rank-K launch, with what speaks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..kernels.rankk.choice import Choice, RankKind
from ..tuning.caps import DeviceCaps

if TYPE_CHECKING:
    from ..tensor import Tensor


@dataclass(frozen=True)
class RankPlan:
    """How the k entries of ``kind`` in each row of a matrix (rows, cols) are found.

    ``choice`` runs on a device like ``caps``; ``repairs`` says what had to be changed for that. ``predicted`` is in
    seconds. ``winner`` is the voice that decided: "A" SoftLogic, "B" hard rules, "C" the tuner table. ``reasons`` tells
    why. Fields can also be looked up by name: ``plan["choice"]``.
    """

    kind: RankKind
    rows: int
    cols: int
    k: int
    caps: DeviceCaps
    choice: Choice
    predicted: float
    winner: str
    reasons: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(f"a plan has no {name!r}; it has {', '.join(self.keys())}")
        return getattr(self, name)

    def keys(self) -> tuple[str, ...]:
        """The names that a plan can be asked for."""
        return tuple(field.name for field in fields(self))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def execute(self, x: Tensor, sorted: bool = True) -> tuple[Tensor, Tensor]:
        """(values, indices) [rows, k] of a float32 matrix [rows, cols], on the current device."""
        from .select import run_plan  # needs tensors, which a plan does not

        return run_plan(self, x, sorted)

    def check(self, x: Tensor) -> None:
        """Raise ArgumentError when a matrix is not the one that was planned for."""
        if tuple(x.shape) != (self.rows, self.cols):
            raise ArgumentError(f"the plan is for a matrix {(self.rows, self.cols)}, got one of {tuple(x.shape)}")
