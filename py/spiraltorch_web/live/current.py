"""The writer that `st.live`'s functions use: one per run."""

from __future__ import annotations

import atexit
import sys

from .writer import Sink, Writer


class _Current:
    """Holds the run's writer; made on first use, so that importing `st.live` opens nothing."""

    def __init__(self) -> None:
        self._writer: Writer | None = None

    def writer(self) -> Writer:
        """The writer of this run; in a terminal one that prints and saves."""
        if self._writer is None:
            from .terminal import TerminalSink  # the page never needs it

            self._writer = Writer(TerminalSink.for_script(sys.argv[0] if sys.argv else ""))
            atexit.register(self._writer.close)
        return self._writer

    def install(self, sink: Sink) -> Writer:
        """Start a fresh writer that shows through `sink`; its owner closes it."""
        self._writer = Writer(sink)
        return self._writer


CURRENT = _Current()
