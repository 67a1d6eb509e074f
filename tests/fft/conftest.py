"""A device for these tests beside those of all tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from spiraltorch_web.device.base import Device
from spiraltorch_web.runtime.session import session
from tests.support.adapters import note_adapter
from tests.support.sessions import opened


@pytest.fixture
def as_gpu(request, monkeypatch) -> Iterator[Device]:
    """WebGPU with the plans of a real GPU: threads that meet in workgroup memory, whose banks they share out."""
    chosen = opened("webgpu")
    monkeypatch.setattr(chosen, "caps", replace(chosen.caps, software=False))
    note_adapter(request.node, f"{chosen.info.adapter} ({chosen.info.backend})")
    session().use_device(chosen)
    session()._programs.pop(chosen, None)  # those with the plans of CPU cores
    yield chosen
    session()._programs.pop(chosen, None)
    session().use_device(opened("cpu"))
