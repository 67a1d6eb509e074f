"""Every family of launches on a hundred thousand rows: natively on two drivers, and in the browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spiraltorch_web.runtime.session import session
from tests.rankk import volume
from tests.support.adapters import note_adapter
from tests.support.browser import ADAPTER_SCRIPT
from tests.support.device_page import run_python
from tests.support.sessions import opened

ROOT = Path(__file__).resolve().parents[2]
SWIFTSHADER = Path("/usr/lib/chromium/vk_swiftshader_icd.json")
ENOUGH = 100_000
SOURCE = Path(volume.__file__).read_text(encoding="utf-8")
SMALLER = """
import json
import spiraltorch_web as st
st.set_device("{device}")
checked, wrong = check(PROBLEMS[::2], share=100)
{tell}(json.dumps([checked, wrong, st.device_info().adapter]))
"""


def test_no_row_of_many_is_wrong(request):
    device = opened("webgpu:software")
    note_adapter(request.node, f"{device.info.adapter} ({device.info.backend})")
    session().use_device(device)
    checked, wrong = volume.check()
    session().use_device(opened("cpu"))
    assert not wrong
    assert checked >= ENOUGH


def test_no_row_is_wrong_on_another_driver(request):
    if not SWIFTSHADER.is_file():
        pytest.fail(f"Chromium's software driver is not at {SWIFTSHADER}")
    environment = {**os.environ, "VK_DRIVER_FILES": str(SWIFTSHADER), "PYTHONPATH": str(ROOT / "py")}
    script = SOURCE + SMALLER.format(device="webgpu:software", tell="print")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=250)
    assert done.returncode == 0, done.stderr[-3000:]
    checked, wrong, adapter = json.loads(done.stdout)
    note_adapter(request.node, f"{adapter} (Vulkan)")
    assert not wrong and checked and "SwiftShader" in adapter


def test_no_row_is_wrong_in_the_browser(request, chromium, python_page):
    adapter = python_page.evaluate(ADAPTER_SCRIPT)
    assert adapter, "Chromium gave no WebGPU adapter"
    note_adapter(request.node, f"{adapter} (Chromium {chromium.version})")
    checked, wrong, _ = json.loads(run_python(python_page, SOURCE + SMALLER.format(device="webgpu", tell="")))
    assert not wrong and checked
