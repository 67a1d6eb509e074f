"""A device that goes away: errors at once, never a hang, and training goes on from the last checkpoint."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web import nn, optim
from spiraltorch_web.device.select import open_device
from spiraltorch_web.runtime.session import session
from tests.support.adapters import note_adapter
from tests.support.sessions import opened
from tests.support.waiting import finish

QUICK = 2.0  # seconds


@pytest.fixture
def gpu(request):
    """A WebGPU device of this test's own: it will be destroyed."""
    device = open_device("webgpu")
    note_adapter(request.node, f"{device.info.adapter} ({device.info.backend})")
    session().use_device(device)
    st.manual_seed(0)
    yield device
    session().pending.clear()
    session().use_device(opened("cpu"))


class Training:
    """Adam on a small network with dropout: parameters, buffers, optimiser state and random state all matter."""

    def __init__(self, **settings) -> None:
        st.manual_seed(1)
        self.model = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1))
        self.optimizer = optim.Adam(self.model.parameters(), lr=0.02)
        self.scheduler = optim.lr_scheduler.StepLR(self.optimizer, step_size=5, gamma=0.5)
        self.x, self.y = st.randn(32, 6), st.randn(32, 1)
        self.checkpoint = st.Checkpoint(
            model=self.model,
            optimizer=self.optimizer,
            scheduler=self.scheduler,
            constant=(self.x, self.y),
            **settings,
        )
        self.step = st.compile(self.eager_step)

    def eager_step(self, x, y):
        self.optimizer.zero_grad()
        loss = ((self.model(x) - y) ** 2).mean()
        loss.backward()
        self.optimizer.step()
        return loss

    def advance(self, steps: int, step=None) -> list[float]:
        losses = []
        for _ in range(steps):
            losses.append((step or self.step)(self.x, self.y).item())
            self.scheduler.step()
            self.checkpoint.step()
        return losses


def calls_on_a_lost_device():
    x = st.ones(4)
    st.realize(x)
    compiled = st.compile(lambda a: a * 2)
    compiled(x)
    lazy = x + 1
    return {
        "read": x.tolist,
        "compute": lambda: lazy.sum().item(),
        "upload": lambda: st.tensor([1.0, 2.0]).tolist(),
        "allocate": lambda: st.realize(st.zeros(1000)),
        "new program": lambda: (x * 3 - 1).tolist(),
        "compiled": lambda: compiled(x).tolist(),
        "compiled anew": lambda: compiled(st.ones(5)).tolist(),
        "synchronize": st.synchronize,
        "random": lambda: st.rand(3).tolist(),
    }


def test_every_call_says_that_the_device_is_lost(gpu):
    calls = calls_on_a_lost_device()
    gpu.close()
    assert gpu.lost
    for name, call in calls.items():
        for _ in range(2):
            start = time.monotonic()
            with pytest.raises(st.DeviceLostError, match="lost"):
                call()
            assert time.monotonic() - start < QUICK, name


def test_a_read_that_waits_ends_with_an_error(gpu):
    """Another thread destroys the device while this one waits for minutes of work."""
    big = st.rand(700, 700)
    st.realize(big)
    threading.Timer(0.3, gpu.close).start()
    start = time.monotonic()
    with pytest.raises(st.DeviceLostError):
        for _ in range(10_000):
            big = big @ big
            big.sum().item()
    assert time.monotonic() - start < 30


def test_an_awaited_read_ends_with_an_error(gpu):
    x = st.ones(4) + 1

    async def read():
        task = asyncio.ensure_future(x.tolist_async())
        await asyncio.sleep(0)
        gpu.close()
        return await asyncio.wait_for(task, 20)

    try:
        assert finish(read()) == [2.0] * 4  # the answer had come already
    except st.DeviceLostError:
        pass
    with pytest.raises(st.DeviceLostError):
        finish(x.tolist_async())


@pytest.mark.parametrize("style", ["step", "eager_step"])
def test_training_goes_on_from_the_checkpoint_as_if_nothing_had_happened(gpu, style):
    undisturbed = Training(every=4)
    wanted = undisturbed.advance(12, getattr(undisturbed, style))
    training = Training(every=4)
    step = getattr(training, style)
    training.advance(6, step)
    session().device.close()
    with pytest.raises(st.DeviceLostError):
        training.advance(1, step)
    info = st.recover()
    assert info.name == "webgpu" and session().device is not gpu
    assert training.checkpoint.steps == 4
    assert training.optimizer.lr == 0.02 and training.scheduler.last_epoch == 4
    np.testing.assert_allclose(training.advance(8, step), wanted[4:], rtol=1e-5)


def test_recovering_on_another_kind_of_device(gpu):
    training = Training(every=1)
    training.advance(3)
    before = training.model.state_dict()["0.weight"].numpy()
    gpu.close()
    assert st.recover("cpu").name == "cpu"
    np.testing.assert_array_equal(training.model.state_dict()["0.weight"].numpy(), before)
    assert np.isfinite(training.advance(2)).all()


def test_a_loop_that_loses_its_device_twice(gpu):
    training = Training(every=2)
    losses: dict[int, float] = {}
    losing = [3, 8]
    while training.checkpoint.steps < 10:
        if losing and training.checkpoint.steps == losing[0]:
            losing.pop(0)
            session().device.close()
        try:
            losses[training.checkpoint.steps] = training.step(training.x, training.y).item()
            training.scheduler.step()
            training.checkpoint.step()
        except st.DeviceLostError:
            st.recover()
    assert len(losses) == 10 and not losing
    session().use_device(open_device("webgpu"))
    np.testing.assert_allclose(list(losses.values()), Training().advance(10), rtol=1e-5)


def test_what_no_checkpoint_keeps_says_so(gpu):
    training = Training(every=1)
    training.advance(2)
    forgotten = st.ones(6)
    st.realize(forgotten)
    gpu.close()
    st.recover()
    with pytest.raises(st.DeviceLostError, match="went with the GPU device that was lost.*st.Checkpoint"):
        (training.x * forgotten).tolist()
    with pytest.raises(st.DeviceLostError):
        forgotten.tolist()
    assert np.isfinite(training.advance(1)).all()


def test_without_a_checkpoint_new_work_goes_on(gpu):
    compiled = st.compile(lambda: st.rand(3))
    compiled()
    gpu.close()
    st.recover()
    assert st.ones(3).tolist() == [1.0] * 3
    assert len(compiled().tolist()) == 3


def test_a_lost_device_is_forgotten(gpu):
    """Nothing holds on to it, its programs or its buffers once training goes on elsewhere."""
    session().use_device(open_device("webgpu"))
    training = Training(every=1)
    training.advance(2)
    lost = weakref.ref(session().device)
    session().device.close()
    st.recover()
    training.advance(2)
    gc.collect()
    assert lost() is None


# --- checkpoints on any device ------------------------------------------------------------------------------------


def test_going_back_to_a_copy(device):
    training = Training(every=1)
    training.advance(1)
    wanted = training.advance(3)
    training.checkpoint.steps = 0
    again = Training(every=100)
    again.advance(1)
    assert again.advance(3) == pytest.approx(wanted, rel=1e-6)
    again.checkpoint.restore()
    assert again.checkpoint.steps == 1
    assert again.advance(3) == pytest.approx(wanted, rel=1e-6)


def test_copies_are_taken_when_they_are_due_in_one_read(device, monkeypatch):
    reads = []
    real = type(device).read
    training = Training(every=5)
    monkeypatch.setattr(type(device), "read", lambda self, requests: reads.append(1) or real(self, requests))
    taken = [training.checkpoint.step() for _ in range(11)]
    assert [place for place, was in enumerate(taken, 1) if was] == [1, 5, 10]
    assert len(reads) == 3
    patient = st.Checkpoint(model=training.model, seconds=3600)
    assert [patient.step() for _ in range(3)] == [True, False, False]
    hasty = st.Checkpoint(model=training.model, seconds=0)
    assert [hasty.step() for _ in range(3)] == [True, True, True]


def test_a_copy_taken_without_waiting(device):
    training = Training()
    assert finish(training.checkpoint.step_async()) is True
    assert finish(training.checkpoint.step_async()) is False


def test_nested_state_and_generators(device):
    generator, w = st.Generator(5), st.rand(3)
    first = w.tolist()
    checkpoint = st.Checkpoint(parts={"weights": [w], "noise": generator})
    checkpoint.step()
    drawn = st.rand(2, generator=generator).tolist()
    w.zero_()
    checkpoint.restore()
    assert w.tolist() == first
    assert st.rand(2, generator=generator).tolist() == drawn


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs something to keep"),
        ({"model": 3}, "model is a int"),
        ({"parts": {"a": [None]}}, r"parts\.a\.0 is a NoneType"),
        ({"every": 0}, "every is a number of steps"),
        ({"seconds": -1}, "seconds is a number"),
    ],
)
def test_what_a_checkpoint_refuses(arguments, message):
    with pytest.raises(st.ArgumentError, match=message):
        st.Checkpoint(**arguments)


def test_nothing_to_restore_or_recover(device):
    with pytest.raises(st.DeviceError, match="holds no copy yet"):
        st.Checkpoint(w=st.ones(3)).restore()
    with pytest.raises(st.DeviceError, match="the device works"):
        st.recover()


class KeepingHost:
    """A host that outlives Python, as the page does."""

    name = "page"
    kept: bytes | None = None

    def keep_checkpoint(self, encode):
        self.kept = encode()

    def kept_checkpoint(self):
        kept, self.kept = self.kept, None
        return kept

    def checkpoint(self):
        """Nothing is due."""


def test_a_host_that_outlives_python_hands_the_copy_back(device, capsys):
    from spiraltorch_web.host import HOSTS

    with HOSTS.using(KeepingHost()) as host:
        training = Training(every=2)
        wanted = training.advance(6)[2:]
        host.kept = None
        training = Training(every=2)
        training.advance(2)
        again = Training(every=100)
        assert again.checkpoint.steps == 2
        assert "going on after step 2" in capsys.readouterr().out
        assert again.advance(4) == pytest.approx(wanted, rel=1e-6)
        again.checkpoint.take()
        other = st.Checkpoint(model=nn.Linear(2, 2))
        assert other.steps == 0 and "starting afresh" in capsys.readouterr().out
