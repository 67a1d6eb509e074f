"""A program as a value: what can be done with the rules of SpiralK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..kernels.rankk.choice import Choice
from .check import Finding, findings
from .evaluate import Evaluation, Speaker, launch_values, speak, speaker
from .explain import Explanation, explained
from .printer import program_text
from .tree import Comments, Rule, single_spaced


@dataclass(frozen=True)
class Program:
    """Rules in order, and what follows the last one: ``tail`` is like a rule's comments.

    Programs are joined by joining their rules: ``Program(a.rules + b.rules)``.
    """

    rules: tuple[Rule, ...] = ()
    tail: Comments = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tail", single_spaced(self.tail))

    def evaluate(
        self,
        *,
        r: int,
        c: int,
        k: int,
        sg: bool = False,
        sgc: int | None = None,
        kind: int = 0,
        device: str | None = None,
        choice: Choice | Mapping[str, int] | None = None,
    ) -> Evaluation:
        """What the program says about a launch over `r` rows of `c` columns that wants `k` of each.

        `sg` tells whether the device has subgroups and `sgc` how many invocations they have (32 if not given); `kind`
        is a `RankKind`. `device` is the device's adapter class: rules in sections of other classes are silent, and
        without it those of all sections. `choice` gives fields their values before a rule assigns them; without it they
        have those of ``Choice()``.

        Any program has a result: see `spiraltorch_web.spiralk.arithmetic` for divisions by zero and the like. Raises
        ArgumentError for facts that cannot be, such as ``k=0``.
        """
        return speak(self._speakers, launch_values(r, c, k, sg, sgc, kind, choice), device)

    def explain(
        self,
        *,
        r: int,
        c: int,
        k: int,
        sg: bool = False,
        sgc: int | None = None,
        kind: int = 0,
        device: str | None = None,
        choice: Choice | Mapping[str, int] | None = None,
    ) -> Explanation:
        """Which rules spoke about a launch, with what values, and why the others were silent; as `evaluate`."""
        values = launch_values(r, c, k, sg, sgc, kind, choice)
        return explained(self.rules, values, device)

    def check(self) -> list[Finding]:
        """What is wrong or strange in the program, in its order; empty when all is well."""
        return findings(self.rules)

    def format(self, wrap: bool = True) -> str:
        """The program as text in its usual form; parses to an equal program and keeps comments.

        Long rules may get several lines; for files that hold a rule per line, ``wrap=False`` prevents it.
        """
        return program_text(self.rules, self.tail, wrap)

    def __str__(self) -> str:
        return self.format()

    @cached_property
    def _speakers(self) -> tuple[Speaker, ...]:
        made = map(speaker, self.rules)
        return tuple(each for each in made if each is not None)
