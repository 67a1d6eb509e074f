"""Which modules may know which backend, read from their import statements."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "py" / "spiraltorch_web"
ALLOWED = {
    "wgpu": ("device/native",),
    "js": ("device/browser", "bridge"),
    "pyodide": ("device/browser", "bridge"),
    "pyodide_js": ("device/browser", "bridge"),
}


def imported(path: Path) -> set[str]:
    """Top-level names of the packages that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("backend", ALLOWED)
def test_a_backend_is_imported_only_where_it_is_at_home(backend):
    strangers = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if backend in imported(path) and not path.relative_to(PACKAGE).as_posix().startswith(ALLOWED[backend])
    ]
    assert strangers == []


def test_choosing_a_device_imports_no_backend():
    blocked = "for name in ('numpy', 'wgpu', 'js', 'pyodide'): sys.modules[name] = None"
    code = f"import sys\n{blocked}\nimport spiraltorch_web.device.select, spiraltorch_web.cli.main"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(PACKAGE.parent)}
    )
    assert done.returncode == 0, done.stderr
