"""The README's picture: the page while it trains. Kept as `dist/screenshot.png`; the copy in web/ is made from it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.support.site import PROJECT


def test_page_while_training(open_bench):
    bench = open_bench(viewport={"width": 1400, "height": 860}, device_scale_factor=1)
    bench.wait_until_ready()
    bench.button("Run").click()
    expect(bench.page.locator("canvas[aria-label^='decision boundary']")).to_be_visible(timeout=120_000)
    expect(bench.page.locator(".status-label")).to_have_text(re.compile(r"step [1-4]\d\d/500"), timeout=120_000)
    PROJECT.dist.mkdir(exist_ok=True)
    picture = bench.page.screenshot(path=PROJECT.dist / "screenshot.png")
    assert len(picture) > 50_000
    assert float(bench.page.locator(".legend-value").first.inner_text()) < 0.7
