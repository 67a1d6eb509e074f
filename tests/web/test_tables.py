"""Tuner tables in the page: none is fetched before a plan, then the device's own; without one the built-in serves."""

from __future__ import annotations

import json

import pytest

from spiraltorch_web.tuning import Provenance, TunerTable

CLASS = """from spiraltorch_web.tuning import DeviceCaps
print("class:", DeviceCaps.probe().device_class)
"""
PLAN = """import spiraltorch_web as st
for reason in st.plan_topk(rows=64, cols=900, k=7)["reasons"]:
    print(reason)
print("planned")
"""


def table_for(device_class: str) -> str:
    record = {"rows": 1, "cols_min": 1, "cols_max": 4096, "k_max": 64, "mk": 1, "wg": 64}
    made = Provenance("a test", "", "browser", "2026-11-23", "0.1.0", (device_class,), 1e10, 1e-5)
    return TunerTable([record], (), made).to_json()


@pytest.fixture
def tabled(pages, site_server, open_bench):
    """Factory: a page whose site serves the given tables; gives the page and the list of what it asked for."""

    def open_page(tables):
        asked = []

        def answer(route):
            name = route.request.url.rsplit("/", 1)[1].removesuffix(".json")
            asked.append(name)
            body = json.dumps(list(tables)) if name == "index" else tables[name]
            route.fulfill(body=body, content_type="application/json")

        bench = open_bench()
        bench.page.context.route("**/tuner_tables/*", answer)
        bench.wait_until_ready()
        return bench, asked

    return open_page


def said_class(bench) -> str:
    bench.run(CLASS)
    return bench.output.split("class: ")[1].split()[0]


def test_the_table_of_the_device_is_fetched_by_the_first_plan_and_no_other(tabled):
    tables: dict[str, str] = {"vulkan-another-card": "never read"}
    bench, asked = tabled(tables)
    device_class = said_class(bench)
    assert device_class.startswith("browser-") and asked == []
    tables[device_class] = table_for(device_class)
    bench.run(PLAN)
    assert f"table: {device_class}" in bench.output
    assert asked == ["index", device_class]
    bench.run(PLAN)
    assert len(asked) == 2


def test_without_a_table_the_built_in_serves_and_the_plan_says_so(tabled):
    bench, asked = tabled({})
    bench.run(PLAN)
    assert "table: built-in" in bench.output and "there is no tuner table for browser-" in bench.output
    assert asked == ["index"]
