"""Python's garbage collector stays out of short work, and is afterwards as it was."""

from __future__ import annotations

import gc
from contextlib import contextmanager

import pytest

from spiraltorch_web import spiralk
from spiraltorch_web.collecting import PostponedCollection
from spiraltorch_web.roundtable import Roundtable
from tests.roundtable.inputs import PROBLEM, WRONG, settings_in


@pytest.fixture(autouse=True)
def _as_it_was():
    was, thresholds = gc.isenabled(), gc.get_threshold()
    gc.enable()
    yield
    gc.set_threshold(*thresholds)
    (gc.enable if was else gc.disable)()


@contextmanager
def collections():
    """The collections that begin in here, in a list; there is one for every tenth object, if none is postponed."""
    begun = []

    def note(phase, info):
        if phase == "start":
            begun.append(info["generation"])

    gc.callbacks.append(note)
    gc.set_threshold(10)
    try:
        yield begun
    finally:
        gc.callbacks.remove(note)


def test_it_is_off_inside_and_on_again_after_an_error_too():
    with PostponedCollection():
        assert not gc.isenabled()
        with PostponedCollection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(spiralk.SpiralKError):
        spiralk.parse("mk: ;")
    assert gc.isenabled()


def test_where_a_user_has_turned_it_off_it_stays_off():
    gc.disable()
    with PostponedCollection():
        assert not gc.isenabled()
    assert not gc.isenabled()


@pytest.mark.parametrize("read", [spiralk.parse, spiralk.parse_lines])
def test_a_long_program_is_read_without_collections_and_leaves_no_cycles(read):
    text = "mk: sel(k > 3, 1, 0);\n" * 2000 + "mk:"  # the last line is no rule, which parse_lines notes
    text = text.removesuffix("mk:") if read is spiralk.parse else text
    read("mk: 1;")
    with collections() as begun:
        found = read(text)
        assert len(begun) <= 2  # after the work
    gc.collect()
    gc.disable()
    del found
    assert gc.collect() < 100


def test_a_decision_is_made_without_collections(tmp_path):
    roundtable = Roundtable(settings_in(tmp_path, program="mk: 3; soft(wg, 256, 0.5, c > 3);" * 20))
    with collections() as begun:
        roundtable.decide(PROBLEM, WRONG)
        assert len(begun) <= 2
