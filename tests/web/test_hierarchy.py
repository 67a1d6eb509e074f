"""The mammals in the Poincaré disk, in the page and natively."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from playwright.sync_api import expect

from tests.support.site import PROJECT
from tests.web.conftest import shortened

EXAMPLE = PROJECT.web / "examples" / "hierarchy.py"
SECONDS = 240


def precisions(text: str) -> dict[str, float]:
    """MAP by space."""
    return {space: float(value) for space, value in re.findall(r"(\w+) (?:ball|space), .* MAP ([\d.]+)", text)}


def test_the_ball_holds_the_hierarchy_that_flat_space_cannot(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT.package.parent)}
    ended = subprocess.run(
        [sys.executable, EXAMPLE, "--device", "cpu", "--dimensions", "5", "--epochs", "70"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    found = precisions(ended.stdout)
    assert found["Poincaré"] > 0.7 > 0.3 > found["Euclidean"]


def test_the_page_draws_every_mammal_and_prints_both_spaces(bench):
    code = shortened("hierarchy", epochs=1)
    bench.run(code.replace("BATCH, NEGATIVES = 128", "BATCH, NEGATIVES = 1024"), SECONDS)
    disk = bench.page.get_by_role("img", name="mammals at step 0: Poincaré disk of 1,182 points, 1,182 geodesics")
    expect(disk).to_be_visible()
    assert set(precisions(bench.output)) == {"Poincaré", "Euclidean"}
    expect(bench.page.locator(".region-canvas .chart-legend")).to_contain_text("carnivore")
