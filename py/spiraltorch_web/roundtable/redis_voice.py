"""Other machines at the table: soft hints through Redis, which may be absent, slow, broken or full of garbage.

A thread of its own talks to the server, so that nothing it does can hold a plan up: `hear` waits at most
`WAIT_SECONDS`, and not at all while an earlier question is open or the server has just failed. A late answer counts
from the next decision on.

Under `hints.key_of(bucket)` lies a hash, machine → contribution, that expires as a whole; each contribution also says
until when it holds, by the server's clock.
"""

from __future__ import annotations

import contextlib
import math
import queue
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import FileFormatError
from .hints import Contribution, Hint, decode, encode, key_of, merge
from .problem import Bucket
from .softlogic import SoftRule

WAIT_SECONDS = 0.02  # of a plan
SOCKET_SECONDS = 0.5  # of the thread, per step
ANSWER_SECONDS = 2.0  # of the thread, for all steps of a request: a stranger may send bytes for ever
REST_SECONDS = 5.0  # without a question after a failure
FRESH_SECONDS = 60.0  # before a bucket is asked for again
LIFETIME_SECONDS = 14 * 86400
MACHINES_MOST = 512
_CLOSING_SECONDS = 0.5
_IN_PAGE = sys.platform == "emscripten"


@dataclass(frozen=True)
class Heard:
    """What came from the other machines, and a line for the transcript."""

    rules: tuple[SoftRule, ...] = ()
    note: str = ""


class _Mailbox:
    """What the thread and the plans share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.requests: queue.Queue[_Question | _Statement | None] = queue.Queue()
        self.answers: dict[str, tuple[float, Heard]] = {}  # key -> when, what
        self.open: dict[str, threading.Event] = {}  # asked and not answered
        self.trouble = ""
        self.rest_until = 0.0
        self.changes = 0

    def settle(self, key: str, heard: Heard) -> None:
        """An answer has come."""
        with self.lock:
            _, before = self.answers.get(key, (0.0, Heard()))
            self.changes += before.rules != heard.rules
            self.answers[key] = (time.monotonic(), heard)
            self._done(key)

    def fail(self, request: _Question | _Statement, error: Exception) -> None:
        """The server did not do what it was asked; it is left alone for a while."""
        with self.lock:
            if time.monotonic() >= self.rest_until:
                self.trouble = f"{type(error).__name__}: {error}"[:200]
                self.rest_until = time.monotonic() + REST_SECONDS
            if isinstance(request, _Question):
                self._done(request.key)

    def _done(self, key: str) -> None:
        if event := self.open.pop(key, None):
            event.set()


class RedisVoice:
    """The other machines, as far as a Redis server at `url` knows them. `machine` names this one."""

    def __init__(self, url: str, machine: Callable[[], str]) -> None:
        self._url = url
        self._machine = machine
        self._mailbox = _Mailbox()
        self._thread: threading.Thread | None = None

    @property
    def changes(self) -> int:
        """Grows whenever a late or fresh answer says something new."""
        return self._mailbox.changes

    def hear(self, bucket: Bucket) -> Heard:
        """What the machines agree on, within `WAIT_SECONDS`."""
        if _IN_PAGE:
            return Heard(note="redis: unavailable, a page has no sockets")
        key, box = key_of(bucket), self._mailbox
        with box.lock:
            asked, known = box.answers.get(key, (-math.inf, Heard()))
            now = time.monotonic()
            if now - asked < FRESH_SECONDS:
                return known
            if now < box.rest_until:
                return Heard(known.rules, f"redis: down ({box.trouble})")
            # An open question shows that the server is slow: one plan has waited already. And nothing can come before
            # the thread has loaded the package, which takes longer than a plan may wait.
            patient = not box.open and "redis" in sys.modules
            answered = box.open.get(key)
            if answered is None:
                answered = box.open[key] = threading.Event()
                box.requests.put(_Question(key, self._machine, box))
        self._start()
        if patient and answered.wait(WAIT_SECONDS):
            with box.lock:
                asked, heard = box.answers.get(key, (-math.inf, Heard()))
                return heard if asked >= now else Heard(known.rules, f"redis: down ({box.trouble})")
        waited = f"within {1000 * WAIT_SECONDS:.0f} ms" if patient else "yet"
        return Heard(known.rules, f"redis: slow, no answer {waited}")

    def publish(self, bucket: Bucket, hints: Sequence[Hint], trials: int) -> bool:
        """Tell the others what this machine has learnt about a bucket, without waiting; whether it is on its way.

        No hints take back what was told.
        """
        if _IN_PAGE or time.monotonic() < self._mailbox.rest_until:
            return False
        self._mailbox.requests.put(_Statement(key_of(bucket), self._machine, tuple(hints), trials, self._mailbox))
        self._start()
        return True

    def close(self) -> None:
        """Let the thread finish what it has been given, for half a second at most."""
        if self._thread is not None:
            _finish(self._mailbox, self._thread)

    def _start(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._thread = threading.Thread(
            target=_serve, args=(self._url, self._mailbox), name="spiraltorch-redis", daemon=True
        )
        self._thread.start()
        # Also at the end of the process: what was learnt last should still be told.
        weakref.finalize(self, _finish, self._mailbox, self._thread)


@dataclass(frozen=True)
class _Question:
    """Ask what the other machines say."""

    key: str
    machine: Callable[[], str]
    box: _Mailbox

    def __call__(self, server: Any) -> None:
        questions = server.pipeline(transaction=False).time().hlen(self.key)
        now, count = questions.execute(raise_on_error=False)
        if not isinstance(count, int) or count > MACHINES_MOST:  # not even a hash, or too much of one
            self.box.settle(self.key, Heard(note=f"redis: garbage under {self.key} ({count})"))
            return
        own = self.machine().encode()
        contributions, garbage = [], 0
        for machine, data in server.hgetall(self.key).items():
            try:
                contribution = decode(data)
            except FileFormatError:
                garbage += 1
                continue
            if contribution.until < now[0]:
                server.hdel(self.key, machine)
            elif machine != own:
                contributions.append(contribution)
        note = f"redis: {len(contributions)} other machine{'' if len(contributions) == 1 else 's'}"
        self.box.settle(self.key, Heard(merge(contributions), f"{note}, {garbage} unreadable" if garbage else note))


@dataclass(frozen=True)
class _Statement:
    """Say what this machine has learnt; nothing takes back what it said."""

    key: str
    machine: Callable[[], str]
    hints: tuple[Hint, ...]
    trials: int
    box: _Mailbox

    def __call__(self, server: Any) -> None:
        if not self.hints:
            server.hdel(self.key, self.machine())
            return
        contribution = Contribution(self.hints, self.trials, until=server.time()[0] + LIFETIME_SECONDS)
        written = server.pipeline().hset(self.key, self.machine(), encode(contribution))
        written.expire(self.key, LIFETIME_SECONDS).execute()


def _serve(url: str, box: _Mailbox) -> None:
    """The thread: one request after the other, until there is none more to come."""
    server = None
    while (request := box.requests.get()) is not None:
        try:
            # While the server is left alone, what was still in the queue fails at once.
            if time.monotonic() < box.rest_until:
                raise ConnectionError(box.trouble)
            server = server or _connect(url)
            with _Deadline(server):
                request(server)
        except Exception as error:  # whatever a broken server or a missing package makes of it
            box.fail(request, error)
    if server is not None:
        server.close()


class _Deadline:
    """Cuts a server off that has not answered within `ANSWER_SECONDS`: whatever waits for it then fails."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._over = threading.Event()
        self._passed = False

    def __enter__(self) -> None:
        threading.Thread(target=self._watch, name="spiraltorch-redis-deadline", daemon=True).start()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        self._over.set()
        if self._passed and error is not None:
            raise TimeoutError(f"no whole answer within {ANSWER_SECONDS:g} s") from error

    def _watch(self) -> None:
        self._passed = not self._over.wait(ANSWER_SECONDS)
        while not self._over.is_set():  # again and again, since the client may connect anew
            with contextlib.suppress(Exception):
                self._server.connection_pool.disconnect()
            self._over.wait(SOCKET_SECONDS)


def _connect(url: str) -> Any:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    options = {"socket_timeout": SOCKET_SECONDS, "socket_connect_timeout": SOCKET_SECONDS, "decode_responses": False}
    try:
        return Redis.from_url(url, retry=Retry(NoBackoff(), 0), **options)
    except ValueError:  # its text may quote the address, and with it a password
        raise ValueError("REDIS_URL is no address of the form redis://host:port/number") from None


def _finish(box: _Mailbox, thread: threading.Thread) -> None:
    box.requests.put(None)
    thread.join(_CLOSING_SECONDS)
