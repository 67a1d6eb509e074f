"""`progress()`: the items pass through, the bar and the ticks follow."""

from __future__ import annotations

import io
from contextlib import contextmanager

import pytest

from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.host import HOSTS, PlainHost
from spiraltorch_web.live import progress
from spiraltorch_web.live.current import CURRENT
from spiraltorch_web.live.drawing import progress_line, sparkline
from spiraltorch_web.live.events import Progress
from spiraltorch_web.live.terminal import TerminalSink


class Recorder:
    """A sink that keeps what it is shown."""

    def __init__(self):
        self.events = []

    def show(self, event):
        self.events.append(event)

    def close(self):
        pass


class TickingHost(PlainHost):
    def __init__(self):
        self.ticks = []

    def tick(self, source):
        self.ticks.append(source)


@contextmanager
def recording():
    recorder, host = Recorder(), TickingHost()
    CURRENT.install(recorder)
    with HOSTS.using(host):
        yield recorder, host


def test_items_pass_and_the_end_is_shown():
    with recording() as (recorder, host):
        assert list(progress("abc", "letter")) == ["a", "b", "c"]
    assert (recorder.events[0].done, recorder.events[-1].done, recorder.events[-1].total) == (0, 3, 3)
    assert host.ticks == ["progress"] * 3


def test_generators_need_no_length():
    with recording() as (recorder, _):
        assert list(progress(iter([1, 2]))) == [1, 2]
    assert recorder.events[-1].total is None


def test_many_fast_turns_show_few_events():
    with recording() as (recorder, _):
        for _ in progress(range(50_000)):
            pass
    assert len(recorder.events) < 100


def test_something_that_cannot_be_iterated_is_refused():
    with pytest.raises(ArgumentError, match="such as range"):
        progress(5)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Progress("epoch", 12, 24, 1930.4), "epoch 12/24 ████████████             1,930/s"),
        (Progress("step", 3, None, 0.5), "step 3  0.5/s"),
        (Progress("step", 24, 24, 20.0), "step 24/24 ████████████████████████ 20/s"),
    ],
)
def test_bar(event, line):
    assert progress_line(event) == line


def test_sparkline_spans_lowest_to_highest_and_marks_what_is_not_finite():
    assert sparkline([0, 1, float("nan"), 0.5]) == "▁█·▅"


def test_bar_stays_below_the_lines_of_a_terminal(tmp_path):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    sink = TerminalSink(tmp_path, stream)
    sink.show(Progress("step", 1, 2, 10.0))
    sink._line("a line")
    assert stream.getvalue().endswith("\x1b[Ka line\nstep 1/2 ████████████             10/s")
