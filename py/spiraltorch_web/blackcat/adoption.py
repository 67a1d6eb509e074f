"""Adoption: an alternative that beats the others beyond doubt becomes a soft rule of heur.kdsl.

A trial is won when the reward measured is higher, by the roundtable's margin, than the upper confidence bound of every
other alternative in the same context. The Wilson interval of `roundtable` decides, as for trials of the roundtable.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

from ..kernels.rankk.choice import FIELDS, Merge
from ..rankk import planner
from ..roundtable import LearntRule, Problem, Tally, current
from ..roundtable.memory import Memory
from ..roundtable.rewrite import LEAD, WEIGHT_MOST
from ..roundtable.shared import Keeper
from ..roundtable.trials import ENOUGH, MARGIN
from ..spiralk.tree import device_key, device_of_comment

__all__ = ["Adoption", "rule_of"]


class Adoption:
    """Counts the trials of a runtime's alternatives, and writes rules for those that convince.

    Rules go to ``heur_path``, or to the file of this session's roundtable. They hold for problems like ``problem``;
    without one, for every launch on the device in use. Each group gives one rule at most.
    """

    def __init__(self, heur_path: str | Path | None, problem: Problem | None) -> None:
        self.problem = problem
        self.tallies: dict[tuple[str, str], Tally] = {}  # (group, alternative) -> its trials
        self.rules: dict[str, LearntRule] = {}  # by group
        self._gains: dict[tuple[str, str], float] = {}
        self._memory = Memory(Path(heur_path), Keeper()) if heur_path is not None else None

    def count(self, group: str, arm: str, reward: float, others: float) -> LearntRule | None:
        """Count one trial of an alternative against the bound of the others; the rule that it was enough for.

        Looks at 8, 16, 32 … trials, since an interval that is looked at all the time is passed by chance some day.
        """
        key = (group, arm)
        old = self.tallies.get(key, Tally())
        tally = self.tallies[key] = Tally(old.wins + (reward - others > MARGIN), old.trials + 1)
        self._gains[key] = self._gains.get(key, 0.0) + (reward - others)
        looks = tally.trials >= ENOUGH and (tally.trials // ENOUGH).bit_count() == 1 and tally.trials % ENOUGH == 0
        if not looks or group in self.rules or not tally.convincing:
            return None
        return self._adopt(group, arm, tally, self._gains[key] / tally.trials)

    def _adopt(self, group: str, arm: str, tally: Tally, gain: float) -> LearntRule | None:
        said = rule_of(group, arm)
        if said is None:
            return None
        device = self.problem.device if self.problem else planner().current_caps().device_class
        condition = self.problem.bucket.condition if self.problem else "true"
        # A reward of time is −ln(time); the roundtable's scores count doublings.
        weight = round(min(max(gain / math.log(2), LEAD), WEIGHT_MOST), 6)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rule = LearntRule(device, *said, weight, condition, now, tally)
        memory = self._memory or current().memory
        if not _stands(memory.text(), rule):
            try:
                memory.learn([rule])
            except TimeoutError:  # another process writes; the next look tries again
                return None
        self.rules[group] = rule
        return rule


def rule_of(group: str, arm: str) -> tuple[str, int] | None:
    """The field and value of a launch that an alternative stands for; None when it is about something else.

    Groups have the names of `Choice` fields; ``merge`` is `Merge` by name, the field ``mk``.
    """
    if group == "merge":
        return ("mk", int(Merge[arm.upper()])) if arm.upper() in Merge.__members__ else None
    if group not in FIELDS or not arm.isdecimal() or int(arm) not in FIELDS[group].domain:
        return None
    return group, int(arm)


def _stands(text: str, rule: LearntRule) -> bool:
    """Whether a heur.kdsl has the rule for its device already, with whatever weight."""
    device = ""
    for line in text.split("\n"):
        if line.lstrip().startswith("#"):
            found = device_of_comment(line.strip()[1:].strip())
            device = device if found is None else found
        same = line.startswith(f"soft({rule.field}, {rule.value}, ") and f", {rule.condition});" in line
        if same and device_key(device) == device_key(rule.device):
            return True
    return False
