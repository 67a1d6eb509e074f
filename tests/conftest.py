"""Fixtures every folder may use: built sites on a local server, and a browser whose GPU is asserted to be there."""

from __future__ import annotations

import os
import tempfile

import hypothesis
import pytest
from playwright.sync_api import sync_playwright

from tests.support.adapters import count_adapters, native_adapter_names, note_adapter
from tests.support.browser import OpenPages, adapter_name, launch
from tests.support.device_fixtures import (  # noqa: F401  fixtures for every folder
    bare_page,
    chromium,
    compile_all,
    device_site,
    executor_page,
    native,
    python_page,
)
from tests.support.site import built_site, served

# Mesa's Vulkan driver insists on a runtime folder, which a bare CI machine does not name.
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# Where the long files are: workers that share a run begin with them, so that none is left waiting for one at the end.
LONG_FOLDERS = ("kernels", "everywhere", "web", "training", "faults", "device")


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):
        ranks = {folder: rank for rank, folder in enumerate(LONG_FOLDERS)}
        items.sort(key=lambda item: ranks.get(item.path.relative_to(config.rootpath).parts[1], len(ranks)))


@pytest.fixture(scope="session", autouse=True)
def roundtable_files(tmp_path_factory):
    """What planning learns and logs stays out of the user's home folder and ends with the tests."""
    folder = tmp_path_factory.mktemp("roundtable")
    os.environ["SPIRAL_HEUR_FILE"] = str(folder / "heur.kdsl")
    os.environ["SPIRAL_LOG_FILE"] = str(folder / "roundtable.log")
    os.environ["SPIRAL_TUNER_TABLES"] = str(folder / "tuner_tables")
    return folder


def pytest_report_header(config):
    return [f"native adapter: {name}" for name in native_adapter_names() or ["none"]]


def pytest_terminal_summary(terminalreporter):
    reports = (report for kind in terminalreporter.stats.values() for report in kind)
    for name, count in sorted(count_adapters(reports).items()):
        terminalreporter.write_line(f"ran on {name}: {count} tests")


@pytest.fixture(scope="session")
def site_server():
    """The site as it ships, served; ``site_server.address`` is its URL."""
    with served(built_site("site")) as server:
        yield server


@pytest.fixture(scope="session")
def cpu_site_server():
    """The variant on Pyodide 0.27.7 that hosts NumPy's wheel, for the CPU fallback of the page."""
    with served(built_site("site-0.27.7")) as server:
        yield server


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def gpu_browser(playwright, site_server):
    """(browser, adapter name): Chromium with a WebGPU adapter; no adapter is a failure, never a skip."""
    browser = launch(playwright, gpu=True)
    name = adapter_name(browser, site_server.address + "site.json")
    assert name, "Chromium gave no WebGPU adapter"
    yield browser, name
    browser.close()


@pytest.fixture(scope="session")
def plain_browser(playwright):
    """Chromium without WebGPU flags: the page finds no adapter."""
    browser = launch(playwright, gpu=False)
    yield browser
    browser.close()


@pytest.fixture
def browser_page(gpu_browser, request):
    """Factory of pages on the GPU: ``page = browser_page(address)``; ``browser_page.problems`` lists their errors."""
    browser, name = gpu_browser
    note_adapter(request.node, f"{name} (Chromium {browser.version})")
    pages = OpenPages(browser)
    yield pages
    pages.close()


@pytest.fixture
def plain_page(plain_browser):
    """The same without a GPU."""
    pages = OpenPages(plain_browser)
    yield pages
    pages.close()
