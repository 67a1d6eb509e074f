"""The rules in force: the user's program, what stands in heur.kdsl by hand, and what was learnt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..errors import SpiralKError
from ..kernels.rankk.choice import FIELDS, Choice
from ..spiralk.tree import HardRule, Name, Rule, device_key, parts_of
from .consensus import Policy, Said
from .problem import KINDS, Bucket, Problem
from .rewrite import LearntRule, by_hand, learnt_rules
from .softlogic import SoftRule

if TYPE_CHECKING:
    from ..spiralk import Program

PROGRAM_NAME = "SPIRAL_HEUR_K"
PROBLEMS_TOLD = 8  # of one source: each decision tells them, and a damaged file may have a problem in each line
_NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Rulebook:
    """All rules that may speak. `problems` tells which lines of the file could not be read; they stay where they are.

    Learnt rules need no evaluator: their condition is the name of a bucket. So the language is loaded only where a
    person has written rules.
    """

    learnt: tuple[LearntRule, ...]
    file_name: str
    program: Program | None = None
    sources: Mapping[int, str] = field(default_factory=dict)  # id of a rule in the program -> where it stands
    reads: tuple[str, ...] = ()  # fields of the choice that it is asked about, on which depends what the program says
    problems: tuple[str, ...] = ()

    def policy(self, problem: Problem, facts: Mapping[str, int], more: tuple[SoftRule, ...], soft: bool) -> Policy:
        """What the rules, and `more` soft ones, say about a problem; `facts` of the device are ``sg`` and ``sgc``."""
        learnt = tuple(
            SoftRule(rule.field, rule.value, rule.weight, f"{self.file_name}:{rule.line}")
            for rule in self.learnt_about(problem.bucket)
        )

        def speak(choice: Choice) -> Said:
            said = Said(_NOTHING) if self.program is None else self._said(problem, facts, choice)
            rules = (*said.soft, *learnt, *more) if soft else ()
            return Said(said.hard, (), rules, said.soft if soft else ())

        spoken: dict[tuple[int, ...], Said] = {}

        def ask(choice: Choice) -> Said:
            key = tuple([getattr(choice, name) for name in self.reads])
            said = spoken.get(key)
            if said is None:
                said = spoken[key] = speak(choice)
            return Said(said.hard, tuple(rule for rule in said.spoken if rule.holds(choice)), said.spoken, said.wishes)

        return ask

    def mentions(self, wanted: Collection[str]) -> bool:
        """Whether any rule is about one of these fields."""
        rules = self.program.rules if self.program is not None else ()
        return any(rule.field in wanted for rule in (*self.learnt, *rules))

    def learnt_about(self, bucket: Bucket) -> tuple[LearntRule, ...]:
        """The learnt rules that hold in a bucket."""
        device, condition = device_key(bucket.device), bucket.condition
        return tuple(rule for rule in self.learnt if rule.condition == condition and device_key(rule.device) == device)

    def _said(self, problem: Problem, facts: Mapping[str, int], choice: Choice) -> Said:
        said = self.program.evaluate(
            r=problem.rows,
            c=problem.cols,
            k=problem.k,
            kind=KINDS[problem.kind] or 0,
            device=problem.device,
            choice=choice,
            **facts,
        )
        spoken = zip(said.soft, said.soft_rules, strict=True)
        return Said(said.hard, tuple(SoftRule(*hint, self.sources[id(rule)]) for hint, rule in spoken))


def read_rulebook(file_text: str, file_name: str, program_text: str) -> Rulebook:
    """The rules of heur.kdsl and of SPIRAL_HEUR_K, whose assignments count over those of the file.

    A bad line of the file is left out; a bad program raises SpiralKError.
    """
    learnt, hand_written = learnt_rules(file_text), by_hand(file_text)
    if not program_text.strip() and not any(line.split("#")[0].strip() for line in hand_written.split("\n")):
        return Rulebook(learnt, file_name)
    from ..spiralk import Program, parse

    by_file, problems = _file_program(hand_written, file_name)
    try:
        own = parse(program_text)
    except SpiralKError as error:
        raise error.coming_from(PROGRAM_NAME) from None
    sources = {id(rule): f"{file_name}:{rule.at.line}:{rule.at.column}" for rule in by_file.rules}
    sources.update((id(rule), f"{PROGRAM_NAME}:{rule.at.line}:{rule.at.column}") for rule in own.rules)
    problems = _told(problems + _errors(file_name, by_file), file_name)
    problems += _told(_errors(PROGRAM_NAME, own), PROGRAM_NAME)
    program = Program(by_file.rules + own.rules)
    return Rulebook(learnt, file_name, program, sources, read_fields(program.rules), tuple(problems))


def _file_program(hand_written: str, file_name: str) -> tuple[Program, list[str]]:
    """The good lines of a file, and what is wrong with the others."""
    from ..spiralk import Program, parse_lines

    try:
        lines = parse_lines(hand_written)
    except SpiralKError as error:  # not even lines: such as a megabyte of something else
        return Program(), [f"{file_name}: skipped, {error.problem}"]
    return lines.program, [f"{file_name}:{error.line}: skipped, {error.problem}" for error in lines.errors]


def _errors(name: str, program: Program) -> list[str]:
    """What is wrong in a program that can be read, such as names that nothing has."""
    findings = (finding for finding in program.check() if finding.level == "error")
    return [f"{name}:{finding.line}: {finding.message}" for finding in findings]


def _told(problems: list[str], name: str) -> list[str]:
    """The first of the problems, and how many more there are."""
    more = len(problems) - PROBLEMS_TOLD
    return problems if more <= 0 else [*problems[:PROBLEMS_TOLD], f"{name}: {more:,} more"]


def read_fields(rules: Sequence[Rule]) -> tuple[str, ...]:
    """The fields whose value in a choice the rules, in this order, ask for: no rule before has set it."""
    unset, found = set(FIELDS), set()
    for rule in rules:
        hard = isinstance(rule, HardRule)
        parts = (rule.value,) if hard else (rule.value, rule.weight, rule.condition)
        found |= unset.intersection(each.name for part in parts for each in parts_of(part) if isinstance(each, Name))
        if hard and rule.device is None:
            unset.discard(rule.field)
    return tuple(sorted(found))
