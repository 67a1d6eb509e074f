"""Rank-K as the roundtable sees it: which launches there are, and how long each will take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ..kernels.rankk import DECIDED_TOGETHER, legal_choices, repair
from ..kernels.rankk.choice import FIELDS, Choice, Merge, RankKind
from ..tuning import DeviceCaps, Prediction, TunerTable, load_table, predict
from .decision import Decision
from .problem import Problem
from .roundtable import Measure, current

_FFT_FIELDS = frozenset({"tile_cols", "radix", "segments"})
# Drivers differ in what they do with subgroups, and devices in how many lanes' registers they have room for.
_VOUCHED_FOR = frozenset({Merge.WARP, Merge.SWEEP})
_MODES = {RankKind.TOPK: frozenset(), RankKind.MIDK: {"mode_midk"}, RankKind.BOTTOMK: {"mode_bottomk"}}


@dataclass(frozen=True)
class RankFamily:
    """The Rank-K kernels of one kind on one device, with its tuner table."""

    kind: RankKind
    caps: DeviceCaps
    table: TunerTable = field(hash=False)
    decided_together: ClassVar[Sequence[Sequence[str]]] = DECIDED_TOGETHER

    @property
    def device(self) -> str:
        return self.caps.device_class

    @property
    def fields(self) -> frozenset[str]:
        """All fields but those of the FFT and of the other kinds."""
        return frozenset(FIELDS) - _FFT_FIELDS - {"mode_midk", "mode_bottomk"} | _MODES[self.kind]

    def context(self, problem: Problem) -> Mapping[str, int]:
        return {"sg": self.caps.subgroups, "sgc": self.caps.subgroup_size}

    def candidates(self, problem: Problem) -> Sequence[Choice]:
        """Those worth trying, of some ways only where a table vouches for them."""
        found = legal_choices(self.kind, problem.rows, problem.cols, problem.k, self.caps.limits)
        unknown = _VOUCHED_FOR - self.table.cells.merges
        return tuple(choice for choice in found if choice.mk not in unknown)

    def table_choice(self, problem: Problem) -> Choice | None:
        return self.table.choose(problem.rows, problem.cols, problem.k, self.caps.subgroups, self.kind)

    def repair(self, problem: Problem, choice: Choice) -> tuple[Choice, tuple[str, ...]]:
        return repair(choice, self.kind, problem.rows, problem.cols, problem.k, self.caps.limits)

    def predict(self, problem: Problem, choice: Choice) -> Prediction:
        return predict(self.kind, problem.rows, problem.cols, problem.k, choice, self.caps, self.table)


def decide(
    kind: RankKind,
    rows: int,
    cols: int,
    k: int,
    caps: DeviceCaps,
    *,
    table: TunerTable | None = None,
    measure: Measure | None = None,
) -> Decision:
    """How to find the k entries of a kind in each row of a matrix (rows, cols) on a device like `caps`.

    Without `table` the one that `load_table` finds for the device speaks as C. `measure` and what may be raised are as
    for `Roundtable.decide`.
    """
    kind = RankKind(kind)
    problem = Problem(kind.name.lower(), rows, cols, k, caps.device_class)
    family = RankFamily(kind, caps, load_table(caps).table if table is None else table)
    return current().decide(problem, family, measure)
