"""A compiled function follows its tensors to another device."""

from __future__ import annotations

import pytest

import spiraltorch_web as st
from spiraltorch_web.runtime.session import session


@pytest.fixture
def both():
    """Names of two devices; the session's device afterwards is the one of before."""
    before = session().device
    yield "cpu", "webgpu"
    session().use_device(before)


def test_arguments_decide_where_a_function_runs(both):
    double = st.compile(lambda x: x * 2)
    tensors = []
    for name in both:
        st.set_device(name)
        tensors.append(st.ones(3) + st.arange(3))
        st.realize(tensors[-1])
    for _ in range(2):
        for name, tensor in zip(both, tensors, strict=True):
            result = double(tensor)
            assert result.device == name and result.tolist() == [2, 4, 6]


def test_captured_tensors_decide_too(both):
    st.set_device("cpu")
    total = st.zeros(2)
    add = st.compile(lambda x: total.add_(x))
    add(st.ones(2))
    st.set_device("webgpu")
    total = total.to("webgpu")
    add(st.ones(2))
    assert add(st.ones(2)).device == "webgpu"
    assert total.tolist() == [3, 3]


def test_tensors_on_two_devices_do_not_mix(both):
    st.set_device("cpu")
    here = st.rand(2)
    st.realize(here)
    st.set_device("webgpu")
    there = st.rand(2)
    st.realize(there)
    with pytest.raises(st.DeviceError, match="tensors live on cpu and webgpu"):
        st.compile(lambda x, y: x + y)(here, there)
    with pytest.raises(st.DeviceError, match="tensors live on cpu and webgpu"):
        (here + there).tolist()
