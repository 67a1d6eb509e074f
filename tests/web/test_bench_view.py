"""The Bench view: figures of this device, measured when asked, saved with its name."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.web.conftest import ON_SOFTWARE_GPU
from tests.web.test_accessibility import violations

PATIENCE = 240_000  # milliseconds: a software adapter takes its time


def test_figures_are_measured_named_and_saved(open_bench):
    page = open_bench(f"{ON_SOFTWARE_GPU}&view=bench").page
    sheet = page.get_by_role("region", name="Benchmarks")
    sheet.get_by_role("button", name="Run benchmarks").click()
    expect(sheet.get_by_role("row", name=re.compile("^training step, batch 64 "))).to_be_visible(timeout=PATIENCE)
    expect(sheet).to_contain_text(re.compile("Measured on .*swiftshader"), timeout=PATIENCE)
    figures = [float(text) for text in sheet.locator("td strong").all_text_contents()]
    assert len(figures) == 6 and min(figures) > 0
    assert violations(page) == []
    with page.expect_download() as coming:
        sheet.get_by_label("Benchmarks: save").click()
        sheet.get_by_role("button", name="Save as JSON").click()
    saved = json.loads(coming.value.path().read_text())
    assert "swiftshader" in saved["adapter"] and len(saved["rows"]) == 6


def test_stop_ends_the_benchmarks(open_bench):
    page = open_bench(f"{ON_SOFTWARE_GPU}&view=bench").page
    sheet = page.get_by_role("region", name="Benchmarks")
    sheet.get_by_role("button", name="Run benchmarks").click()
    sheet.get_by_role("button", name="Stop").click(timeout=PATIENCE)
    expect(sheet).to_contain_text("It was stopped.", timeout=PATIENCE)
    expect(sheet.get_by_role("button", name="Run benchmarks")).to_be_enabled()
