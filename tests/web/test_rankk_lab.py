"""The Rank-K lab as a user meets it: plan, picture, bars, tuning."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.support.pictures import indexed_png, read_png
from tests.support.site import PROJECT
from tests.web.conftest import ON_SOFTWARE_GPU

PATIENCE = 120_000  # milliseconds: every launch is compiled on the processor
SMALL = "topk-3x300x5-normal"
# What the lab's row must show, by sorting in Python.
ORACLE = """from spiraltorch_web.tuning.inputs import matrix
row = matrix("normal", 3, 300)[1].tolist()
print([(column, row[column]) for column in sorted(range(300), key=lambda column: -row[column])[:5]])
"""


class Lab:
    """What a user sees and does in the lab."""

    def __init__(self, bench):
        self.bench = bench
        self.page = bench.page

    def card(self, name: str):
        return self.page.get_by_role("region", name=name, exact=True)

    def press(self, name: str) -> None:
        self.page.locator("#rankk").get_by_role("button", name=name, exact=True).click()

    def wait_for_plan(self, text: str = "predicted for") -> None:
        expect(self.card("Plan")).to_contain_text(text, timeout=PATIENCE)


@pytest.fixture
def open_lab(open_bench):
    """Factory of labs: ``open_lab(problem)``."""

    def open_it(problem: str = SMALL, **options) -> Lab:
        lab = Lab(open_bench(f"{ON_SOFTWARE_GPU}&view=rankk&problem={problem}", **options))
        return lab

    return open_it


def test_plan_follows_the_problem_and_the_address_with_it(open_lab):
    lab = open_lab()
    lab.wait_for_plan("for topk 3 × 300, k 5")
    plan = lab.card("Plan")
    expect(plan.get_by_role("row", name=re.compile("^mk "))).to_contain_text("how winners are found")
    expect(plan.locator(".reasons li").first).not_to_be_empty()
    plan.get_by_text("As SpiralK").click()
    expect(plan.locator(".script")).to_contain_text("mk:")
    lab.page.get_by_label("Entries wanted").select_option("middle", label="the k middle")
    lab.page.get_by_label("Columns").fill("64")
    lab.wait_for_plan("for midk 3 × 64, k 5")
    assert "problem=midk-3x64x5-normal" in lab.page.evaluate("location.hash")
    expect(lab.card("Problem")).to_contain_text("swiftshader")


def test_problem_that_cannot_be_is_refused_with_the_reason(open_lab):
    lab = open_lab("topk-3x40x50-normal")
    expect(lab.card("Plan").get_by_role("alert")).to_have_text(
        "k is 50; it must be from 1 to cols = 40", timeout=PATIENCE
    )
    lab.page.get_by_label("k", exact=True).fill("7")
    lab.wait_for_plan("for topk 3 × 40, k 7")


def test_nonsense_in_the_address_falls_back_to_a_problem(open_lab):
    lab = open_lab("sumk-1x1")
    lab.wait_for_plan("for topk 64 × 4,096, k 16")


def test_picture_shows_what_sorting_would_select(open_lab):
    lab = open_lab()
    lab.wait_for_plan()
    lab.page.get_by_label("Row", exact=True).fill("1")
    lab.press("Run")
    card = lab.card("Selected entries")
    expect(card).to_contain_text("Row 1 of 3: the 5 largest of 300 entries.", timeout=PATIENCE)
    expect(card).to_contain_text(re.compile(r"The launch took [\d.]+ (µs|ms|s) on .*swiftshader"))
    card.get_by_text("As a table").click()
    shown = [row.split("\t") for row in card.locator("tbody tr").all_inner_texts()]
    assert painted(lab, card) > 30
    lab.page.get_by_role("link", name="Playground").click()
    lab.bench.run(ORACLE)
    wanted = json.loads(lab.bench.output.strip().replace("(", "[").replace(")", "]"))
    assert [(int(column), float(value)) for _, column, value in shown] == [
        (column, pytest.approx(value, abs=6e-4))  # four digits are shown
        for column, value in wanted
    ]


def painted(lab, card) -> int:
    """Pixels of the canvas in the accent colour: the selected entries."""
    return card.locator("canvas").evaluate(
        """(canvas) => {
          const probe = document.createElement("canvas").getContext("2d");
          probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
          probe.fillRect(0, 0, 1, 1);
          const wanted = probe.getImageData(0, 0, 1, 1).data.join();
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let found = 0;
          for (let place = 0; place < data.length; place += 4) {
            if (data.subarray(place, place + 4).join() === wanted) found += 1;
          }
          return found;
        }"""
    )


def test_launches_are_timed_as_bars_with_the_adapters_name(open_lab):
    lab = open_lab("topk-3x40x5-normal")
    lab.wait_for_plan()
    lab.press("Measure launches")
    card = lab.card("Launches")
    expect(card).to_contain_text(re.compile("Measured on .*swiftshader"), timeout=PATIENCE)
    rows = card.locator("tbody tr")
    assert rows.count() > 1
    assert card.locator("tr[data-planned]").count() == 1
    widths = card.locator(".bar").evaluate_all("(bars) => bars.map((bar) => bar.getBoundingClientRect().width)")
    assert 0 < widths[0] == min(widths) and max(widths) == widths[-1]


def test_stop_ends_a_tuning_run_and_the_next_one_goes_on(open_lab):
    lab = open_lab()
    lab.wait_for_plan()
    lab.press("Start tuning")
    card = lab.card("Tuning")
    expect(card).to_contain_text(re.compile(r"Problem \d+ of \d+\."), timeout=PATIENCE)
    lab.press("Stop tuning")
    expect(card).to_contain_text("What was measured is kept", timeout=PATIENCE)
    lab.page.get_by_label("Minutes").fill("0.1")
    lab.press("Start tuning")
    expect(card).to_contain_text(re.compile(r"\d+ records from \d+ problems"), timeout=PATIENCE)
    expect(lab.card("Problem")).to_contain_text("measured in this tab")
    with lab.page.expect_download() as coming:
        lab.press("Download table")
    table = json.loads(coming.value.path().read_text())
    assert coming.value.suggested_filename.startswith("browser-google-swiftshader")
    assert "swiftshader" in table["provenance"]["adapter"] and len(table["records"]) > 0


def test_lab_waits_for_a_running_script(open_lab):
    lab = open_lab()
    lab.page.get_by_role("link", name="Playground").click()
    lab.bench.wait_until_ready()
    lab.bench.start("import time\nprint('busy')\nwhile True:\n    time.sleep(0.01)\n")
    lab.bench.wait_for_output("busy")
    lab.page.get_by_role("link", name="Rank-K lab").click()
    lab.page.get_by_label("Rows").fill("9")
    expect(lab.card("Plan")).to_contain_text("A script is running")
    lab.press("Stop")
    lab.wait_for_plan("for topk 9 × 300, k 5")


def test_page_for_the_readme(open_lab):
    """Kept as `dist/rankk.png`; the copy in web/ is made from it."""
    lab = open_lab("topk-8x3000x24-normal", viewport={"width": 1400, "height": 860})
    lab.wait_for_plan()
    lab.press("Run")
    expect(lab.card("Selected entries")).to_contain_text("The launch took", timeout=PATIENCE)
    lab.press("Measure launches")
    expect(lab.card("Launches")).to_contain_text("Measured on", timeout=PATIENCE)
    picture = indexed_png(read_png(lab.page.screenshot()), 64)
    PROJECT.dist.mkdir(exist_ok=True)
    (PROJECT.dist / "rankk.png").write_bytes(picture)
    assert 30_000 < len(picture) < 150_000
