"""Browsers without JSPI: the page says what to do, and the `await` forms work."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.adapters import note_adapter
from tests.support.browser import OpenPages
from tests.web.conftest import ON_SOFTWARE_GPU, Workbench

REMOVAL = "for (const name of ['Suspending', 'promising', 'SuspendError']) delete WebAssembly[name];\n"


@pytest.fixture(scope="module")
def bench_without_jspi(gpu_browser, site_server):
    """The page with JSPI taken away in its worker: Chromium has no switch for it any more."""
    pages = OpenPages(gpu_browser[0])
    page = pages(viewport={"width": 1400, "height": 900})
    page.context.route("**/kernel/worker.js", _without_jspi)
    page.goto(site_server.address + ON_SOFTWARE_GPU)
    bench = Workbench(page)
    bench.wait_until_ready()
    yield bench
    assert pages.problems == []
    pages.close()


def _without_jspi(route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=REMOVAL + answer.text())


@pytest.fixture
def old_bench(bench_without_jspi, gpu_browser, request):
    note_adapter(request.node, f"{gpu_browser[1]} without JSPI")
    return bench_without_jspi


def test_it_is_really_gone(old_bench):
    old_bench.run("import js\nprint(hasattr(js.WebAssembly, 'Suspending'))\n")
    assert old_bench.output.strip() == "False"


def test_plain_scripts_run(old_bench):
    old_bench.run(
        "from spiraltorch_web import live\nfor i in range(5):\n    live.add_scalar('loss/train', i, i)\nprint('well')\n"
    )
    assert "well" in old_bench.output
    legend = old_bench.page.get_by_role("article", name="Chart of loss").locator(".chart-legend")
    expect(legend).to_contain_text("4")


def test_reading_a_value_says_what_to_do(old_bench):
    old_bench.run("import spiraltorch_web as st\nprint(st.ones(3).sum().item())\n")
    assert "await" in old_bench.output and 'File "main.py", line 2' in old_bench.output


def test_await_forms_work(old_bench):
    old_bench.run("import spiraltorch_web as st\nprint(await st.ones(3).sum().item_async())\n")
    assert "3.0" in old_bench.output


def test_stop_reaches_a_script_that_awaits(old_bench):
    old_bench.start(
        "import asyncio\nfrom spiraltorch_web import progress\nprint('going')\n"
        "for step in progress(range(10_000)):\n    await asyncio.sleep(0.01)\n"
    )
    old_bench.wait_for_output("going")
    old_bench.button("Stop").click()
    old_bench.wait_for_end()
    assert old_bench.status == "Stopped."
    assert "restarting" not in old_bench.output
