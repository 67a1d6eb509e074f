"""The page's start: nothing that could be prepared is done again at every visit."""

from __future__ import annotations

import os
import re
import shutil

from playwright.sync_api import expect

from tests.support.site import built_site, served
from tests.web.conftest import eventually, shortened

# Modules that Python imported by compiling a file of the page's file system.
FROM_SOURCE = """import pathlib, sys
def from_source(module):
    place = getattr(module, "__file__", None) or ""
    if type(getattr(module, "__loader__", None)).__name__ == "zipimporter":
        return place.endswith(".py")
    cached = getattr(module.__spec__, "cached", None)
    return "/spiraltorch_web/" in place and not (cached and pathlib.Path(cached).exists())
names = {name for name, module in sys.modules.items() if name != "__main__" and from_source(module)}
"""
BEFORE = f"{FROM_SOURCE}sys.in_the_snapshot = names\n"
AFTER = f"{FROM_SOURCE}print('compiled here:', sorted(names - sys.in_the_snapshot))\n"


def test_a_visit_compiles_no_library(open_bench):
    bench = open_bench()
    bench.wait_until_ready()
    bench.run(BEFORE)
    bench.run(shortened("spirals", steps=2), timeout=120)
    bench.run(AFTER)
    assert bench.output.strip() == "compiled here: []"


NEW_IN_EVERY_VISIT = """import os, random, sys
print("drawn", random.random())
print("told", os.environ["SPIRALTORCH_DEVICE"], "PYTHONHASHSEED" in os.environ, sys.path[:2])
"""
MORE_OF_THE_STANDARD_LIBRARY = """import wave
print("wave has", wave.Wave_read.__name__)
"""


def test_python_goes_on_from_a_snapshot(open_bench):
    """The standard library arrives when a script first imports what the snapshot lacks."""
    bench = open_bench()
    bench.wait_until_ready()  # else what the first visit still asks for would count
    asked, drawn = [], set()
    bench.page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
    for _ in range(2):
        bench.page.reload()
        bench.wait_until_ready()
        bench.run(NEW_IN_EVERY_VISIT)
        assert "told webgpu False ['', '/lib/python314.zip']" in bench.output
        drawn.add(re.search(r"drawn (\S+)", bench.output)[1])
    assert len(drawn) == 2
    assert asked.count("python.snapshot") == 2 and "python_stdlib.zip" not in asked
    bench.run(MORE_OF_THE_STANDARD_LIBRARY)
    assert "wave has Wave_read" in bench.output
    assert asked.count("python_stdlib.zip") == 1


def test_a_standard_library_out_of_reach_is_an_error_of_the_script(open_bench, pages):
    bench = open_bench()
    bench.wait_until_ready()
    bench.page.context.route("**/python_stdlib.zip", lambda route: route.abort())
    bench.run(MORE_OF_THE_STANDARD_LIBRARY)
    expect(bench.page.locator(".status-label")).to_contain_text("in line 1")
    bench.page.context.unroute("**/python_stdlib.zip")
    bench.run(MORE_OF_THE_STANDARD_LIBRARY)
    assert "wave has Wave_read" in bench.output
    pages.problems.clear()  # the browser tells the console of the request that failed


def test_a_damaged_snapshot_is_done_without(open_bench, tmp_path):
    site = tmp_path / "site"
    shutil.copytree(built_site("site"), site, ignore=shutil.ignore_patterns("python.snapshot.*"))
    with (site / "pyodide" / "python.snapshot").open("r+b") as kept:
        kept.seek(-9, os.SEEK_END)
        (last,) = kept.read(1)
        kept.seek(-1, os.SEEK_CUR)
        kept.write(bytes([last ^ 1]))
    with served(site) as server:
        bench, told = open_bench(server=server), []
        bench.page.on("console", lambda message: told.append(message.text))
        bench.page.reload()
        bench.wait_until_ready()
        bench.run("import spiraltorch_web as st\nprint(st.arange(4).float().sum().item())\n")
        assert "6.0" in bench.output
    assert any("the snapshot of Python is damaged" in text for text in told)


def test_the_page_begins_with_its_first_paint(open_bench):
    began = """() => [performance.getEntriesByName("first-contentful-paint")[0].startTime,
        performance.getEntriesByName("shell")[0].startTime]"""
    painted, shell = open_bench().page.evaluate(began)
    assert painted < shell


def test_a_visit_asks_for_each_part_once_and_for_few_of_them(open_bench):
    """No module that a bundle holds is loaded again beside it: two instances of one would not know of each other."""
    bench = open_bench()
    bench.wait_until_ready()  # else what the first visit still asks for would count
    asked = []
    bench.page.on("request", lambda request: asked.append(request.url.removeprefix(bench.page.url.split("#")[0])))
    bench.page.reload()
    bench.wait_until_ready()
    bench.page.get_by_role("link", name="Rank-K lab").click()
    expect(bench.page.get_by_role("region", name="Plan", exact=True)).to_be_visible(timeout=60_000)
    modules = [name for name in asked if name.endswith((".js", ".mjs"))]
    assert "kernel/worker.js" in modules and "panels/rankk/panel.js" in modules
    first = {"start.js", "main.js", "kernel/worker.js", "pyodide/pyodide.mjs", "pyodide/pyodide.asm.mjs"}
    assert {name for name in modules if not name.startswith("parts/")} == {*first, "panels/rankk/panel.js"}
    assert len(modules) == len(set(modules))


KERNELS_COMPILED = """import js
pipelines = js.spiraltorchExecutor.current.pipelines
print(sum("* 0.123" in text for text in pipelines.compiled.keys()), "compiled")
"""


def test_kernels_of_the_last_script_are_compiled_while_python_loads(open_bench):
    bench = open_bench()
    bench.wait_until_ready()
    bench.run(KERNELS_COMPILED)
    assert "0 compiled" in bench.output
    bench.run("import spiraltorch_web as st\nprint((st.arange(77).float() * 0.123).sum().item())\n")
    bench.page.reload()
    bench.wait_until_ready()
    eventually(lambda: (bench.run(KERNELS_COMPILED), "1 compiled" in bench.output)[1])
    bench.run("import spiraltorch_web as st\nprint((st.arange(77).float() * 0.123).sum().item())\n")
    assert "359.898" in bench.output


def test_pyodide_knows_that_the_library_is_there(open_bench):
    """`loadPackage` and micropip must not install it again."""
    bench = open_bench()
    bench.wait_until_ready()
    bench.run(
        "import importlib.metadata, pyodide_js, spiraltorch_web\n"
        "print(getattr(pyodide_js.loadedPackages, 'spiraltorch-web'))\n"
        "print(importlib.metadata.version('spiraltorch-web') == spiraltorch_web.__version__)\n"
    )
    assert bench.output.split("\n")[:2] == ["default channel", "True"]


def test_a_damaged_library_is_an_error_with_advice(open_bench, gpu_browser, pages):
    bench = open_bench("#view=bench")
    changed = []

    def damaged(route):
        changed.append(route.request.url)
        route.fulfill(response=(answer := route.fetch()), body=answer.body()[:-9])

    bench.page.context.route("**/library.pack", damaged)
    bench.page.goto(bench.page.url.replace("#view=bench", ""))
    bench.page.reload()
    expect(bench.page.locator(".workbench .status-label")).to_contain_text("could not be loaded", timeout=60_000)
    assert changed
    pages.problems.clear()  # the browser tells the console of a hash that does not fit
