"""The page as a user meets it: a small page object, opened once per file and given new code for each test."""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.adapters import note_adapter
from tests.support.browser import OpenPages
from tests.support.site import PROJECT, built_site, served

# Patience for what comes sooner on a machine that has nothing else to do.
BOOT_MILLISECONDS = 120_000
expect.set_options(timeout=30_000)
# SwiftShader is a software adapter, which has to be asked for.
ON_SOFTWARE_GPU = "#device=webgpu"


@dataclass
class Workbench:
    """What a user sees and does."""

    page: Page

    def wait_until_shell(self) -> None:
        self.page.wait_for_selector("html[data-ready=shell]")

    def wait_until_ready(self) -> None:
        """Python is there and nothing runs."""
        self.wait_until_shell()
        expect(self.button("Run")).to_be_enabled(timeout=BOOT_MILLISECONDS)
        expect(self.button("Step")).to_be_enabled(timeout=BOOT_MILLISECONDS)
        expect(self.button("Pause")).to_be_disabled()

    def button(self, name: str):
        return self.page.get_by_role("button", name=name, exact=True)

    def type_code(self, code: str) -> None:
        """Replace the editor's text as a user would."""
        self.page.locator(".workbench .cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)

    @property
    def code(self) -> str:
        return "\n".join(self.page.locator(".workbench .cm-line").all_text_contents())

    def start(self, code: str) -> None:
        """Type code and press Ctrl+Enter."""
        self.type_code(code)
        self.page.keyboard.press("Control+Enter")

    def run(self, code: str, timeout: float = 60.0) -> None:
        """Run code to its end."""
        self.start(code)
        self.wait_for_end(timeout)

    def wait_for_end(self, timeout: float = 60.0) -> None:
        expect(self.button("Pause")).to_be_disabled(timeout=1000 * timeout)
        expect(self.button("Run")).to_be_visible(timeout=1000 * timeout)
        self.wait_until_drawn()

    def wait_until_drawn(self) -> None:
        """What the script showed last is drawn with the next frame."""
        self.page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")

    def wait_for_output(self, text: str, timeout: float = 60.0) -> None:
        expect(self.page.locator(".console-lines")).to_contain_text(text, timeout=1000 * timeout)

    @property
    def output(self) -> str:
        return self.page.locator(".console-lines").inner_text()

    @property
    def status(self) -> str:
        return self.page.locator(".workbench .status-label").inner_text()

    def comes_before(self, milliseconds: int, action: str, condition: str) -> bool:
        """Whether a condition holds in the page before a timer ends that starts with an action there (JavaScript).

        The timer is the page's own: on a busy machine it is late as well.
        """
        return self.page.evaluate(
            f"""() => new Promise((resolve) => {{
              const holds = {condition};
              new MutationObserver((_, watching) => {{
                if (!holds()) return;
                watching.disconnect();
                resolve(true);
              }}).observe(document, {{ attributes: true, childList: true, subtree: true }});
              setTimeout(() => resolve(holds()), {milliseconds});
              ({action})();
            }})"""
        )


@pytest.fixture(scope="module")
def pages(gpu_browser):
    """Factory of workbenches in contexts of their own; anything uncaught in them fails the module."""
    browser, _ = gpu_browser
    opened = OpenPages(browser)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def bench_of_module(pages, site_server):
    """One page for all tests of a file: loading Python takes seconds."""
    bench = Workbench(pages(site_server.address + ON_SOFTWARE_GPU, viewport={"width": 1400, "height": 900}))
    bench.wait_until_ready()
    return bench


@pytest.fixture
def bench(bench_of_module, pages, gpu_browser, request):
    """The file's page, at rest."""
    note_adapter(request.node, f"{gpu_browser[1]} (Chromium {gpu_browser[0].version})")
    bench_of_module.page.evaluate("document.querySelector('[title=Stop]').click()")  # does nothing while disabled
    bench_of_module.wait_for_end()
    yield bench_of_module
    assert pages.problems == []


@pytest.fixture
def open_bench(pages, site_server, gpu_browser, request):
    """Factory of further pages: ``open_bench(hash, **context options)``."""
    note_adapter(request.node, f"{gpu_browser[1]} (Chromium {gpu_browser[0].version})")

    def open_page(hash_text: str = ON_SOFTWARE_GPU, server=site_server, **options) -> Workbench:
        bench = Workbench(pages(server.address + hash_text, **{"viewport": {"width": 1400, "height": 900}, **options}))
        bench.wait_until_shell()
        return bench

    yield open_page
    assert pages.problems == []


@pytest.fixture(scope="module")
def plain_host():
    """The site on a host that can't set headers: no cross-origin isolation, so nothing interrupts a tight loop."""
    with served(built_site("site")) as server:
        for name in [name for name in server.headers if name.startswith("Cross-Origin-")]:
            del server.headers[name]
        yield server


def canvas_pixels(canvas: Locator) -> np.ndarray:
    """u8[height, width, 4] of what a canvas shows. As text: number by number a large one takes a minute to arrive."""
    width, height, text = canvas.evaluate(
        """(canvas) => {
          const { width, height } = canvas;
          const sheet = new OffscreenCanvas(width, height).getContext("2d");
          sheet.drawImage(canvas, 0, 0);
          const { data } = sheet.getImageData(0, 0, width, height);
          let bytes = "";
          for (let at = 0; at < data.length; at += 4096) bytes += String.fromCharCode(...data.subarray(at, at + 4096));
          return [width, height, btoa(bytes)];
        }"""
    )
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def shortened(name: str, **defaults: int) -> str:
    """An example's code with other defaults of its options: a software adapter takes its time."""
    code = (PROJECT.web / "examples" / f"{name}.py").read_text(encoding="utf-8")
    for option, value in defaults.items():
        code, found = re.subn(rf'("--{option}", type=int, default=)\d+', rf"\g<1>{value}", code)
        assert found == 1, f"{name}.py has no option --{option}"
    return code


def eventually(condition, seconds: float = 30.0) -> None:
    """Wait until `condition()` is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.05)
