"""Section ``start``: from opening the page to the first trained step, and what is transferred for it.

Run is pressed as soon as the page offers it. The first trained step is taken as the first point of the first
example's loss curve arriving from the worker, which is a little later. Times count from the start of the navigation
(``performance.timeOrigin``). The shell is painted with the browser's first contentful paint: header, code, picture and
buttons' places are in the markup. How fast this machine is at the moment is told by two pages of the same server, each
in a browser process of its own: one with a single word, and one that loads Python's runtime and nothing else.

Each browser process has a profile on disk, as a visitor's has, in which this site is new. It keeps compiled WebAssembly
for the next visit, about two seconds after the last of it was compiled; a private window keeps none.
"""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from statistics import median

from buildtools.server import TYPES, SiteHandler, SiteServer

from .options import Options
from .page import browser_flags, browser_of, runs_on_software
from .report import Report, Row
from .timing import Timing

SECTION = "start"
CASE = "first example"
ROUNDS = 3
TIMEOUT_MILLISECONDS = 90_000
VISIT_MILLISECONDS = 4000  # before the reload
MEGABYTE = 1e6
GOALS = {
    ("fresh browser process", "painted"): 0.3,
    ("fresh browser process", "trained"): 7.0,
    ("reload", "painted"): 0.3,
    ("reload", "trained"): 4.0,
}
MOST_MEGABYTES = 8
WORDS = {
    "alone": "Pyodide alone, in an empty page",
    "empty": "a page with one word painted",
    "painted": "shell painted",
    "shell": "all panels at work",
    "ready": "Python ready",
    "trained": "first trained step",
}
TOLD = "start of the page: "
# Notes when the browser has painted something, when all panels are there, when Python says that it is ready and when
# the first scalars arrive; presses Run once it is there, and tells the console of it all. Playwright's own ways to
# press a button and to wait would first load a third of a megabyte of script, just when the page wants to paint.
WATCH = """
const moments = {};
const note = (name, milliseconds = performance.now()) => {
  moments[name] ??= milliseconds / 1000;
  if (Object.keys(moments).length === 4) console.debug(TOLD + JSON.stringify(moments));
};
new PerformanceObserver((list) => {
  for (const entry of list.getEntriesByName("first-contentful-paint")) note("painted", entry.startTime);
}).observe({ type: "paint", buffered: true });
new MutationObserver((_, watching) => {
  if (document.documentElement?.dataset.ready !== "shell") return;
  watching.disconnect();
  note("shell");
  document.querySelector(".run-button").click();
}).observe(document, { attributes: true, subtree: true, childList: true });
globalThis.Worker = class extends Worker {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      if (data?.type === "ready") note("ready");
      if (data?.type === "live" && data.event.kind === "scalars") note("trained");
    });
  }
};
"""
EMPTY_PAGE = b"<!doctype html><title>Empty</title><p>Word"
EMPTY_PATH = "/empty"
EMPTY_WATCH = """
new PerformanceObserver((list) => {
  for (const entry of list.getEntriesByName("first-contentful-paint")) console.debug(TOLD + entry.startTime / 1000);
}).observe({ type: "paint", buffered: true });
"""
PYODIDE_ALONE = """async (base) => {
  const { loadPyodide } = await import(`${base}pyodide/pyodide.mjs`);
  await loadPyodide({ indexURL: `${base}pyodide/` });
  return performance.now() / 1000;
}"""


class _Counting(SiteHandler):
    """Adds up the bytes of bodies as they leave, compressed where they are."""

    server: CountingServer

    def do_GET(self) -> None:
        if self.path != EMPTY_PATH:
            super().do_GET()
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", TYPES[".html"])
        self.send_header("Content-Length", str(len(EMPTY_PAGE)))
        self._finish_headers(None)
        self._send(EMPTY_PAGE)

    def _send(self, body: bytes) -> None:
        with self.server.counting:
            self.server.sent += len(body)
        super()._send(body)


class CountingServer(SiteServer):
    """Serves a built site and knows how much it has sent."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, port=0)
        self.RequestHandlerClass = _Counting
        self.counting = threading.Lock()
        self.sent = 0


def run(report: Report, options: Options) -> None:
    """Start several fresh browsers; in each, open the page and reload it."""
    from playwright.sync_api import sync_playwright

    moments: dict[str, list[dict[str, float]]] = {"fresh browser process": [], "reload": []}
    sent: dict[str, list[int]] = {kind: [] for kind in moments}
    with sync_playwright() as playwright, serving(options.site) as server, _browsers(playwright, options) as fresh:
        for _ in range(ROUNDS):
            with fresh(EMPTY_WATCH) as page:
                empty = {kind: _told(page, f"{server.address}{EMPTY_PATH[1:]}", kind) for kind in moments}
            with fresh("") as page:
                alone = {kind: _pyodide_alone(page, server.address) for kind in moments}
            with fresh(WATCH) as page:
                # A software adapter is used only when it is asked for.
                address = server.address + ("#device=webgpu" if runs_on_software(options) else "")
                for kind in moments:
                    before = server.sent
                    found = _told(page, address, kind)
                    page.evaluate("document.querySelector('[title=Stop]').click()")  # nothing runs during the reload
                    page.wait_for_timeout(VISIT_MILLISECONDS)
                    moments[kind].append({**found, "alone": alone[kind], "empty": empty[kind]})
                    sent[kind].append(server.sent - before)
    report.add([*_times(moments), *_transfers(sent)])


@contextmanager
def _browsers(playwright, options: Options) -> Iterator[Callable]:
    """Opens the page of a fresh browser process, again and again: ``fresh(watch)``, run before a document's scripts.

    Each begins with a copy of one profile in which a browser has been once, since its very first start takes longer.
    """
    how = {"executable_path": str(browser_of(options)), "args": ["--no-sandbox", *browser_flags(options)]}
    with tempfile.TemporaryDirectory(prefix="bench-profiles-", ignore_cleanup_errors=True) as folder:
        blank = Path(folder) / "blank"
        playwright.chromium.launch_persistent_context(blank, **how).close()
        numbers = itertools.count()

        @contextmanager
        def fresh(watch: str) -> Iterator:
            profile = shutil.copytree(blank, Path(folder) / str(next(numbers)), symlinks=True)
            context = playwright.chromium.launch_persistent_context(profile, **how)
            try:
                page = context.pages[0]
                page.add_init_script(f"const TOLD = {json.dumps(TOLD)};{watch}")
                yield page
            finally:
                context.close()

        yield fresh


def _told(page, address: str, kind: str):
    """Open or reload a page; what it tells the console of its moments."""
    told = page.expect_console_message(lambda message: message.text.startswith(TOLD), timeout=TIMEOUT_MILLISECONDS)
    with told as heard:
        if kind == "reload":
            page.reload(wait_until="commit")
        else:
            page.goto(address, wait_until="commit")
    return json.loads(heard.value.text.removeprefix(TOLD))


def _pyodide_alone(page, address: str) -> float:
    """Seconds from opening an empty page until Pyodide runs in it."""
    page.goto(f"{address}site.json", wait_until="commit")
    seconds = page.evaluate(PYODIDE_ALONE, address)
    page.wait_for_timeout(VISIT_MILLISECONDS)
    return seconds


def _times(moments: dict[str, list[dict[str, float]]]) -> Iterator[Row]:
    for kind, found in moments.items():
        for name, words in WORDS.items():
            first = median(each["alone"] for each in found)
            timing = Timing.of(words, [each[name] for each in found], steps=1)
            goal = f"≤ {GOALS[kind, name]} s" if (kind, name) in GOALS else ""
            yield Row(
                SECTION, f"{CASE}, {kind}", words, timing.seconds, "s", timing.spread, timing.seconds / first, goal
            )


def _transfers(sent: dict[str, list[int]]) -> Iterator[Row]:
    for kind, found in sent.items():
        goal = f"≤ {MOST_MEGABYTES} MB" if kind != "reload" else ""
        yield Row(SECTION, f"{CASE}, {kind}", "transferred, compressed", median(found) / MEGABYTE, "MB", goal=goal)


@contextmanager
def serving(site: Path) -> Iterator[CountingServer]:
    """The site on a port of its own for the time of the body."""
    with CountingServer(site) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
