"""The page's modules as few files: of 70 requests that the start of the page would make one after another or at once,
a handful remain. The modules themselves stay in the site, too: tests and other pages import them one by one.

A view that loads when it is opened is an entry of its own; what it shares with the page goes into files between them.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from .project import BuildError, Project, run

REGISTRY = "panels/registry.js"
LATER = re.compile(r"""import\("\./(\w+/panel\.js)"\)""")
WORKER = "kernel/worker.js"
# Pyodide stays a file of its own, under its own licence.
PYODIDE = "../pyodide/*.mjs"
OPTIONS = (
    "--bundle", "--format=esm", "--target=es2022", "--legal-comments=none", "--charset=utf8", "--log-level=warning",
    "--minify-whitespace", "--minify-syntax",  # names stay, for readers of a stack
)  # fmt: skip


def bundle_page(project: Project, site: Path) -> None:
    """Put bundles in the places of main.js, of the views' panels and of the worker in a site that is complete."""
    later = LATER.findall((site / REGISTRY).read_text())
    if not later:
        raise BuildError(f"web/{REGISTRY} names no view that loads later: has its form changed?")
    page = ["main.js", *(f"panels/{name}" for name in later)]
    with tempfile.TemporaryDirectory(prefix="bundles-") as scratch:
        out = Path(scratch)
        _esbuild(project, site, page, out, "--splitting", "--chunk-names=parts/[hash]")
        _esbuild(project, site, [WORKER], out, f"--external:{PYODIDE}")
        for path in sorted(path for path in out.rglob("*") if path.is_file()):
            place = site / path.relative_to(out)
            place.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, place)


def _esbuild(project: Project, site: Path, entries: list[str], out: Path, *more: str) -> None:
    program = project.node_modules / ".bin" / "esbuild"
    run([program, *entries, *OPTIONS, *more, "--outbase=.", f"--outdir={out}"], cwd=site, what="bundling the page")
