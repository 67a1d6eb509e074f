"""A family of launches whose times are given, and settings whose files lie in a folder of the test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from spiraltorch_web.config import RoundtableSettings
from spiraltorch_web.kernels.rankk.choice import FIELDS, Choice
from spiraltorch_web.roundtable import Problem

DEVICE = "vulkan-test-gpu-sg32-48k-1024"
PROBLEM = Problem("topk", rows=64, cols=65536, k=1024, device=DEVICE)
SLOW_TABLE = Choice(mk=0, wg=128, tile=1024)
FAST = Choice(mk=3, wg=256, tile=4096)


class Timed(NamedTuple):
    seconds: float
    reason: str


@dataclass(frozen=True)
class PlainFamily:
    """Launches with given predicted times (a second for others); a workgroup of no legal size is repaired to 256."""

    times: Mapping[Choice, float] = field(hash=False)
    table: Choice | None = None
    offered: tuple[Choice, ...] | None = None  # all of `times` if None
    device: str = DEVICE
    fields: frozenset[str] = frozenset(FIELDS) - {"tile_cols", "radix", "segments", "mode_midk", "mode_bottomk"}
    decided_together = tuple((name,) for name in ("mkd", "tile", "ctile", "use_2ce", "wg", "kl", "ch"))

    def context(self, problem):
        return {"sg": True, "sgc": 32}

    def candidates(self, problem):
        return tuple(self.times) if self.offered is None else self.offered

    def table_choice(self, problem):
        return self.table

    def repair(self, problem, choice):
        if choice.wg in FIELDS["wg"].domain:
            return choice, ()
        fixed = Choice(**{**vars(choice), "wg": 256})
        return fixed, (f"wg {choice.wg} is no power of two: 256",)

    def predict(self, problem, choice):
        return Timed(self.times.get(choice, 1.0), "given")


# The table proposes a slow choice and the predictions believe it, by less than a factor of two.
WRONG = PlainFamily({FAST: 1.5e-4, Choice(mk=1): 4e-4, SLOW_TABLE: 1e-4}, SLOW_TABLE)


def settings_in(folder: Path, **more) -> RoundtableSettings:
    """Settings with all files in a folder."""
    return RoundtableSettings(heur_file=folder / "heur.kdsl", log_file=folder / "roundtable.log", **more)
