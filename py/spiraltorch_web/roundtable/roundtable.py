"""The table itself: it knows the files, the clock and the other machines, and remembers what was decided."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ..collecting import PostponedCollection
from ..config import RoundtableSettings, roundtable_settings
from ..kernels.rankk.choice import Choice
from ..runtime.session import session
from .consensus import Family, deliberate
from .decision import Decision
from .hints import Hint
from .memory import Memory
from .policy import Rulebook
from .problem import Bucket, Problem
from .redis_voice import Heard, RedisVoice
from .rewrite import LearntRule, lesson_of
from .shared import Keeper
from .transcript import Transcript
from .trials import ENOUGH, Tally, pair_key, wins_trial

# (challenger, C's choice) -> seconds of both, measured in turns, for as many trials as are asked for.
Measure = Callable[[Choice, Choice], Generator[tuple[float, float]]]

DECISIONS_KEPT = 1024
TRIALS_MOST = 64  # of one pair: what is not clear by then makes no difference


class Roundtable:
    """Decides launches, keeps the transcript, and learns from trials. A program has one: `current`."""

    def __init__(self, settings: RoundtableSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.settings = settings
        self.keeper = Keeper()
        self.transcript = Transcript(settings.log_file, self.keeper)
        self.memory = Memory(settings.heur_file, self.keeper)
        self._now = now
        self._redis = RedisVoice(settings.redis_url, self.memory.machine) if settings.redis_url else None
        self._reported: set[str] = set()  # problems of the rules that the user was warned about
        self._told: set[str] = set()  # buckets about which other machines know what this one has learnt
        self._decided: OrderedDict[Hashable, Decision] = OrderedDict()
        self._decided_under: Hashable = None

    @property
    def version(self) -> Hashable:
        """Changes whenever an earlier decision may not hold any more."""
        return self.settings, self.memory.stamp(), self._redis.changes if self._redis else 0

    def decide(self, problem: Problem, family: Family, measure: Measure | None = None) -> Decision:
        """What to launch. Decided once for a problem, until the rules change; each decision is in the transcript.

        With SPIRAL_MEASURE=1 and `measure`, the challenger and C's choice are timed, which may teach a rule and so
        change the decision. Raises SpiralKError when SPIRAL_HEUR_K is not a program.
        """
        version = self.version
        if version != self._decided_under:
            self._decided.clear()
            self._decided_under = version
        key = (problem, family)
        if key in self._decided:
            self._decided.move_to_end(key)
            return self._decided[key]
        with PostponedCollection():
            decision = self._deliberate(problem, family)
        if measure is not None and self.settings.measure and self._try(decision, measure):
            return self.decide(problem, family)
        self._decided[key] = decision
        if len(self._decided) > DECISIONS_KEPT:
            self._decided.popitem(last=False)
        return decision

    def record_trial(self, decision: Decision, a_seconds: float, c_seconds: float) -> tuple[LearntRule, ...]:
        """Count one trial between the challenger and C's choice of a decision; the rules that it was enough to learn.

        They are in heur.kdsl then, and the next decision about this bucket follows them. A decision without a
        challenger has no trials. Raises TimeoutError when another process keeps a file locked.
        """
        if decision.challenger is None:
            return ()
        problem, pair = decision.problem, pair_key(decision.challenger.choice, decision.voice("C").choice)
        won = wins_trial(a_seconds, c_seconds)
        tally = self.memory.count(problem.bucket, pair, won)
        self._write("trial", tally, **asdict(problem), pair=pair, seconds=[a_seconds, c_seconds], won=won)
        lesson = lesson_of(decision, tally, self._time("seconds"))
        if lesson:
            self.memory.learn(lesson)
            self._write("lesson", tally, **asdict(problem), rules=[rule.code for rule in lesson])
            self._tell(problem.bucket, anew=True)
        return lesson

    def learnt(self) -> tuple[LearntRule, ...]:
        """The rules that trials have taught, of all devices, in the order of heur.kdsl."""
        return self.memory.learnt()

    def undo(self, *ids: str) -> tuple[LearntRule, ...]:
        """Forget the learnt rules with these ids, without any the latest lesson; what was forgotten.

        The trials behind them count no more, so that only new ones can teach the same again. The file as it was stays
        in ``heur.kdsl.bak``. Raises TimeoutError when another process keeps a file locked.
        """
        gone = self.memory.undo(ids)
        if gone:
            rules = [f"{rule.code} on {rule.device}" for rule in gone]
            self.transcript.append({"event": "undo", "time": self._time(), "rules": rules})
            for bucket in {rule.bucket for rule in gone}:
                self._tell(bucket, anew=True)
        return gone

    def close(self) -> None:
        """Wait, for half a second at most, until other machines know what this one has learnt."""
        if self._redis:
            self._redis.close()

    def _deliberate(self, problem: Problem, family: Family) -> Decision:
        rulebook = self._rulebook()
        heard = self._hear(problem)
        policy = rulebook.policy(problem, family.context(problem), heard.rules, self.settings.soft)
        decision = deliberate(
            problem,
            family,
            policy,
            self.settings.table_weight,
            lambda a, c: self.memory.tally(problem.bucket, pair_key(a, c)),
            [note for note in (heard.note, *rulebook.problems, self.keeper.trouble) if note],
            self._time(),
        )
        self.transcript.append(decision.record())
        return decision

    def _rulebook(self) -> Rulebook:
        rulebook = self.memory.rulebook(self.settings.program)
        if new := [problem for problem in rulebook.problems if problem not in self._reported]:
            self._reported.update(new)
            warnings.warn("; ".join(new), RuntimeWarning, stacklevel=2)
        return rulebook

    def _try(self, decision: Decision, measure: Measure) -> bool:
        """Put a decision to trial, unless enough is known; whether that taught anything."""
        if decision.challenger is None or decision.tally.trials >= TRIALS_MOST:
            return False
        a, c = decision.challenger.choice, decision.voice("C").choice
        if decision.choice == a and decision.tally.convincing:
            return False
        try:
            with closing(measure(a, c)) as trials:
                return any(self.record_trial(decision, *seconds) for seconds in islice(trials, ENOUGH))
        except TimeoutError as error:
            warnings.warn(f"the roundtable could not count a trial: {error}", RuntimeWarning, stacklevel=2)
            return False

    def _hear(self, problem: Problem) -> Heard:
        if self._redis is None:
            return Heard()
        self._tell(problem.bucket)
        return self._redis.hear(problem.bucket)

    def _tell(self, bucket: Bucket, anew: bool = False) -> None:
        """Let other machines know what this one has learnt about a bucket: once per process, and `anew` on changes."""
        if self._redis is None or (bucket.key in self._told and not anew):
            return
        rules = self._rulebook().learnt_about(bucket)
        hints = [Hint(rule.field, rule.value, rule.weight) for rule in rules]
        trials = max((rule.tally.trials for rule in rules), default=0)
        if not (hints or anew) or self._redis.publish(bucket, hints, trials):
            self._told.add(bucket.key)

    def _write(self, event: str, tally: Tally, **facts: Any) -> None:
        self.transcript.append({"event": event, "time": self._time(), **facts, "wilson": tally.record()})

    def _time(self, precision: str = "milliseconds") -> str:
        return self._now().isoformat(timespec=precision).replace("+00:00", "Z")


def current() -> Roundtable:
    """The roundtable of the running program, as the environment sets it up now."""
    settings = roundtable_settings()
    table = session().roundtable
    if table is None or _places(table.settings) != _places(settings):
        if table is not None:
            table.close()
        table = session().roundtable = Roundtable(settings)
    table.settings = settings
    return table


def _places(settings: RoundtableSettings) -> Hashable:
    return settings.heur_file, settings.log_file, settings.redis_url
