"""Too large and broken: errors with sizes or lines, and a device that goes on."""

from __future__ import annotations

import gc
import math
from types import MappingProxyType

import pytest

import spiraltorch_web as st
from spiraltorch_web.compiler import expressions
from spiraltorch_web.errors import KernelError, OutOfMemoryError
from spiraltorch_web.ir.graph import canonical
from spiraltorch_web.ir.ops import Op
from spiraltorch_web.runtime.realize import lower
from spiraltorch_web.runtime.session import LoadedPrograms, session
from tests.support.adapters import note_adapter
from tests.support.sessions import opened

HUGE = 10**6


@pytest.fixture(params=["cpu", "webgpu"])
def working(request):
    """The session's device; afterwards it has to work and to hold what it held before."""
    device = opened(request.param)
    if request.param == "webgpu":
        note_adapter(request.node, f"{device.info.adapter} ({device.info.backend})")
    session().use_device(device)
    st.manual_seed(0)
    kept = st.arange(5) + 1
    st.realize(kept, st.default_generator().state)
    before = device.memory()["allocated"]
    yield device
    gc.collect()  # a caught error holds the frames that it came through
    assert device.memory()["allocated"] <= before + 4096  # programs keep small temporaries
    assert (kept * 2).tolist() == [2, 4, 6, 8, 10]
    session().use_device(opened("cpu"))


REFUSED = {
    "zeros": (lambda: st.zeros(HUGE, HUGE).numpy(), "4,000,000,000,000 bytes"),
    "zeros, used": (lambda: (st.zeros(HUGE, HUGE) + 1).numpy(), r"\(1000000, 1000000\).*4,000,000,000,000 bytes"),
    "zeros, summed": (lambda: st.zeros(HUGE, HUGE).sum().item(), r"\(1000000, 1000000\)"),
    "random": (lambda: st.rand(HUGE, HUGE).numpy(), "1,000,000,000,000 entries"),
    "broadcast": (lambda: (st.rand(HUGE, 1) + st.rand(1, HUGE)).amax(0).numpy(), "1,000,000,000,000 entries"),
    "in between": (lambda: st.rand(HUGE, 1).expand(HUGE, HUGE).cumsum(1).amax(0).numpy(), r"\(1000000, 1000000\)"),
    "outer product": (lambda: st.outer(st.ones(HUGE), st.arange(HUGE).float()).numpy(), "4,000,000,000,000 bytes"),
    "compiled": (lambda: st.compile(lambda x: x[:, None] * x)(st.arange(HUGE).float()), "4,000,000,000,000 bytes"),
    "a layer": (lambda: st.nn.Linear(HUGE, HUGE)(st.ones(1, HUGE)).numpy(), r"\(1000000, 1000000\)|1,000,000,000,000"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_fits_nowhere_is_refused_with_its_size(working, name):
    call, shown = REFUSED[name]
    with pytest.raises(OutOfMemoryError, match=shown):
        call()


def test_a_value_in_the_middle_of_a_program(working):
    """Only the program needs it, and no buffer of the device can hold it."""
    size = math.isqrt(working.caps.max_buffer_bytes // 4) + 10
    x = st.rand(size, 1)
    with pytest.raises(OutOfMemoryError, match=f"{size * size * 4:,} bytes"):
        (x * st.rand(1, size)).reshape(-1).argsort()[0].item()
    assert (x < 1).all().item()


def test_a_refused_result_leaves_the_others_computable(working):
    """One run has several results; when one cannot be allocated, none may look computed."""
    x = st.rand(3)
    fine = x * 2
    huge = fine.sum() + st.zeros(working.caps.max_buffer_bytes // 4000 + 1, 1000)
    with pytest.raises(OutOfMemoryError):
        st.realize(fine, huge)
    assert fine.tolist() == pytest.approx([2 * value for value in x.tolist()])


def test_tensors_changed_in_place_keep_their_new_values(working):
    total = st.zeros(3)
    total.add_(1)
    with pytest.raises(OutOfMemoryError):
        st.zeros(HUGE, HUGE).numpy()
    assert total.tolist() == [1, 1, 1]


@pytest.mark.parametrize("working", ["webgpu"], indirect=True)
def test_programs_of_many_shapes_do_not_fill_the_memory(working):
    """What a program needs between its first and its last step is its own, so old programs have to go."""
    programs = LoadedPrograms(working, most_bytes=1 << 20)
    start = working.memory()
    for rows in range(1, 9):
        x = st.rand(rows, 100_000)
        graph, _, key = canonical([(x.cumsum(1) * x).sum(1)._node])
        lowered = lower(working, graph)
        assert lowered.temporary_bytes >= 400_000 * rows
        programs.keep(key, working.load(lowered), lowered.temporary_bytes)
        kept = working.memory()["allocated"] - start["allocated"]
        assert kept <= (1 << 20) + 2 * lowered.temporary_bytes
        assert programs.find(key) is not None
    assert working.memory()["programs"] == start["programs"] + 1
    assert programs.clear()
    assert working.memory()["allocated"] == start["allocated"]


@pytest.mark.parametrize("working", ["webgpu"], indirect=True)
def test_old_programs_make_room_for_what_would_not_fit(working, monkeypatch):
    x = st.rand(2, 100)
    (x.cumsum(1) * x).sum(1).numpy()
    allocate, refused = working.alloc, []
    programs = working.memory()["programs"]

    def scarce(*request) -> int:
        if not refused:
            refused.append(request)
            raise OutOfMemoryError("the device has no bytes left")
        return allocate(*request)

    monkeypatch.setattr(working, "alloc", scarce)
    assert (x.cumsum(1).amax(1) >= 0).all().item()
    assert refused
    assert working.memory()["programs"] < programs + 1


@pytest.mark.parametrize("working", ["webgpu"], indirect=True)
def test_a_kernel_that_does_not_compile_shows_its_generated_line(working, monkeypatch):
    """A broken template reaches the user as an error with the kernel's name and the line, and later code works."""
    with monkeypatch.context() as patched:
        broken = MappingProxyType({**expressions.TEMPLATES, Op.CEIL: "ceiling({0})"})
        patched.setattr(expressions, "TEMPLATES", broken)
        with pytest.raises(KernelError) as caught:
            (st.rand(3) * 4.25).ceil().tolist()
    message = str(caught.value)
    assert "kernel '" in message and "did not compile" in message
    (line,) = [line for line in message.splitlines() if line.startswith(">")]
    assert "ceiling(" in line
    assert st.tensor([1.25]).ceil().tolist() == [2]
