"""What the three voices said and who won, as data that can be written down and judged again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..errors import FileFormatError
from ..kernels.rankk.choice import FIELDS, Choice
from .problem import Problem
from .softlogic import SoftRule, total_score
from .trials import Tally

VOICES = {"A": "SoftLogic", "B": "hard rules", "C": "tuner table"}


@dataclass(frozen=True)
class Voice:
    """One proposal: A is SoftLogic's best, B what hard rules assign, C what the tuner table says.

    `seconds` is the predicted time, `rules` are the soft rules that hold for the choice, `prior` is what the voice
    gets for being this voice, `repairs` says what was changed so that the device can run it.
    """

    name: str
    choice: Choice
    seconds: float
    rules: tuple[SoftRule, ...] = ()
    prior: float = 0.0
    reasons: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """−log2(predicted seconds) + Σ weights of the rules that hold + prior."""
        return total_score(self.seconds, self.rules, self.prior)


def winner_of(voices: Sequence[Voice]) -> Voice:
    """B where there is one, else the better score; C where the scores are equal."""
    by_name = {voice.name: voice for voice in voices}
    if "B" in by_name:
        return by_name["B"]
    if "A" in by_name and "C" in by_name:
        return by_name["A"] if by_name["A"].score > by_name["C"].score else by_name["C"]
    return voices[0]


@dataclass(frozen=True)
class Decision:
    """A decision of the roundtable.

    `challenger` is what trials compare C with: what A proposes, or SoftLogic's second best where A and C propose the
    same. `tally` counts the trials of this pair in this bucket. Without C, or under hard rules, there is no challenger.
    """

    problem: Problem
    voices: tuple[Voice, ...]
    challenger: Voice | None = None
    tally: Tally = Tally()
    notes: tuple[str, ...] = ()
    time: str = ""

    @property
    def winning(self) -> Voice:
        return winner_of(self.voices)

    @property
    def winner(self) -> str:
        """ "A", "B" or "C"."""
        return self.winning.name

    @property
    def choice(self) -> Choice:
        """What is launched: the winner's choice, which the device can run as it stands."""
        return self.winning.choice

    @property
    def predicted(self) -> float:
        """Predicted seconds of the choice."""
        return self.winning.seconds

    @property
    def repairs(self) -> tuple[str, ...]:
        return self.winning.repairs

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why: how the winner won, its own reasons, then what else is to know."""
        return (self.verdict, *self.winning.reasons, *self.notes)

    @property
    def verdict(self) -> str:
        """How the winner won, in one sentence."""
        a, c = self.voice("A"), self.voice("C")
        if self.winner == "B":
            return "B wins: hard rules decide"
        if a is None or c is None:
            return f"{self.winner} wins: no other voice spoke"
        scores = f"A has {a.score:.3f} and C {c.score:.3f}, a prior of {c.prior:.2f} included"
        return f"{self.winner} wins: {'both propose the same; ' if a.choice == c.choice else ''}{scores}"

    def voice(self, name: str) -> Voice | None:
        """The voice "A", "B" or "C", if it spoke."""
        return next((voice for voice in self.voices if voice.name == name), None)

    def record(self) -> dict[str, Any]:
        """The decision as one line of the transcript."""
        return {
            "event": "decision",
            "time": self.time,
            **asdict(self.problem),
            "winner": self.winner,
            "choice": choice_record(self.choice),
            "voices": [_voice_record(voice) for voice in self.voices],
            "challenger": self.challenger and _voice_record(self.challenger),
            "wilson": self.tally.record(),
            "notes": list(self.notes),
        }


def decision_of(record: Mapping[str, Any]) -> Decision:
    """The decision that a line of the transcript tells. Raises FileFormatError for a line that is none."""
    try:
        return Decision(
            problem=Problem(**{field.name: record[field.name] for field in fields(Problem)}),
            voices=tuple(_voice_of(entry) for entry in record["voices"]) or _no_voices(),
            challenger=record["challenger"] and _voice_of(record["challenger"]),
            tally=Tally(int(record["wilson"]["wins"]), int(record["wilson"]["trials"])),
            notes=tuple(map(str, record["notes"])),
            time=str(record["time"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FileFormatError(f"not a decision: {error!r}") from error


def choice_record(choice: Choice) -> dict[str, int]:
    """Field → value."""
    return {name: int(getattr(choice, name)) for name in FIELDS}


def choice_of(record: Mapping[str, Any]) -> Choice:
    """The choice of a record; fields that it lacks keep their defaults. Raises ValueError for unknown fields."""
    if unknown := sorted(set(record) - set(FIELDS)):
        raise ValueError(f"a choice has no field {unknown[0]!r}")
    values = {name: int(value) for name, value in record.items()}
    if "use_2ce" in values:
        values["use_2ce"] = bool(values["use_2ce"])
    return Choice(**values)


def _voice_record(voice: Voice) -> dict[str, Any]:
    return {
        "name": voice.name,
        "choice": choice_record(voice.choice),
        "seconds": voice.seconds,
        "rules": [asdict(rule) for rule in voice.rules],
        "prior": voice.prior,
        "score": voice.score,
        "reasons": list(voice.reasons),
        "repairs": list(voice.repairs),
    }


def _voice_of(record: Mapping[str, Any]) -> Voice:
    if record["name"] not in VOICES:
        raise ValueError(f"there is no voice {record['name']!r}")
    rules = (SoftRule(str(r["field"]), int(r["value"]), float(r["weight"]), str(r["source"])) for r in record["rules"])
    return Voice(
        name=record["name"],
        choice=choice_of(record["choice"]),
        seconds=float(record["seconds"]),
        rules=tuple(rules),
        prior=float(record["prior"]),
        reasons=tuple(map(str, record["reasons"])),
        repairs=tuple(map(str, record["repairs"])),
    )


def _no_voices() -> tuple[Voice, ...]:
    raise ValueError("nobody spoke")
