"""The place a program runs in, as the program sees it: a terminal or the page.

Three things depend on the host: where `st.live` and `progress()` show what they are given, what a long computation
does to stay interruptible, and where the examples' data files lie. Everything else is the same everywhere.

A process has one host, so the choice lives in one object, `HOSTS`; the page's bridge replaces the host once at
start, tests replace it inside `HOSTS.using(...)`.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from .errors import NoDeviceError
from .resources import tuner_table_names, tuner_table_text

__all__ = ["HOSTS", "Host", "PlainHost", "checkpoint"]


class Host(Protocol):
    """What the surroundings offer to a running program."""

    name: str

    def checkpoint(self) -> None:
        """Let the surroundings act. Called once per compiled step; must cost next to nothing when nothing is due.

        The page returns to the browser's event loop here every 50 ms, waits while the user has paused, and raises
        `KeyboardInterrupt` when the user has pressed Stop.
        """

    def tick(self, source: str) -> None:
        """Mark the start of a visible step, where Step holds: "progress" for a turn of a `progress()` loop, "live"
        for a new step number in `st.live`. In a loop of the first kind the second kind does not count."""

    def read_example(self, name: str) -> bytes:
        """The content of a data file of the examples. Raises FileNotFoundError."""

    def microphone(self, rate: int) -> Iterator[array]:
        """Pieces of sound as they are heard, f32, ``rate`` samples per second. Raises NoDeviceError."""

    def table_names(self) -> Sequence[str]:
        """The shipped tuner tables, each named after the device class that it is for."""

    def read_table(self, name: str) -> str:
        """The text of a shipped tuner table. Raises ArgumentError."""

    def keep_checkpoint(self, encode: Callable[[], bytes]) -> None:
        """Keep a copy of a training's state where it outlives Python, if there is such a place."""

    def kept_checkpoint(self) -> bytes | None:
        """The copy from before a restart that a lost device made necessary; given out once."""

    def transcribed(self, record: Mapping[str, Any]) -> None:
        """The roundtable has written a record into its transcript; show it where decisions are watched."""


class PlainHost:
    """A terminal, a notebook or a test: the operating system interrupts for us, so there is nothing to do."""

    name = "terminal"

    def checkpoint(self) -> None:
        """Do nothing: Ctrl-C arrives by itself."""

    def tick(self, source: str) -> None:
        """Do nothing: only the page can single-step."""

    def read_example(self, name: str) -> bytes:
        """Read it from the folder `data` beside the running script, else from a source checkout's examples."""
        script = Path(sys.argv[0] if sys.argv else "").resolve().parent
        checkout = Path(__file__).resolve().parents[2] / "web" / "examples"
        folders = (script / "data", checkout / "data")
        for folder in folders:
            if (folder / name).is_file():
                return (folder / name).read_bytes()
        raise FileNotFoundError(f"the example's data {name!r} is neither in {folders[0]} nor in {folders[1]}")

    def microphone(self, rate: int) -> Iterator[array]:
        """There is none: the standard library has no sound."""
        raise NoDeviceError("only the page reaches a microphone; record a WAV file and use st.io.load_wav")

    def table_names(self) -> Sequence[str]:
        """Those of the package."""
        return tuner_table_names()

    def read_table(self, name: str) -> str:
        """Read it from the package."""
        return tuner_table_text(name)

    def keep_checkpoint(self, encode: Callable[[], bytes]) -> None:
        """Do nothing: a lost device leaves this process alive, and `st.save` is for the rest."""

    def kept_checkpoint(self) -> bytes | None:
        """None: nothing outlives the process."""
        return None

    def transcribed(self, record: Mapping[str, Any]) -> None:
        """Do nothing: `python -m spiraltorch_web roundtable show` prints the transcript."""


class _Hosts:
    """Holds the process's host; plain by default."""

    def __init__(self) -> None:
        self.current: Host = PlainHost()

    def install(self, host: Host) -> None:
        """Make `host` the surroundings of everything that follows."""
        self.current = host

    @contextmanager
    def using(self, host: Host) -> Iterator[Host]:
        """Make `host` the surroundings inside a with block."""
        previous = self.current
        self.current = host
        try:
            yield host
        finally:
            self.current = previous


HOSTS = _Hosts()


def checkpoint() -> None:
    """Give the host a turn; see `Host.checkpoint`."""
    HOSTS.current.checkpoint()
