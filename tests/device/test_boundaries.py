"""Choosing a device needs none of the packages behind devices. tests/arch/test_layers.py holds who may import which."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "py"


def test_choosing_a_device_imports_no_backend():
    blocked = "for name in ('numpy', 'wgpu', 'js', 'pyodide'): sys.modules[name] = None"
    code = f"import sys\n{blocked}\nimport spiraltorch_web.device.select, spiraltorch_web.cli.main"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(SOURCES)})
    assert done.returncode == 0, done.stderr
