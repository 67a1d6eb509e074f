"""The session's device, as most of the library's tests take it."""

import pytest

from spiraltorch_web.runtime.session import session
from tests.support.adapters import note_adapter
from tests.support.sessions import cpu_unless_asked, device, opened  # noqa: F401


@pytest.fixture
def native_session(request):
    """The session on the best native WebGPU adapter."""
    chosen = opened("webgpu")
    note_adapter(request.node, f"{chosen.info.adapter} ({chosen.info.backend})")
    session().use_device(chosen)
    yield chosen
    session().use_device(opened("cpu"))
