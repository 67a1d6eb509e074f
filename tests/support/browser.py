"""Chromium for tests: with SwiftShader's WebGPU, or without any GPU to meet the page's CPU fallback."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from buildtools.environment import windowless_chromium_path
from tests.support.site import PROJECT

# Together these give an adapter *and* right canvas pixels without an X server: with the first alone
# screenshots of a canvas are blank (Chromium 156, measured 2026-11).
GPU_FLAGS = (
    "--enable-unsafe-webgpu",
    "--enable-features=Vulkan",
    "--use-vulkan=swiftshader",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
ADAPTER_SCRIPT = """async () => {
  const adapter = await navigator.gpu?.requestAdapter();
  return adapter ? [adapter.info.vendor, adapter.info.architecture].join(' ').trim() : null;
}"""


@dataclass
class OpenPages:
    """Opens pages in fresh contexts of one browser and notes what goes wrong in them."""

    browser: Browser
    problems: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(self, address: str | None = None, **context_options) -> Page:
        """A page in a context of its own (options as of Playwright's ``new_context``), gone to ``address``."""
        context = self.browser.new_context(**context_options)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("console", self._note_console)
        if address is not None:
            page.goto(address)
        return page

    def _note_console(self, message) -> None:
        # A page without markup (site.json) has no icon, and the browser asks for one all the same.
        if message.type == "error" and not message.location.get("url", "").endswith("/favicon.ico"):
            self.problems.append(f"console: {message.text}")

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def launch(playwright: Playwright, gpu: bool, *more_flags: str) -> Browser:
    """Debian's Chromium, headless; a missing one is a failure that says what to do."""
    path = windowless_chromium_path()
    assert path is not None, "Chromium is not installed; `python3 build.py test` installs it or says how"
    # Chromium's crash reporter writes there; a person's own configuration is not ours to touch.
    environment = {**os.environ, "XDG_CONFIG_HOME": str(PROJECT.cache / "chromium")}
    flags = ["--no-sandbox", *(GPU_FLAGS if gpu else ()), *more_flags]
    return playwright.chromium.launch(executable_path=path, args=flags, env=environment)


def adapter_name(browser: Browser, address: str) -> str | None:
    """Vendor and architecture of the browser's WebGPU adapter, or None; ``address`` is any page of a secure origin."""
    page = browser.new_page()
    try:
        page.goto(address)
        return page.evaluate(ADAPTER_SCRIPT)
    finally:
        page.close()
