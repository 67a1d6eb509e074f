"""A Chromium that runs the benchmark page by itself: the page posts its result to the server it came from.

Without Playwright, so that a bare headless shell on a GPU machine will do.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from buildtools.server import SiteHandler, SiteServer

PAGE = "bench/"
RESULTS = "/bench/results"
LARGEST_RESULT = 16 << 20
SOFTWARE_FLAGS = (
    "--enable-unsafe-webgpu", "--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)  # fmt: skip
HARDWARE_FLAGS = (
    "--enable-unsafe-webgpu", "--enable-features=Vulkan", "--use-angle=vulkan", "--disable-vulkan-surface",
    "--ignore-gpu-blocklist",
)  # fmt: skip
COMMON_FLAGS = (
    "--headless", "--no-sandbox", "--no-first-run", "--disable-extensions", "--disable-dev-shm-usage",
    "--enable-logging=stderr",
    # Memory readings after a collection at once, not at the browser's leisure.
    "--enable-blink-features=ForceEagerMeasureMemory",
)  # fmt: skip


class BrowserFailure(RuntimeError):
    """The page did not come to a result."""


class _Handler(SiteHandler):
    """The site's files, and one place that takes results."""

    server: ResultServer

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if self.path != RESULTS or not 0 < length <= LARGEST_RESULT:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        self.server.results.put(json.loads(self.rfile.read(length)))
        self._refuse(HTTPStatus.OK)


class ResultServer(SiteServer):
    """Serves a built site and collects what its benchmark page posts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, port=0)
        self.RequestHandlerClass = _Handler
        self.results: queue.Queue[dict] = queue.Queue()


def run_page(
    site: Path,
    chromium: Path,
    flags: Sequence[str],
    query: Mapping[str, object],
    timeout: float,
    page: str = PAGE,
) -> dict:
    """Open a benchmark page with address parameters and wait for its result. Raises BrowserFailure."""
    if not (site / PAGE / "index.html").is_file():
        raise BrowserFailure(f"{site} holds no benchmark page; `python3 build.py bench` builds it")
    with _serving(site) as server, _browser(chromium, flags, f"{server.address}{page}?{urlencode(query)}") as browser:
        result = _wait(server, browser, timeout)
    if "error" in result:
        raise BrowserFailure(f"the benchmark page failed: {result['error']}")
    return result


@contextmanager
def _serving(site: Path) -> Iterator[ResultServer]:
    with ResultServer(site) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _browser(chromium: Path, flags: Sequence[str], address: str) -> Iterator[Browser]:
    """A fresh browser process with a profile of its own, gone afterwards."""
    profile = Path(tempfile.mkdtemp(prefix="bench-profile-"))
    log = profile / "stderr.txt"
    command = [str(chromium), *COMMON_FLAGS, *flags, f"--user-data-dir={profile}", "--remote-debugging-port=0", address]
    with log.open("wb") as stream:
        # A session of its own: a headless shell that is ended leaves its helper processes behind.
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stream, start_new_session=True)
        try:
            yield Browser(process, log)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            shutil.rmtree(profile, ignore_errors=True)


class Browser:
    """A running browser and where its messages go."""

    def __init__(self, process: subprocess.Popen, log: Path) -> None:
        self.process = process
        self._log = log

    def last_words(self) -> str:
        """The end of what it printed, for an error message."""
        return self._log.read_text(errors="replace")[-2000:]


def _wait(server: ResultServer, browser: Browser, timeout: float) -> dict:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            return server.results.get(timeout=0.5)
        except queue.Empty:
            if browser.process.poll() is not None:
                raise BrowserFailure(f"Chromium ended by itself:\n{browser.last_words()}") from None
    raise BrowserFailure(f"no result within {timeout:.0f} s; Chromium said:\n{browser.last_words()}")
