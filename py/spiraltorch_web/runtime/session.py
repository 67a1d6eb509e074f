"""What a running program shares: the device, the grad mode, the trace in progress.

There is one `Session` unless a program makes its own; it is held in a context variable, never in module globals.
"""

from __future__ import annotations

import atexit
import weakref
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..device.base import Device
from ..errors import TraceError

if TYPE_CHECKING:
    from .trace import Trace

# Loaded programs, and the bytes that they hold for their temporaries. A later run of one that had to go compiles again.
PROGRAMS_KEPT, PROGRAM_BYTES_KEPT = 512, 1 << 30


class LoadedPrograms:
    """Programs that a device keeps for graphs computed before. The least recently used go when they become too many, or
    their temporaries too large.
    """

    def __init__(self, device: Device, most: int = PROGRAMS_KEPT, most_bytes: int = PROGRAM_BYTES_KEPT) -> None:
        self._device = weakref.ref(device)
        self._most, self._most_bytes = most, most_bytes
        self._found: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()  # number and bytes
        self._bytes = 0

    def find(self, key: Hashable) -> int | None:
        """The number of a loaded program, if the device still has it."""
        if key not in self._found:
            return None
        self._found.move_to_end(key)
        return self._found[key][0]

    def keep(self, key: Hashable, number: int, temporary_bytes: int) -> None:
        """Remember a loaded program, and unload others beyond the limits."""
        self._found[key] = (number, temporary_bytes)
        self._bytes += temporary_bytes
        while len(self._found) > self._most or (self._bytes > self._most_bytes and len(self._found) > 1):
            self._unload_oldest()

    def clear(self) -> bool:
        """Unload all of them; whether that freed any memory of the device."""
        freed = self._bytes > 0
        while self._found:
            self._unload_oldest()
        return freed

    def _unload_oldest(self) -> None:
        number, temporary_bytes = self._found.popitem(last=False)[1]
        self._bytes -= temporary_bytes
        if (device := self._device()) is not None:
            device.unload(number)


class Session:
    """State of one running program."""

    def __init__(self) -> None:
        self._device: Device | None = None
        self.grad_enabled = True
        self.tracing: Trace | None = None
        self.epoch = 0  # counts traces: a tensor made in a trace carries its number
        # Tensors assigned in place and not computed yet: the next realize computes them too.
        # Keyed by id: tensors compare entry by entry.
        self.pending: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        # Leaf node -> weak reference to the tensor that wants its gradient.
        self.leaf_of: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
        # (device, …) -> alarm; those of eager calls are kept until they are read, see spiraltorch_web.tensor.alarms.
        self.alarms: weakref.WeakValueDictionary[Hashable, Any] = weakref.WeakValueDictionary()
        self.unread: dict[Hashable, Any] = {}
        # Node -> what is known of its values without reading them, such as the manifold whose points they are.
        self.known: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
        # Node of an integer tensor made of the program's own numbers -> the least and the largest of them.
        self.bounds: weakref.WeakKeyDictionary[Any, tuple[int, int]] = weakref.WeakKeyDictionary()
        self.watcher: Any = None  # the `detect_anomaly` in whose body the program is
        self.seed = 0  # of the default generator, also of the one that another device gets
        self.checkpoints: weakref.WeakSet[Any] = weakref.WeakSet()  # restored when a lost device is replaced
        self.generator: Any = None  # the default random generator, made by spiraltorch_web.random
        self.planner: Any = None  # remembers Rank-K plans, made by spiraltorch_web.rankk
        self.roundtable: Any = None  # decides about launches, made by spiraltorch_web.roundtable
        self.fft_plans: Any = None  # remembers plans of transforms, made by spiraltorch_web.fft
        # Weak: the programs of a device that nobody uses any more, such as a lost one, go with it.
        self._programs: weakref.WeakKeyDictionary[Device, LoadedPrograms] = weakref.WeakKeyDictionary()

    @property
    def device(self) -> Device:
        """The device that new work goes to; opened at first use."""
        if self._device is None:
            from ..device.select import open_device  # opening a device loads its backend: only when one is needed

            self._device = open_device()
        return self._device

    @property
    def has_device(self) -> bool:
        return self._device is not None

    def use_device(self, device: Device) -> None:
        """Send new work to ``device``; tensors that exist stay where they are."""
        if self.tracing is not None:
            raise TraceError("the device cannot change inside a compiled step")
        self._device = device
        self.generator = None

    def release(self) -> None:
        """Let go of the device and of whatever leads to it."""
        self._device = self.generator = self.planner = self.roundtable = None
        self._programs.clear()

    def programs(self, device: Device) -> LoadedPrograms:
        """What is loaded on a device for eager work."""
        if device not in self._programs:
            self._programs[device] = LoadedPrograms(device)
        return self._programs[device]


_current: ContextVar[Session] = ContextVar("spiraltorch_web.session")
_current.set(Session())
_default = _current.get()
# Before Python takes modules apart in an order of its own: GPU objects must go while their library is still loaded.
atexit.register(_default.release)


def session() -> Session:
    """The session of the running code."""
    return _current.get(_default)


@contextmanager
def grad_mode(enabled: bool) -> Iterator[None]:
    """Record derivatives, or do not, in the body."""
    current = session()
    before, current.grad_enabled = current.grad_enabled, enabled
    try:
        yield
    finally:
        current.grad_enabled = before
