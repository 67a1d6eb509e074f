"""Self-rewrite: from a won argument to soft rules in heur.kdsl, and back again. Pure functions on the file's text.

Lines that were written by hand, and lines that cannot be read, are never touched. A learnt rule is one line::

    # device: vulkan-nvidia-h200-sg32-48k-1024
    soft(wg, 256, 0.075, kind == 0 && floor(log2(c)) == 16 && kc == 10);  # learnt 2026-11-22T21:04:05Z 8/8
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from ..spiralk.tree import EVERYWHERE, device_key, device_of_comment, normal_device
from .decision import Decision
from .problem import Bucket, bucket_of_condition
from .softlogic import differences
from .trials import Tally

LEAD = 0.05  # by which A is ahead once the rules are there
WEIGHT_MOST = 8.0  # the sum of the weights of one lesson: a factor of 256 in time
BYTES_MOST = 32 * 1024
_LEARNT = re.compile(
    r"^soft\((?P<field>\w+), (?P<value>\d+), (?P<weight>[0-9.e+-]+), (?P<condition>[^;#]+)\);"
    r"\s*# learnt (?P<time>\S+) (?P<wins>\d+)/(?P<trials>\d+)\s*$"
)


@dataclass(frozen=True)
class LearntRule:
    """A soft rule that trials have taught: for one device, where `condition` holds, `field` = `value` is better."""

    device: str
    field: str
    value: int
    weight: float
    condition: str
    time: str  # UTC, to the second; rules of one lesson share it
    tally: Tally
    line: int = 0  # in the file, from 1

    @property
    def id(self) -> str:
        """Names the rule whatever its weight and line are: six hexadecimal digits."""
        claim = f"{device_key(self.device)}|{self.field}|{self.value}|{self.condition}"
        return hashlib.sha256(claim.encode()).hexdigest()[:6]

    @property
    def bucket(self) -> Bucket:
        """The bucket that its condition names."""
        return bucket_of_condition(self.device, self.condition)

    @property
    def lesson(self) -> tuple[str, str, str]:
        """What the rules that were learnt together have in common."""
        return (self.time, self.device, self.condition)

    @property
    def code(self) -> str:
        """The rule as a line of SpiralK."""
        tally = f"{self.tally.wins}/{self.tally.trials}"
        rule = f"soft({self.field}, {self.value}, {self.weight:.6g}, {self.condition});"
        return f"{rule}  # learnt {self.time} {tally}"


def lesson_of(decision: Decision, tally: Tally, time: str) -> tuple[LearntRule, ...]:
    """The rules that make the challenger win the next time; none unless the trials convince and C's choice has won.

    One rule per field in which the two differ; the weights, all alike, sum to the gap of the scores + 0.05, at most 8.
    No other choice gains as much by them, so SoftLogic will propose the challenger and beat C with it.
    """
    c, challenger = decision.voice("C"), decision.challenger
    if challenger is None or decision.choice != c.choice or not tally.convincing:
        return ()
    parted = differences(challenger.choice, c.choice)
    total = min(c.score - challenger.score + LEAD, WEIGHT_MOST)
    weight = math.ceil(1e6 * total / len(parted)) / 1e6
    bucket = decision.problem.bucket
    return tuple(
        LearntRule(bucket.device, field, value, weight, bucket.condition, time, tally)
        for field, (value, _) in parted.items()
    )


def learnt_rules(text: str) -> tuple[LearntRule, ...]:
    """The learnt rules of a heur.kdsl, in its order."""
    device, found = "", []
    for number, line in enumerate(_lines(text), 1):
        if (section := _section(line)) is not None:
            device = section
        elif (match := _LEARNT.match(line)) and (rule := _rule(device, number, match)):
            found.append(rule)
    return tuple(found)


def with_lesson(text: str, lesson: Sequence[LearntRule]) -> str:
    """The text with the rules in their device's section; a rule that is there already gets the sum of both weights."""
    for rule in lesson:
        text = _with_rule(text, rule)
    return _shortened(text)


def without_rules(text: str, doomed: Collection[int]) -> str:
    """The text without the learnt rules in these lines, and without sections that this leaves empty."""
    kept = [line for number, line in enumerate(_lines(text), 1) if number not in doomed]
    return _joined(_without_empty_sections(kept)) if doomed else text


def by_hand(text: str) -> str:
    """The text with learnt rules as blank lines, so that line numbers stay."""
    lines = _lines(text)
    for rule in learnt_rules(text):
        lines[rule.line - 1] = ""
    return _joined(lines)


def latest_lesson(text: str) -> tuple[LearntRule, ...]:
    """The rules that were learnt together last."""
    rules = learnt_rules(text)
    last = max(rules, key=lambda rule: (rule.time, rule.line), default=None)
    return tuple(rule for rule in rules if last and rule.lesson == last.lesson)


def _with_rule(text: str, rule: LearntRule) -> str:
    lines = _lines(text)
    same = next((old for old in learnt_rules(text) if old.id == rule.id), None)
    if same is not None:
        lines[same.line - 1] = replace(rule, weight=min(same.weight + rule.weight, WEIGHT_MOST)).code
        return _joined(lines)
    end = _section_end(lines, rule.device)
    if end is None:
        return _joined([*lines, f"# device: {normal_device(rule.device)}", rule.code])
    return _joined([*lines[:end], rule.code, *lines[end:]])


def _section_end(lines: Sequence[str], device: str) -> int | None:
    """Where a rule is added to the last section of a device: after its last line that is not blank."""
    end, inside = None, False
    for number, line in enumerate(lines, 1):
        if (section := _section(line)) is not None:
            inside = device_key(section) == device_key(device)
        if inside and line.strip():
            end = number
    return end


def _shortened(text: str) -> str:
    """The text within `BYTES_MOST`, as far as leaving out learnt rules makes it so; the oldest go first."""
    excess = len(text.encode("utf-8", "surrogateescape")) - BYTES_MOST
    oldest = sorted(learnt_rules(text), key=lambda rule: (rule.time, rule.line))
    doomed: set[int] = set()
    for rule in oldest:
        if excess <= 0:
            break
        doomed.add(rule.line)
        excess -= len(rule.code) + 1
    return without_rules(text, doomed)


def _without_empty_sections(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for line in (*lines, None):
        # A heading right before another one, or before the end, has nothing below it.
        if kept and _section(kept[-1]) is not None and (line is None or _section(line) is not None):
            kept.pop()
        if line is not None:
            kept.append(line)
    return kept


def _section(line: str) -> str | None:
    """The device whose section a line begins; None for other lines."""
    comment = line.strip()
    return device_of_comment(comment[1:].strip()) if comment.startswith("#") else None


def _rule(device: str, line: int, found: re.Match[str]) -> LearntRule | None:
    """The rule of a line; None if it cannot have been learnt as it is, so that it counts as written by hand."""
    tally = Tally(int(found["wins"]), int(found["trials"]))
    try:
        weight = float(found["weight"])
        bucket_of_condition(device, found["condition"])  # whether that holds is seen without an evaluator
    except ValueError:
        return None
    if device in ("", EVERYWHERE) or not 0 < weight <= WEIGHT_MOST or tally.wins > tally.trials:
        return None
    return LearntRule(
        device, found["field"], int(found["value"]), weight, found["condition"], found["time"], tally, line
    )


def _lines(text: str) -> list[str]:
    """Lines as they are; unlike `str.splitlines`, only a newline ends one."""
    return text.removesuffix("\n").split("\n") if text else []


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
