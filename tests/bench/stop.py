"""Section ``stop``: from pressing Stop in the page until it has answered, with and without cross-origin isolation.

Stop is pressed at moments that fall anywhere between two checkpoints of the script. It has answered when its button
rests again: the script has heard it, was interrupted, or its worker was replaced.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

from .options import Options
from .page import browser_flags, browser_of, runs_on_software
from .report import Report, Row
from .start import CountingServer, serving
from .timing import Timing

SECTION = "stop"
PRESSES = 12
PATIENCE_MILLISECONDS = 90_000
GOAL = "≤ 200 ms"
ISOLATING = ("Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy")
SCRIPTS = {
    "a script that sleeps": "import time\nwhile True:\n    time.sleep(0.004)\n",
    "a compiled step": """import spiraltorch_web as st
from spiraltorch_web import nn, optim
model = nn.Sequential(nn.Linear(256, 256), nn.Tanh(), nn.Linear(256, 256))
optimizer = optim.Adam(model.parameters())
x = st.randn(64, 256)
@st.compile
def train_step(x):
    loss = (model(x) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss
while True:
    train_step(x)
""",
    "a loop without a checkpoint": "while True:\n    pass\n",
}
# Presses Stop after some milliseconds; seconds until its button rests.
PRESS = """(wait) => new Promise((resolve) => {
  const stop = document.querySelector('[title="Stop"]');
  setTimeout(() => {
    const start = performance.now();
    new MutationObserver((_, watching) => {
      if (!stop.disabled) return;
      watching.disconnect();
      resolve((performance.now() - start) / 1000);
    }).observe(stop, { attributes: true });
    stop.click();
  }, wait);
})"""


def run(report: Report, options: Options) -> None:
    """Press Stop many times for each script, on a page with isolation and on one without."""
    from playwright.sync_api import sync_playwright

    chance = random.Random(0)
    with sync_playwright() as playwright, serving(options.site) as server:
        for isolated in (True, False):
            if not isolated:
                server.headers = {name: value for name, value in server.headers.items() if name not in ISOLATING}
            with _page(playwright, server, options) as page:
                for script, source in SCRIPTS.items():
                    seconds = [_press(page, f"run {n}", source, chance.uniform(400, 500)) for n in range(PRESSES)]
                    report.add(_rows(f"Stop, {script}", isolated, seconds))


def _rows(case: str, isolated: bool, seconds: list[float]) -> list[Row]:
    where = "isolated" if isolated else "not isolated"
    timing = Timing.of(where, seconds, steps=1)
    return [
        Row(SECTION, case, f"{where}, median of {len(seconds)}", timing.seconds, "s", timing.spread, goal=GOAL),
        Row(SECTION, case, f"{where}, worst", max(seconds), "s", goal=GOAL),
    ]


@contextmanager
def _page(playwright, server: CountingServer, options: Options) -> Iterator:
    flags = ["--no-sandbox", *browser_flags(options)]
    browser = playwright.chromium.launch(executable_path=str(browser_of(options)), args=flags)
    try:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(server.address + ("#device=webgpu" if runs_on_software(options) else ""))
        yield page
    finally:
        browser.close()


def _press(page, name: str, source: str, wait: float) -> float:
    """Seconds until Stop has answered, after the script has printed its name and run for some milliseconds."""
    page.locator(".workbench .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(f"print('{name}')\n{source}")
    page.get_by_role("button", name="Run", exact=True).click(timeout=PATIENCE_MILLISECONDS)
    page.get_by_text(name, exact=True).wait_for(timeout=PATIENCE_MILLISECONDS)
    seconds = page.evaluate(PRESS, wait)
    page.get_by_role("button", name="Reset", exact=True).click()
    return seconds
