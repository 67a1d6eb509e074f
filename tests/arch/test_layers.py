"""Imports go downwards only, and each foreign package stays in its corner."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "py" / "spiraltorch_web"
# From the ground up; names on one line are of one height and may import each other.
LAYERS = (
    "errors version",
    "dtypes config resources collecting host hosted png user_errors",
    "ir",
    "kernels",
    "compiler",
    "device",
    "runtime devices",
    "tensor autograd",
    "functional random compiled complex",
    "spiralk",
    "tuning",
    "roundtable",
    "rankk",
    "fft",
    "zspace frac hypergrad",
    "anomaly",
    "nn optim data io live",
    "checkpoint",
    "training blackcat",
    "page_sink",
    "labs",
    "bridge cli",
    "__init__ __main__",
)
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names.split()}
# Foreign package -> the modules that may import it at all.
CORNERS = {
    "wgpu": ("device/native*",),
    "js": ("device/browser*", "bridge.py", "page_sink.py"),
    "lark": ("spiralk/grammar.py", "spiralk/parse.py"),
    "pyodide": ("device/browser*", "bridge.py", "hosted.py", "page_sink.py"),
    "pyodide_js": ("device/browser*", "bridge.py", "hosted.py"),
    "spiraltorch_page": ("bridge.py", "page_sink.py"),
    "redis": ("roundtable/redis_voice.py",),
    "numpy": ("device/cpu*", "tensor/convert.py", "tensor/reading.py"),
}
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def part(module: str) -> str:
    """The layer's name for a file: its top folder, or the module itself."""
    return module.split("/")[0].removesuffix(".py")


def imports(module: str) -> Iterator[tuple[str, bool, bool]]:
    """(name, own, at the top) of every import: own ones as a part of the package, others as a top-level package."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    folder = module.split("/")[:-1]
    inside = {
        id(node)
        for f in ast.walk(tree)
        if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(f)
    }
    typing = {
        id(node)
        for f in ast.walk(tree)
        if isinstance(f, ast.If) and "TYPE_CHECKING" in ast.dump(f.test)
        for node in ast.walk(f)
    }
    for node in ast.walk(tree):
        if id(node) in typing:
            continue
        top = id(node) not in inside
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], False, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0], False, top
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] + (node.module.split(".") if node.module else [])
            yield from ((name, True, top) for name in ([base[0]] if base else [alias.name for alias in node.names]))


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module):
    here = HEIGHT[part(module)]
    for name, own, top in imports(module):
        if own and top and name in HEIGHT:
            assert HEIGHT[name] <= here, f"{module} imports {name}, which is above it"


@pytest.mark.parametrize("module", MODULES)
def test_foreign_packages_stay_in_their_corner(module):
    for name, own, _ in imports(module):
        if own or name in sys.stdlib_module_names or name == "__future__":
            continue
        assert name in CORNERS, f"{module} imports {name}"
        assert any(fnmatch(module, pattern) for pattern in CORNERS[name]), f"{module} may not import {name}"


def test_every_part_has_a_height():
    assert {part(module) for module in MODULES} <= set(HEIGHT)


def test_the_core_never_imports_numpy_at_the_top():
    guilty = [
        m for m in MODULES if not m.startswith("device/cpu") for n, own, top in imports(m) if n == "numpy" and top
    ]
    assert not guilty
