"""How much work may be queued: enough to keep a GPU busy, little enough that waiting for it stays short."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

QUEUED_SECONDS = 0.05
SUBMITS_IN_FLIGHT = 3
MOST_IN_FLIGHT = 256


class Pace:
    """Three submits may be in flight, and more only while all of them together take less than 50 ms.

    Waiting after every third submit would cost a small step several times its GPU time (measured on an H200: 123 µs a
    step of which the GPU works 57). ``wait(submission)`` returns once a submission and all before it are done.
    """

    def __init__(self, wait: Callable[[object], None]) -> None:
        self._wait = wait
        self._queue: deque = deque()
        self._busy_since = 0.0
        self.restart()

    def restart(self) -> None:
        """Other work than before follows, of which nothing is known."""
        self._allowed = SUBMITS_IN_FLIGHT

    def submitted(self, submission: object) -> None:
        """Note a submission; waits for the older half of the queue when it is full."""
        if not self._queue:
            self._busy_since = time.perf_counter()
        self._queue.append(submission)
        if len(self._queue) > self._allowed:
            self._make_room()

    def drained(self) -> None:
        """Everything that was submitted is done."""
        self._queue.clear()

    def _make_room(self) -> None:
        count = (len(self._queue) + 1) // 2
        for _ in range(count):
            last = self._queue.popleft()
        self._wait(last)
        now = time.perf_counter()
        each = max((now - self._busy_since) / count, 1e-6)
        # At most doubling: one odd measurement must not open the gate.
        self._allowed = max(SUBMITS_IN_FLIGHT, min(int(QUEUED_SECONDS / each), 2 * self._allowed, MOST_IN_FLIGHT))
        self._busy_since = now
