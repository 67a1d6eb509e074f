"""A native WebGPU device for this folder's tests; without an adapter they fail."""

from __future__ import annotations

import pytest

from spiraltorch_web.device.select import open_device
from tests.support.adapters import note_adapter


@pytest.fixture
def native(request):
    """A fresh device on the best native adapter, software ones included."""
    device = open_device("webgpu")
    note_adapter(request.node, f"{device.info.adapter} ({device.info.backend})")
    yield device
    device.close()
