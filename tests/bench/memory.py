"""Section ``memory``: what grows over two thousand steps, natively and in the page. Nothing should.

The first steps fill caches and pools, so growth is counted from their end. The batch is small: sizes do not matter
here, and software adapters would take minutes.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator, Mapping

import spiraltorch_web as st

from .browser import run_page
from .mlp import CASE, problem
from .options import Options
from .page import browser_flags, browser_of
from .report import Report, Row
from .spiral_step import SpiralStep, use

SECTION = "memory"
BATCH = 8
WARM_UP = 200
# What a reading is called, and its unit. A kilobyte or so of noise is the interpreter's own.
QUANTITIES = {
    "buffers": ("device buffers", ""),
    "bufferBytes": ("bytes in device buffers", "B"),
    "groups": ("bind groups", ""),
    "pythonObjects": ("Python objects", ""),
    "pythonBytes": ("Python heap", "B"),
    "wasmBytes": ("WebAssembly memory", "B"),
    "workerBytes": ("JavaScript heap of the worker", "B"),
}


def run(report: Report, options: Options) -> None:
    """Measure both places."""
    report.add(list(_growth("natively", *_native(report, options), options.memory_steps)))
    query = {"memory": options.memory_steps, "warmup": WARM_UP, "batch": BATCH}
    found = run_page(options.site, browser_of(options), browser_flags(options), query, options.page_seconds)
    report.adapters["browser"] = f"{found['facts']['adapter']}; {found['browser']}"
    report.add(list(_growth("in Chromium", *found["readings"], options.memory_steps)))


def _native(report: Report, options: Options) -> tuple[dict[str, int], dict[str, int]]:
    device = use(options.device)
    report.adapters["native"] = f"{device.info.adapter}, {device.info.driver}"
    training = SpiralStep(problem(BATCH))
    tracemalloc.start()
    try:
        training.run(WARM_UP)
        before = _reading()
        training.run(options.memory_steps)
        return before, _reading()
    finally:
        tracemalloc.stop()


def _reading() -> dict[str, int]:
    gc.collect()
    facts = st.memory()
    return {
        "buffers": facts["buffers"],
        "bufferBytes": facts["allocated"],
        "groups": facts["groups"],
        "pythonObjects": len(gc.get_objects()),
        "pythonBytes": tracemalloc.get_traced_memory()[0],
    }


def _growth(where: str, before: Mapping, after: Mapping, steps: int) -> Iterator[Row]:
    for key, (words, unit) in QUANTITIES.items():
        if before.get(key) is not None:
            what = f"growth of {words} over {steps:,} steps"
            note = f"{before[key]:,} → {after[key]:,}"
            yield Row(SECTION, f"{where}: MLP {CASE}, batch {BATCH}", what, after[key] - before[key], unit, note=note)
