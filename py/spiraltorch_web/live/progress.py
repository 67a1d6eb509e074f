"""A loop that shows how far it is: a bar in a terminal, a strip in the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Generic, TypeVar

from ..errors import ArgumentError
from ..host import HOSTS
from .current import CURRENT
from .events import Progress

__all__ = ["progress"]

Item = TypeVar("Item")
SHOW_SECONDS = 0.1


class progress(Generic[Item]):  # noqa: N801 - used as a function, like `range`
    """Iterate and show it: ``for epoch in st.progress(range(100), "epoch")``.

    `total` is needed only where the iterable has no length. The rate is that of the last second, so that warming up
    does not count for ever. In the page, each turn is a place where Pause, Step and Stop act.
    """

    def __init__(self, iterable: Iterable[Item], label: str = "step", total: int | None = None) -> None:
        if not hasattr(iterable, "__iter__"):
            raise ArgumentError(f"progress takes something to iterate, such as range(100); got {iterable!r}")
        self._iterable = iterable
        self._label = label
        self._total = len(iterable) if total is None and hasattr(iterable, "__len__") else total

    def __len__(self) -> int:
        if self._total is None:
            raise TypeError("this progress has no known length")
        return self._total

    def __iter__(self) -> Iterator[Item]:
        show = CURRENT.writer().progress
        meter = _Meter()
        done = 0
        show(Progress(self._label, 0, self._total, 0.0))
        for item in self._iterable:
            HOSTS.current.tick("progress")
            yield item
            done += 1
            if meter.is_due():
                show(Progress(self._label, done, self._total, meter.rate(done)))
        show(Progress(self._label, done, self._total, meter.rate(done)))


class _Meter:
    """Turns per second over about the last second."""

    def __init__(self) -> None:
        self._shown = perf_counter()
        self._marks = [(self._shown, 0)]

    def is_due(self) -> bool:
        return perf_counter() - self._shown >= SHOW_SECONDS

    def rate(self, done: int) -> float:
        self._shown = now = perf_counter()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[1][0] > 1.0:
            self._marks.pop(0)
        start, before = self._marks[0]
        return (done - before) / (now - start) if now > start else 0.0
