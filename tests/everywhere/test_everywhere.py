"""The same programs in three places, eagerly and compiled: equal results."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web.runtime.session import session
from tests.everywhere import programs
from tests.support.adapters import note_adapter
from tests.support.browser import ADAPTER_SCRIPT
from tests.support.device_page import run_python
from tests.support.sessions import cpu_unless_asked, opened  # noqa: F401  a fixture of this folder

IN_THE_BROWSER = """
import json, traceback
import spiraltorch_web as st
st.set_device("webgpu")
def attempt(name, compiled):
    try:
        return results(name, compiled)
    except Exception:
        return traceback.format_exc()
json.dumps({name: [attempt(name, compiled) for compiled in (False, True)] for name in PROGRAMS})
"""

Results = list[list[float]]


@functools.cache
def on_the_cpu(name: str) -> Results:
    """The results to compare with: eagerly, in NumPy."""
    session().use_device(opened("cpu"))
    return programs.results(name, compiled=False)


@pytest.fixture(scope="module")
def in_the_browser(chromium, python_page) -> dict[str, list[Results | str]]:
    """All programs in one page: [eagerly, compiled] by name, a traceback where one failed."""
    adapter = python_page.evaluate(ADAPTER_SCRIPT)
    assert adapter, "Chromium gave no WebGPU adapter"
    source = Path(programs.__file__).read_text(encoding="utf-8")
    found = json.loads(run_python(python_page, source + IN_THE_BROWSER))
    return found | {"adapter": f"{adapter} (Chromium {chromium.version})"}


def agree(name: str, found: Results, wanted: Results) -> None:
    bound = programs.LOOSER.get(name, programs.TOLERANCE)
    assert len(found) == len(wanted)
    for place, (got, expected) in enumerate(zip(found, wanted, strict=True)):
        if name in programs.EXACT:
            np.testing.assert_array_equal(got, expected, err_msg=f"result {place}")
            continue
        values = np.asarray(expected, np.float64)
        scale = max(1.0, np.abs(values[np.isfinite(values)]).max(initial=0.0))
        np.testing.assert_allclose(got, values, rtol=bound, atol=bound * scale, err_msg=f"result {place}")


@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_compiled_on_the_cpu(name):
    wanted = on_the_cpu(name)
    agree(name, programs.results(name, compiled=True), wanted)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_on_native_webgpu(name, compiled, request):
    wanted = on_the_cpu(name)
    device = opened("webgpu")
    note_adapter(request.node, f"{device.info.adapter} ({device.info.backend})")
    session().use_device(device)
    try:
        found = programs.results(name, compiled)
    finally:
        session().use_device(opened("cpu"))
    agree(name, found, wanted)


@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_in_the_browser(name, in_the_browser, request):
    note_adapter(request.node, in_the_browser["adapter"])
    for found in in_the_browser[name]:
        assert not isinstance(found, str), found
        agree(name, found, on_the_cpu(name))


def test_every_program_is_run():
    defined = {
        name for name, value in vars(programs).items() if callable(value) and value.__module__ == programs.__name__
    }
    helpers = {"plain", "ramp", "whole", "gradients_of", "training", "results"}
    assert defined - helpers == set(programs.PROGRAMS)
    assert set(programs.PROGRAMS) >= programs.EXACT | set(programs.LOOSER)
    assert len(st.ones(1).tolist()) == 1
