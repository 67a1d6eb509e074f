"""Views: one set of panels at a time, named by the address, loaded when first opened."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web.conftest import ON_SOFTWARE_GPU, eventually
from tests.web.test_accessibility import violations_in_any_light

VIEWS = {"Playground": "playground", "Rank-K lab": "rankk", "Roundtable": "roundtable", "Bench": "bench"}
LAB = f"{ON_SOFTWARE_GPU}&view=rankk"


def current(page) -> list[str]:
    return page.locator(".view-links a[aria-current=page]").all_text_contents()


def test_links_show_one_view_and_back_returns(open_bench):
    bench = open_bench()
    page = bench.page
    assert current(page) == ["Playground"]
    expect(page.locator("#rankk")).to_be_hidden()
    page.get_by_role("link", name="Rank-K lab").press("Enter")
    expect(page.get_by_role("heading", name="Problem", exact=True)).to_be_visible()
    expect(page.locator(".workbench")).to_be_hidden()
    expect(page.get_by_role("navigation", name="Examples")).to_be_hidden()
    assert (current(page), page.title()) == (["Rank-K lab"], "Rank-K lab – SpiralTorch")
    assert page.evaluate("location.hash") == "#view=rankk&device=webgpu"
    page.go_back()
    expect(page.locator(".workbench")).to_be_visible()
    assert (current(page), page.title()) == (["Playground"], "SpiralTorch")
    assert page.get_by_role("main").count() == 1


def test_a_link_followed_before_the_page_is_at_work_changes_the_view_alone(pages, site_server):
    page = pages()
    page.route("**/main.js", lambda route: None)  # held back
    page.goto(site_server.address + ON_SOFTWARE_GPU, wait_until="commit")
    eventually(lambda: page.evaluate("document.readyState") == "interactive", 90.0)
    page.get_by_role("link", name="Rank-K lab").click()
    eventually(lambda: "view=rankk" in page.evaluate("location.hash"))
    assert page.evaluate("location.hash") == f"{ON_SOFTWARE_GPU}&view=rankk"
    page.unroute("**/main.js")  # lets the page have what was held
    expect(page.get_by_role("heading", name="Problem", exact=True)).to_be_visible()
    assert current(page) == ["Rank-K lab"]
    expect(page.get_by_text("predicted for")).to_be_visible(timeout=60_000)  # on the device that the address names


def test_every_view_opens_by_its_link(open_bench):
    page = open_bench().page
    assert dict(zip(page.locator(".view-links a").all_text_contents(), VIEWS.values(), strict=True)) == VIEWS
    for title, name in reversed(VIEWS.items()):
        page.get_by_role("link", name=title, exact=True).click()
        expect(page.locator(f"main[data-view={name}]")).to_be_visible()
        expect(page.get_by_role("main")).to_have_count(1)
        assert current(page) == [title]


def test_reload_comes_back_to_the_view(open_bench):
    bench = open_bench(LAB)
    bench.page.reload()
    bench.wait_until_shell()
    expect(bench.page.get_by_role("heading", name="Problem", exact=True)).to_be_visible()
    assert current(bench.page) == ["Rank-K lab"]


def test_panels_of_other_views_load_when_they_are_opened(open_bench):
    asked = []
    bench = open_bench()
    bench.wait_until_ready()
    loaded = bench.page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert any(name.endswith("/main.js") for name in loaded)  # with the panels of the first view
    assert not any("panels/rankk/" in name for name in loaded)
    bench.page.on("request", lambda request: asked.append(request.url))
    bench.page.get_by_role("link", name="Rank-K lab").click()
    expect(bench.page.get_by_role("heading", name="Problem", exact=True)).to_be_visible()
    assert any("panels/rankk/panel.js" in url for url in asked)


def test_a_view_keeps_what_it_shows_while_another_is_open(open_bench):
    bench = open_bench()
    bench.type_code("# mine\n")
    bench.page.get_by_role("link", name="Rank-K lab").click()
    bench.page.get_by_label("Rows", exact=True).fill("12")
    bench.page.get_by_role("link", name="Playground").click()
    assert bench.code.startswith("# mine")
    bench.page.get_by_role("link", name="Rank-K lab").click()
    expect(bench.page.get_by_label("Rows", exact=True)).to_have_value("12")


def test_skip_link_leads_into_the_view(open_bench):
    bench = open_bench(LAB)
    bench.page.locator(".skip-link").focus()
    bench.page.keyboard.press("Enter")
    assert bench.page.evaluate("document.activeElement.id") == "rankk"
    assert current(bench.page) == ["Rank-K lab"]


def test_axe_finds_nothing_in_the_lab(open_bench):
    bench = open_bench(f"{LAB}&problem=topk-3x40x5-normal")
    expect(bench.page.get_by_text("predicted for")).to_be_visible(timeout=60_000)
    for element in bench.page.locator("#rankk details").all():
        element.evaluate("(element) => { element.open = true; }")
    assert violations_in_any_light(bench.page) == {}


def test_lab_fits_a_phone_with_targets_for_fingers(open_bench):
    bench = open_bench(f"{LAB}&problem=topk-3x40x5-normal", viewport={"width": 360, "height": 740}, has_touch=True)
    expect(bench.page.get_by_text("predicted for")).to_be_visible(timeout=60_000)
    assert bench.page.evaluate("document.documentElement.scrollWidth") <= 360
    small = bench.page.evaluate(
        """() => [...document.querySelectorAll("button, summary, select, input, a[href]:not(.skip-link)")]
          .filter((element) => element.checkVisibility() && element.type !== "checkbox")
          .map((element) => [element.textContent.trim() || element.ariaLabel, element.getBoundingClientRect()])
          .filter(([, { width, height }]) => width > 0 && (width < 44 || height < 44))
          .map(([name, { width, height }]) => `${name}: ${width} x ${height}`)"""
    )
    assert small == []
