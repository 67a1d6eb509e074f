"""SpiralK in Chromium: Lark comes from the site with the first program, and the deepest program leaves Python alive."""

from __future__ import annotations

import json

import pytest

from tests.spiralk.programs import FIRST
from tests.support.site import built_site, served

NO_JSPI = "for (const name of ['Suspending', 'promising', 'SuspendError']) delete WebAssembly[name];"
# Pyodide in a module worker with our wheel alone, as the page starts it; then one script, whose value is told.
WORKER = """
const base = new URL("./", self.location).href;
const { loadPyodide } = await import(`${base}pyodide/pyodide.mjs`);
const options = { indexURL: `${base}pyodide/`, lockFileURL: `${base}pyodide/pyodide-lock.json` };
const python = await loadPyodide({ ...options, packages: ["spiraltorch-web"] });
const before = Object.keys(python.loadedPackages);
const value = await python.runPythonAsync(SCRIPT);
postMessage({ before, after: Object.keys(python.loadedPackages), value: JSON.parse(value) });
"""
RUN_WORKER = """address => new Promise((resolve, reject) => {
  const worker = new Worker(address, { type: "module" });
  worker.onmessage = event => resolve(event.data);
  worker.onerror = event => reject(new Error(event.message));
})"""
PARSING = """
import json
import spiraltorch_web as st
from spiraltorch_web.spiralk.tree import MAX_DEPTH
program = st.spiralk.parse(TEXT)
said = program.evaluate(r=1024, c=65536, k=64, sg=True)
deep = 0
for text in ("!" * (MAX_DEPTH - 1) + "k", "sel(k>3,1," * (MAX_DEPTH - 2) + "0" + ")" * (MAX_DEPTH - 2),
             "sel(" * (MAX_DEPTH // 2 - 1) + "k" + ">3,1,0)" * (MAX_DEPTH // 2 - 1)):
    rule = st.spiralk.parse(f"mk: {text};")
    again = st.spiralk.parse(rule.format())
    deep += again == rule and hash(again) == hash(rule) and bool(repr(rule))
    deep += isinstance(rule.check(), list) and rule.evaluate(r=1, c=1, k=1).hard["mk"] in (0, 1)
try:
    st.spiralk.parse("mk: " + "(" * 100_000)
except st.SpiralKError as error:
    refused = error.problem
json.dumps({"hard": said.hard, "soft": said.soft, "deep": deep, "refused": refused})
"""
ASKING = """
import json
import spiraltorch_web as st
try:
    told = st.spiralk.parse("mk: 1;")
except st.SpiralError as error:
    told = str(error)
await st.spiralk.prepare()
json.dumps({"told": told, "hard": st.spiralk.parse("mk: 1;").evaluate(r=1, c=1, k=1).hard})
"""


@pytest.fixture
def run_in_worker(browser_page):
    """``run_in_worker(script, prelude)``: what the worker tells."""

    def run(script, prelude=""):
        source = f"{prelude}\nconst SCRIPT = {json.dumps(script)};\n{WORKER}"
        with served(built_site("site")) as server:
            page = browser_page(server.address + "site.json")
            page.context.route(
                "**/probe.js",
                lambda route: route.fulfill(body=source, headers=dict(server.headers), content_type="text/javascript"),
            )
            return page.evaluate(RUN_WORKER, server.address + "probe.js")

    return run


def test_the_first_parse_loads_the_parser_from_the_site(run_in_worker):
    found = run_in_worker(PARSING.replace("TEXT", repr(FIRST)))
    assert (found["before"], set(found["after"]) - set(found["before"])) == (["spiraltorch-web"], {"lark"})
    told = found["value"]
    assert told["hard"] == {"mk": 2, "mkd": 4, "tile": 2048, "ctile": 1024}
    assert told["soft"] == [["mk", 2, 0.25], ["tile", 2048, 0.2]]
    assert told["deep"] == 6
    assert told["refused"] == "parentheses are nested deeper than 64 levels"


def test_where_the_browser_cannot_wait_the_error_says_what_to_do(run_in_worker):
    found = run_in_worker(ASKING, NO_JSPI)["value"]
    assert found["told"] == "parsing SpiralK needs Lark: await st.spiralk.prepare()"
    assert found["hard"] == {"mk": 1}
