"""The examples as a visitor runs them: unchanged, to their accuracies, in the page and natively."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.support.site import PROJECT
from tests.web.conftest import eventually

EXAMPLES = PROJECT.web / "examples"
TRAINING_SECONDS = 240


def accuracy(text: str) -> float:
    return float(re.search(r"test accuracy ([\d.]+)", text)[1])


def open_example(bench, title: str, sign: str) -> None:
    bench.page.get_by_role("button", name=title).click()
    eventually(lambda: sign in bench.code)


def test_spirals_train_in_the_page(bench):
    open_example(bench, "Two spirals", "Two spirals.")
    bench.button("Run").click()
    canvas = bench.page.locator("canvas[aria-label^='decision boundary']")
    expect(canvas).to_be_visible(timeout=1000 * TRAINING_SECONDS)
    early = canvas.screenshot()
    bench.wait_for_end(TRAINING_SECONDS)
    assert accuracy(bench.output) >= 0.97
    assert canvas.screenshot() != early
    loss = bench.page.get_by_role("article", name="Chart of loss").locator(".legend-value").first.inner_text()
    assert float(loss) < 0.1


def test_digits_train_in_the_page(bench):
    open_example(bench, "Handwritten digits", "Handwritten digits.")
    bench.button("Run").click()
    expect(bench.page.get_by_role("heading", name="samples")).to_be_visible(timeout=1000 * TRAINING_SECONDS)
    bench.wait_for_end(TRAINING_SECONDS)
    assert accuracy(bench.output) >= 0.95
    rows = bench.page.get_by_role("region", name="confusion").get_by_role("row").all()
    counts = [[int(cell) for cell in row.get_by_role("cell").all_text_contents()] for row in rows[1:]]
    assert sum(map(sum, counts)) == 360


def test_curves_are_fitted_in_the_page(bench):
    open_example(bench, "Curve fit", "Curve fit.")
    bench.button("Run").click()
    bench.wait_for_end(TRAINING_SECONDS)
    final = dict(re.findall(r"(\w+): loss ([\d.]+)", bench.output))
    assert set(final) == {"SGD", "momentum", "Adam"}
    assert float(final["Adam"]) < 0.02 and float(final["Adam"]) < float(final["SGD"])


@pytest.mark.parametrize("device", ["cpu", "webgpu"])
@pytest.mark.parametrize(("name", "least"), [("spirals", 0.97), ("digits", 0.95)])
def test_example_trains_natively(name, least, device, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT.package.parent)}
    ended = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", "--device", device],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=TRAINING_SECONDS,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert accuracy(ended.stdout) >= least
    saved = {path.name for path in tmp_path.glob("runs/*/*")}
    assert "scalars.csv" in saved and any(name.endswith(".png") for name in saved)
