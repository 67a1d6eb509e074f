"""`detect_anomaly`: stop training at the call that first made a NaN or an infinity.

What compiled calls return and what `backward` finds is checked on the device: each call leaves one number there, the
verdict on all its values. The verdicts are read together, every so many calls and at the end, so that training is not
slowed by waiting; the error still names the very call.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from .dtypes import int32
from .errors import AnomalyError, ArgumentError
from .runtime.realize import read_values, read_values_async, realize
from .runtime.session import grad_mode, session
from .tensor import Tensor, isfinite, zeros

__all__ = ["detect_anomaly"]

_VERDICTS = ("", "a result", "a gradient", "a result and a gradient")


@dataclass(frozen=True)
class _Call:
    """A watched call: its number counts the calls of that name from 1; ``verdict`` is an int32 0-d."""

    name: str
    number: int
    verdict: Tensor


class detect_anomaly:  # noqa: N801  PyTorch's name; used like a function
    """Raise AnomalyError when a compiled call returns NaN or infinity, or a gradient becomes one, in the body::

        with st.detect_anomaly(every=50):
            for x, y in loader:
                train_step(x, y)

    Results of compiled functions, gradients of `backward` in them, and gradients of `backward` outside of them are
    watched. The verdicts are read every ``every`` calls and at the end, and the error names the function and the
    number of its call, counted from 1. Where the browser cannot wait (no JSPI), use ``async with`` and let ``every``
    exceed the number of calls, or ``await watch.check_async()`` now and then.
    """

    def __init__(self, every: int = 50) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ArgumentError(f"every is a number of calls ≥ 1, got {every!r}")
        self._every = every
        self._waiting: list[_Call] = []
        self._counts: Counter[str] = Counter()
        self._gradients: list[Tensor] | None = None  # of the compiled function that is being recorded
        self._outer: Any = None

    def __enter__(self) -> detect_anomaly:
        self._outer, session().watcher = session().watcher, self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session().watcher = self._outer
        if kind is None:
            self.check()

    async def __aenter__(self) -> detect_anomaly:
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        session().watcher = self._outer
        if kind is None:
            await self.check_async()

    def check(self) -> None:
        """Read the verdicts that wait. Raises AnomalyError for the first bad call."""
        waiting, self._waiting = self._waiting, []
        _judge(waiting, read_values([call.verdict for call in waiting]))

    async def check_async(self) -> None:
        """As `check`, without blocking the event loop."""
        waiting, self._waiting = self._waiting, []
        _judge(waiting, await read_values_async([call.verdict for call in waiting]))

    # --- called by compiled functions and by backward -----------------------------------------------------------

    def watched(self, function: Callable[..., Any]) -> Callable[..., tuple[Any, Tensor]]:
        """The function to record instead: it returns (what ``function`` returns, the verdict)."""

        @functools.wraps(function)
        def with_verdict(*arguments: Any, **options: Any) -> tuple[Any, Tensor]:
            with self._collecting() as found:
                returned = function(*arguments, **options)
            return returned, _verdict(list(_tensors_in(returned)), found)

        return with_verdict

    def note(self, name: str, verdict: Tensor) -> None:
        """A watched call of ``name`` was made."""
        self._counts[name] += 1
        self._waiting.append(_Call(name, self._counts[name], verdict))
        if len(self._waiting) >= self._every:
            self.check()

    def note_gradients(self, found: Sequence[Tensor]) -> None:
        """`backward` found gradients: part of the verdict on the function being recorded, else a call of its own."""
        if self._gradients is not None:
            self._gradients += found
            return
        verdict = _verdict([], found)
        realize(*found, verdict)  # together, so that the gradients are computed once
        self.note("backward", verdict)

    @contextmanager
    def _collecting(self) -> Iterator[list[Tensor]]:
        before, self._gradients = self._gradients, []
        try:
            yield self._gradients
        finally:
            self._gradients = before


def _verdict(results: Sequence[Tensor], gradients: Sequence[Tensor]) -> Tensor:
    """int32 0-d: an index into `_VERDICTS`."""
    with grad_mode(False):
        return _flag(results, 1) + _flag(gradients, 2)


def _flag(tensors: Sequence[Tensor], bit: int) -> Tensor:
    """``bit`` if any entry of the float tensors is NaN or infinite, else 0."""
    total = zeros((), dtype=int32)
    for tensor in tensors:
        if tensor.dtype.kind == "f":
            total = total + (~isfinite(tensor.detach())).any().to(int32)
    return (total > 0).to(int32) * bit


def _tensors_in(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors_in(item)
    elif isinstance(value, dict):
        yield from _tensors_in(list(value.values()))


def _judge(calls: Sequence[_Call], read: Sequence[memoryview]) -> None:
    for call, view in zip(calls, read, strict=True):
        what = _VERDICTS[memoryview(view).cast("B").cast("i")[0]]
        if what:
            raise AnomalyError(f"{call.name}: {what} of call {call.number} holds NaN or infinity")
