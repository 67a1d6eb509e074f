"""What can be chosen among: groups of named alternatives."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ..errors import ArgumentError
from ..kernels.rankk.choice import FIELDS

__all__ = ["ChoiceGroups"]

LAUNCHES = frozenset({"merge", *FIELDS})  # groups about how something is launched, not what is computed


@dataclass(frozen=True)
class ChoiceGroups:
    """Groups by name, each with two or more different alternatives (texts), of which one is chosen at a time.

    ChoiceGroups({"tile": ["128", "256", "512"], "merge": ["bitonic", "shared", "warp"]})

    ``costs`` are the names of groups whose alternatives compute the same, so that time and memory alone judge them:
    what the loss does meanwhile would only be noise. By default those named ``merge`` or after a field of `Choice`.
    """

    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    costs: Collection[str] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.groups, Mapping):
            raise ArgumentError(f"choice groups are a dict from names to lists of texts, got {self.groups!r}")
        for name, arms in self.groups.items():
            texts = isinstance(arms, (list, tuple)) and all(isinstance(arm, str) for arm in arms)
            if not isinstance(name, str) or not texts:
                raise ArgumentError(f"group {name!r} has to be a list of texts under a text, got {arms!r}")
            if len(arms) < 2:
                raise ArgumentError(f"group {name!r} needs at least two alternatives to choose from, got {arms!r}")
            if len(set(arms)) < len(arms):
                raise ArgumentError(f"group {name!r} has an alternative twice: {arms!r}")
        frozen = {name: tuple(arms) for name, arms in self.groups.items()}
        object.__setattr__(self, "groups", MappingProxyType(frozen))
        costs = LAUNCHES & set(frozen) if self.costs is None else self._checked_costs()
        object.__setattr__(self, "costs", frozenset(costs))

    def _checked_costs(self) -> Collection[str]:
        if isinstance(self.costs, str) or not isinstance(self.costs, Collection):
            raise ArgumentError(f"costs are names of groups, got {self.costs!r}")
        if unknown := [name for name in self.costs if name not in self.groups]:
            raise ArgumentError(f"costs are names of groups ({', '.join(self.groups)}), got {unknown!r}")
        return self.costs
