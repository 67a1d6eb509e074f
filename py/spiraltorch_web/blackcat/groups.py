"""What can be chosen among: groups of named alternatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ..errors import ArgumentError

__all__ = ["ChoiceGroups"]


@dataclass(frozen=True)
class ChoiceGroups:
    """Groups by name, each with two or more different alternatives (texts), of which one is chosen at a time.

    ChoiceGroups({"tile": ["128", "256", "512"], "merge": ["bitonic", "shared", "warp"]})
    """

    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)

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
