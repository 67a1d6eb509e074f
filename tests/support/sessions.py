"""A fixture that runs a test on every native device: ``from tests.support.sessions import device``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from spiraltorch_web.device.base import Device
from spiraltorch_web.device.select import open_device
from spiraltorch_web.runtime.realize import realize
from spiraltorch_web.runtime.session import session
from spiraltorch_web.tensor import manual_seed
from tests.support.adapters import note_adapter

# One device of each kind per test process: opening one costs more than most tests.
opened = cache(open_device)


@pytest.fixture(params=["cpu", "webgpu"])
def device(request) -> Iterator[Device]:
    """The session's device: NumPy, then the best WebGPU adapter. The default generator starts from seed 0."""
    chosen = opened(request.param)
    if request.param != "cpu":
        note_adapter(request.node, f"{chosen.info.adapter} ({chosen.info.backend})")
    session().use_device(chosen)
    manual_seed(0)
    yield chosen
    realize()  # what still waits belongs to this device
    session().use_device(opened("cpu"))


@pytest.fixture(autouse=True, scope="session")
def cpu_unless_asked() -> None:
    """Tests that name no device share one."""
    session().use_device(opened("cpu"))
