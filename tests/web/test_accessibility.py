"""The page for everyone: axe's rules, keyboard, targets, one column, dark and light."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.site import PROJECT

AXE = (PROJECT.web / "node_modules" / "axe-core" / "axe.min.js").read_text()
SHOWING = """from spiraltorch_web import live
for step in range(50):
    live.add_scalars("loss", {"train": 1 / (step + 1), "test": 1.1 / (step + 1)}, step)
    live.add_scalar("accuracy/test", step / 50, step)
live.add_image("picture", [[0.0, 0.5], [0.7, 1.0]], 50)
live.add_histogram("weights", [0.1 * i for i in range(100)], 50)
live.add_figure("confusion", live.Matrix([[5, 1], [0, 7]], row_title="shown", column_title="answer"), 50)
live.add_figure("fit", live.Curves([0, 1, 2], {"SGD": [0, 1, 4], "Adam": [0, 2, 3]}, [0, 1], [1, 2]), 50)
live.add_text("note", "All of them at once.", 50)
print("shown")
undefined_name
"""


def violations(page) -> list[str]:
    """axe's findings, each as rule and element."""
    page.evaluate(AXE)
    found = page.evaluate(
        """async () => (await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa",
             "best-practice"] })).violations"""
    )
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def violations_in_any_light(page) -> dict[str, list[str]]:
    """The same by colour scheme, where there are any."""
    found = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # colours change at once
        found[scheme] = violations(page)
    return {scheme: broken for scheme, broken in found.items() if broken}


def test_axe_finds_nothing_while_loading_and_after_a_run(open_bench):
    bench = open_bench()
    assert violations_in_any_light(bench.page) == {}
    bench.wait_until_ready()
    bench.run(SHOWING)
    expect(bench.page.get_by_role("heading", name="confusion")).to_be_visible()
    for menu in bench.page.locator("details.menu").all():
        menu.evaluate("(element) => { element.open = true; }")
    assert violations_in_any_light(bench.page) == {}


def test_every_target_is_44_pixels(bench):
    bench.run(SHOWING)
    small = bench.page.evaluate(
        """() => [...document.querySelectorAll("button, summary, select, a[href]:not(.skip-link)")]
          .filter((element) => element.checkVisibility() && !element.closest(".cm-editor, .console-line"))
          .map((element) => [element.textContent.trim() || element.ariaLabel, element.getBoundingClientRect()])
          .filter(([, { width, height }]) => width > 0 && (width < 44 || height < 44))
          .map(([name, { width, height }]) => `${name}: ${width} x ${height}`)"""
    )
    assert small == []


def test_whole_page_works_by_keyboard(bench):
    bench.type_code("print('by keyboard')\n")
    bench.page.wait_for_timeout(500)  # until no completion is pending that Escape would close instead
    bench.page.keyboard.press("Escape")
    bench.page.keyboard.press("Tab")
    assert bench.page.evaluate("!document.activeElement.closest('.cm-editor')")
    bench.button("Run").focus()
    bench.page.keyboard.press("Enter")
    bench.wait_for_output("by keyboard")
    splitter = bench.page.get_by_role("separator", name="Width of the code")
    splitter.focus()
    before = int(splitter.get_attribute("aria-valuenow"))
    bench.page.keyboard.press("ArrowRight")
    assert int(splitter.get_attribute("aria-valuenow")) == before + 2


def test_charts_have_a_text_and_a_table(bench):
    bench.run(SHOWING)
    chart = bench.page.get_by_role("article", name="Chart of loss")
    expect(chart).to_contain_text("loss/train: 0.02 at step 49")
    chart.get_by_label("loss: zoom, table, save").click()
    chart.get_by_role("button", name="Table").click()
    table = chart.get_by_role("table")
    assert table.get_by_role("columnheader").all_text_contents() == ["step", "loss/train", "loss/test"]
    assert table.get_by_role("row").last.get_by_role("cell").first.inner_text() == "49"


def test_status_is_announced(bench):
    bench.run("print(1)\n")
    expect(bench.page.get_by_role("status")).to_contain_text("Finished in")


def test_one_column_on_a_phone_without_sideways_scrolling(open_bench):
    bench = open_bench(viewport={"width": 360, "height": 740}, has_touch=True)
    assert bench.page.evaluate("document.documentElement.scrollWidth") <= 360
    boxes = [bench.page.locator(f"[data-region={name}]").bounding_box() for name in ("editor", "status", "console")]
    assert boxes[0]["y"] < boxes[1]["y"] < boxes[2]["y"]
    assert all(box["width"] <= 360 for box in boxes)


def test_readable_at_twice_the_size(open_bench):
    bench = open_bench(viewport={"width": 700, "height": 450})
    assert bench.page.evaluate("document.documentElement.scrollWidth") <= 700
    expect(bench.button("Run")).to_be_in_viewport()
