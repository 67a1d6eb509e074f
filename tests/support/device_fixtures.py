"""WebGPU devices for tests, native and in Chromium; without an adapter they fail."""

from __future__ import annotations

from functools import partial

import pytest

from spiraltorch_web.device.select import open_device
from tests.support.adapters import note_adapter
from tests.support.browser import ADAPTER_SCRIPT, launch
from tests.support.device_page import START_PYTHON, device_server
from tests.support.shaders import messages_of


@pytest.fixture
def native(request):
    """A fresh device on the best native adapter, software ones included."""
    device = open_device("webgpu")
    note_adapter(request.node, f"{device.info.adapter} ({device.info.backend})")
    yield device
    device.close()


@pytest.fixture(scope="session")
def device_site():
    with device_server() as address:
        yield address


@pytest.fixture(scope="session")
def chromium(playwright):
    browser = launch(playwright, gpu=True)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def bare_page(chromium, device_site):
    """A page with a WebGPU adapter and nothing else; (page, adapter name)."""
    page = chromium.new_page()
    page.goto(device_site)
    name = page.evaluate(ADAPTER_SCRIPT)
    assert name, "Chromium gave no WebGPU adapter"
    return page, f"{name} (Chromium {chromium.version})"


@pytest.fixture(scope="session")
def python_page(chromium, device_site):
    """A page in which Pyodide runs with the package, which finds the executor in its own files."""
    page = chromium.new_page()
    page.goto(device_site)
    page.evaluate(START_PYTHON, ["/pyodide/", False])
    return page


@pytest.fixture
def executor_page(bare_page, request):
    """The bare page with a fresh executor as `executor`."""
    page, name = bare_page
    note_adapter(request.node, name)
    page.evaluate("""async () => {
      await import("/executor/executor.js");
      globalThis.executor = await spiraltorchExecutor.open("webgpu");
    }""")
    yield page
    page.evaluate("() => executor.close()")


@pytest.fixture
def compile_all(native, executor_page):
    """``compile_all(kernels, built)``: what naga and Tint say about each; see `tests.support.shaders.messages_of`."""
    return partial(messages_of, native, executor_page)
