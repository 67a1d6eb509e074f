"""An epoch under way: its steps queued on the device, and what was read of them so far."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ..devices import memory
from ..dtypes import float32
from ..errors import AnomalyError, ArgumentError
from ..tensor import Tensor, as_tensor
from ..tensor.convert import unpack
from .metrics import BlackCat, Energy, EpochStats, StepMetrics
from .steps import Books, Programs, new_books

__all__ = ["Epoch"]

READ_SECONDS = 1.0  # a read-back costs milliseconds, and a fault need not be known sooner
MOST_UNREAD = 4096  # steps: the books are float32 sums


class Epoch:
    """Feeds batches to a step's programs and keeps the sums; ``books`` is the tensor to read when `due`."""

    def __init__(self, programs: Programs, blackcat: BlackCat | None, banded: bool) -> None:
        self._programs = programs
        self._blackcat = blackcat
        self._banded = banded
        self.books: Tensor = new_books()
        self._batches = 0
        self._unread = 0
        self._sums = [0.0] * 5  # losses, above, here, beneath, drift
        self._features: Sequence[float] = (1.0, *(0.0,) * 7)
        self._since = time.perf_counter()
        self._recorded = False

    def run(self, pair: Sequence[Any]) -> None:
        """Queue the step of one batch."""
        x, y = _pair(pair, self._batches + 1)
        arms: tuple = ()
        if self._blackcat is not None:
            arms = _arms(self._blackcat.choose(self._features))
            self._recorded = self._programs.recorded_for(x, y, arms)
            self._since = time.perf_counter()
        try:
            stepped = self._programs.step(x, y, arms)
        finally:
            if release := getattr(self._blackcat, "release", None):
                release()
        self.books = self._programs.note(self.books, *stepped)
        self._batches += 1
        self._unread += 1

    @property
    def due(self) -> bool:
        """Whether the books should be read before the next step."""
        if self._blackcat is not None:
            return True
        return self._unread >= MOST_UNREAD or time.perf_counter() - self._since >= READ_SECONDS

    def take(self, read: Sequence[memoryview]) -> None:
        """Take in the books that were read, and start new ones. Raises AnomalyError for a step at fault."""
        if not self._unread:
            return
        now = time.perf_counter()
        books = Books(*unpack(read[0], float32))
        seconds, before = now - self._since, self._batches - self._unread
        self.books, self._unread, self._since = new_books(), 0, now
        if books.faults:
            raise AnomalyError(
                f"batch {before + books.first_fault:g} of this epoch gave NaN or infinity in its loss or its gradients "
                f"(in all {books.faults:g} of the last {books.steps:g} batches); these steps changed nothing"
            )
        energy = (books.above, books.here, books.beneath, books.drift)
        self._sums = [total + part for total, part in zip(self._sums, (books.losses, *energy), strict=True)]
        if self._blackcat is not None:
            found = Energy(*energy) if self._banded else None
            metrics = StepMetrics(self._batches, seconds, books.losses, memory()["allocated"], found, self._recorded)
            self._features = metrics.features()
            self._blackcat.post_step(metrics)

    def stats(self) -> EpochStats:
        """The epoch in numbers, after everything was read. Raises ArgumentError for an epoch without batches."""
        if not self._batches:
            raise ArgumentError("the dataset gave no batch: it is empty, or an iterator that is used up")
        total, *energy = self._sums
        means = Energy(*(part / self._batches for part in energy)) if self._banded else None
        return EpochStats(self._batches, total, total / self._batches, means)


def _arms(choice: Any) -> tuple[tuple[str, str], ...]:
    """The alternatives of a choice: its texts, by name."""
    return tuple(sorted((name, arm) for name, arm in dict(choice or {}).items() if isinstance(arm, str)))


def _pair(pair: Any, number: int) -> tuple[Tensor, Tensor]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        found = f"{len(pair)} entries" if isinstance(pair, (tuple, list)) else type(pair).__name__
        raise ArgumentError(f"batch {number} of the dataset: a batch is a pair (x, y), got {found}")
    return as_tensor(pair[0]), as_tensor(pair[1])
