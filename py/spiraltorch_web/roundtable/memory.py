"""What the roundtable has learnt: the rules of heur.kdsl and the counts behind them, shared with other processes."""

from __future__ import annotations

import secrets
from collections.abc import Hashable, Sequence
from pathlib import Path

from .policy import Rulebook, read_rulebook
from .problem import Bucket
from .rewrite import LearntRule, latest_lesson, learnt_rules, with_lesson, without_rules
from .shared import Keeper, SharedText
from .trials import Tallies, Tally, read_tallies, with_trial, without_buckets, write_tallies

FILE_NAME = "heur.kdsl"


class Memory:
    """heur.kdsl (None: only in memory), with the trials and this machine's name in files beside it."""

    def __init__(self, heur_file: Path | None, keeper: Keeper) -> None:
        def beside(suffix: str) -> SharedText:
            return SharedText(heur_file and heur_file.with_name(heur_file.stem + suffix), keeper)

        self._name = heur_file.name if heur_file else FILE_NAME
        self._rules = SharedText(heur_file, keeper)
        self._trials = beside(".trials.json")
        self._machine = beside(".machine")
        self._rulebook: tuple[Hashable, Rulebook] | None = None
        self._tallies: tuple[Hashable, Tallies] = ((), {})

    def stamp(self) -> Hashable:
        """Changes whenever the rules do."""
        return self._rules.stamp()

    def rulebook(self, program: str) -> Rulebook:
        """The rules of the file and of a program; read again when either has changed. Raises SpiralKError."""
        key = (self.stamp(), program)
        if self._rulebook is None or self._rulebook[0] != key:
            self._rulebook = key, read_rulebook(self._rules.read(), self._name, program)
        return self._rulebook[1]

    def text(self) -> str:
        """The file as it is."""
        return self._rules.read()

    def replace(self, text: str) -> None:
        """Give the file another content, such as an edited or imported one; the old one stays as a backup."""
        self._rules.update(lambda _: text, backup=True)

    def learnt(self) -> tuple[LearntRule, ...]:
        """The learnt rules of all devices, in the order of the file."""
        return learnt_rules(self._rules.read())

    def learn(self, lesson: Sequence[LearntRule]) -> None:
        """Add rules to the file. Raises TimeoutError when another process keeps it locked."""
        self._rules.update(lambda text: with_lesson(text, lesson), backup=True)

    def undo(self, ids: Sequence[str] = ()) -> tuple[LearntRule, ...]:
        """Take rules out of the file by id, without ids the latest lesson, and their trials out of the counts."""
        gone: tuple[LearntRule, ...] = ()

        def forget(text: str) -> str:
            nonlocal gone
            gone = tuple(rule for rule in learnt_rules(text) if rule.id in ids) if ids else latest_lesson(text)
            return without_rules(text, {rule.line for rule in gone})

        self._rules.update(forget, backup=True)
        if gone:
            buckets = {rule.bucket.key for rule in gone}
            self._trials.update(lambda text: write_tallies(without_buckets(_tallies(text), buckets)), backup=True)
        return gone

    def tally(self, bucket: Bucket, pair: str) -> Tally:
        """How the trials of a pair of choices have gone so far, in all processes."""
        return self.tallies().get(bucket.key, {}).get(pair, Tally())

    def tallies(self) -> Tallies:
        """All tallies: bucket key -> pair -> tally."""
        stamp = self._trials.stamp()
        if self._tallies[0] != stamp:
            self._tallies = stamp, _tallies(self._trials.read())
        return self._tallies[1]

    def count(self, bucket: Bucket, pair: str, won: bool) -> Tally:
        """Count one trial; the tally with it. Raises TimeoutError when another process keeps the counts locked."""
        text = self._trials.update(lambda text: write_tallies(with_trial(_tallies(text), bucket, pair, won)))
        return _tallies(text)[bucket.key][pair]

    def machine(self) -> str:
        """A name for this machine among others: random, made once."""
        return self._machine.read() or self._machine.update(lambda text: text or secrets.token_hex(8))


def _tallies(text: str) -> Tallies:
    """The counts; none where the file is damaged, since they can be measured again."""
    try:
        return read_tallies(text)
    except ValueError:
        return {}
