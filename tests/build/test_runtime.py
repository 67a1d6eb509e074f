"""The hosted runtime in Chromium: packages from our lock alone, and our wheel in a page that is not ours."""

from __future__ import annotations

import json

import pytest

from buildtools.runtime import hosted_wheels, runtime_for, write_runtime
from tests.support.site import PROJECT, built_site, plainly_served, served

# Pyodide in a module worker, as the page runs it: every package of the lock is loaded, and what was loaded is told.
WORKER = """
const base = new URL("./", self.location).href;
const { loadPyodide } = await import(`${base}pyodide/pyodide.mjs`);
const lockFileURL = `${base}pyodide/pyodide-lock.json`;
const lock = await (await fetch(lockFileURL)).json();
const python = await loadPyodide({ indexURL: `${base}pyodide/`, lockFileURL, packages: Object.keys(lock.packages) });
python.runPython("import lark, micropip, packaging, spiraltorch_web");
const numpy = "numpy" in lock.packages ? python.runPython("import numpy; numpy.arange(4).sum().item()") : null;
const suspends = await python.runPythonAsync("from pyodide.ffi import can_run_sync; can_run_sync()");
await python.runPythonAsync("await micropip.install('lark')");
postMessage({ loaded: Object.keys(python.loadedPackages).sort(), locked: Object.keys(lock.packages).sort(),
              version: python.version, numpy, suspends, isolated: self.crossOriginIsolated });
"""
RUN_WORKER = """address => new Promise((resolve, reject) => {
  const worker = new Worker(address, { type: "module" });
  worker.onmessage = event => resolve(event.data);
  worker.onerror = event => reject(new Error(event.message));
})"""

# A page as anyone writes it: plain Pyodide on the main thread, no worker, no policy, our wheel by its address.
BARE_PAGE = """<!doctype html><title>bare</title><script type="module">
import { loadPyodide } from "./pyodide/pyodide.mjs";
globalThis.python = await loadPyodide({ packages: ["micropip"] });
document.title = "ready";
</script>"""
INSTALL = """async address => python.runPythonAsync(`
import micropip
await micropip.install("${address}")
import spiraltorch_web as st
await st.set_device_async("webgpu")
x = st.tensor([1.0, 2.0, 3.0], requires_grad=True)
loss = (x @ x) + x.sum()
loss.backward()
hard = st.spiralk.parse("mk: 2;").evaluate(r=1, c=1, k=1).hard["mk"]
[st.__version__, st.device_info().backend, await loss.item_async(), await x.grad.tolist_async(), hard]
`).then(found => found.toJs())"""


@pytest.mark.parametrize(("name", "numpy"), [("site", None), ("site-0.27.7", 6)])
def test_every_package_of_the_lock_loads_in_a_module_worker(browser_page, name, numpy):
    with served(built_site(name), "/deep/prefix/") as server:
        page = browser_page(server.address + "site.json")
        requests = []
        page.context.on("request", lambda request: requests.append(request.url))
        page.context.route("**/probe.js", lambda route: _fulfil_script(route, server.headers))
        found = page.evaluate(RUN_WORKER, server.address + "probe.js")
        assert found["loaded"] == found["locked"]
        assert found["version"] == page.evaluate(
            "async () => (await (await fetch('site.json')).json()).pyodide.version"
        )
        if "numpy" in found["locked"]:
            assert found["numpy"] == 6
        assert numpy is None or found["numpy"] == numpy
        assert found["suspends"] is True
        assert found["isolated"] is True
        assert [url for url in requests if not url.startswith(server.address)] == []
    assert browser_page.problems == []


def _fulfil_script(route, headers) -> None:
    """The probe worker under the site's own headers: a worker takes its policy from its own response."""
    route.fulfill(body=WORKER, headers=dict(headers), content_type="text/javascript")


@pytest.fixture(scope="module", params=["314.0.7", "0.27.7"])
def bare_site(request, tmp_path_factory):
    """A foreign site: Pyodide with micropip and nothing of ours."""
    runtime = runtime_for(request.param)
    folder = tmp_path_factory.mktemp("bare")
    others = [wheel for wheel in hosted_wheels(PROJECT, runtime) if not wheel.name.startswith("spiraltorch")]
    write_runtime(PROJECT, runtime, others, folder / "pyodide")
    (folder / "index.html").write_text(BARE_PAGE)
    return folder


def test_one_micropip_install_brings_the_library_into_any_page(browser_page, bare_site, site_server):
    """The wheel comes from another origin than the page, as it will for JupyterLite or PyScript."""
    wheel = f"{site_server.address}pyodide/wheels/{_wheel_name()}"
    with plainly_served(bare_site) as address:
        page = browser_page(address)
        page.wait_for_function("document.title === 'ready'", timeout=60_000)
        found = page.evaluate(INSTALL, wheel)
    assert found == [_wheel_name().split("-")[1], "browser", 20.0, [3.0, 5.0, 7.0], 2]
    assert browser_page.problems == []


def _wheel_name() -> str:
    return json.loads((built_site("site") / "site.json").read_text())["wheel"]


def test_every_vendor_bundle_is_a_module_that_needs_no_other(browser_page, site_server):
    page = browser_page(site_server.address + "site.json")
    for entry in sorted((PROJECT.web / "vendor").glob("*.js")):
        names = page.evaluate("async name => Object.keys(await import(`./vendor/${name}`))", entry.name)
        assert names, f"{entry.name} exports nothing"


def test_the_page_under_a_prefix_asks_for_nothing_outside_it(browser_page):
    with served(built_site("site"), "/deep/prefix/") as server:
        page = browser_page()
        answers = []
        page.context.on("response", lambda response: answers.append((response.status, response.url)))
        page.goto(server.address)
        page.wait_for_load_state("networkidle", timeout=60_000)
    assert len(answers) > 10
    assert [url for _, url in answers if not url.startswith((server.address, "blob:", "data:"))] == []
    assert [url for status, url in answers if status >= 400] == []
