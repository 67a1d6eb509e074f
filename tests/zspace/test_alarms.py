"""Alarms: conditions that devices watch, heard with the next value that is read."""

from __future__ import annotations

import gc
import math

import pytest

import spiraltorch_web as st
from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.runtime.session import session
from spiraltorch_web.tensor.alarms import watch
from spiraltorch_web.zspace import geometry
from tests.support.waiting import finish


def at_most_one(name: str, x: st.Tensor) -> None:
    watch(name, x.amax(), lambda worst: None if worst <= 1.0 else f"{name} reached {worst:g}")


def test_an_offence_is_told_with_the_next_read_and_then_forgotten(device):
    at_most_one("x", st.tensor([0.5, 3.0]))
    other = st.ones(2)
    with pytest.raises(ArgumentError, match=r"x reached 3 \(at test_alarms.py, line"):
        other.tolist()
    assert other.tolist() == [1.0, 1.0]


def test_the_largest_of_many_offences_is_told_and_nan_is_one():
    for value in (2.0, 5.0, 4.0):
        at_most_one("x", st.tensor([value]))
    with pytest.raises(ArgumentError, match="x reached 5"):
        st.ones(1).item()
    at_most_one("y", st.tensor([math.nan]))
    with pytest.raises(ArgumentError, match="y reached nan"):
        finish(st.ones(1).item_async())


def test_a_compiled_step_watches_every_time_it_runs(device):
    @st.compile
    def step(x):
        at_most_one("x", x)
        return x * 2.0

    assert step(st.tensor([0.25])).item() == 0.5
    step(st.tensor([7.0]))
    result = step(st.tensor([0.5]))
    with pytest.raises(ArgumentError, match="x reached 7"):
        result.item()
    assert step(st.tensor([0.5])).item() == 1.0


def test_silent_alarms_leave_nothing_behind():
    gc.collect()
    before = len(session().alarms)
    for _ in range(3):
        at_most_one("x", st.tensor([0.5]))
        assert st.ones(1).item() == 1.0
    gc.collect()
    assert len(session().alarms) == before and not session().unread


def test_alarms_of_one_device_are_not_read_on_another():
    st.set_device("cpu")
    at_most_one("x", st.tensor([9.0]))
    left = st.ones(1)
    st.realize(left)
    st.set_device("cpu")
    assert st.ones(1).item() == 1.0
    with pytest.raises(ArgumentError, match="x reached 9"):
        left.item()


def test_what_a_compiled_step_overwrites_is_no_longer_known():
    points = geometry.expmap0(st.tensor([[0.5, 0.0]]))

    @st.compile
    def spoil(factor):
        points.mul_(factor)

    spoil(st.tensor(10.0))
    with pytest.raises(ArgumentError, match="holds a point of norm 4.62"):
        geometry.logmap0(points).tolist()
