"""Section ``fft``: the table beside cuFFT, and TF.js' transforms in the same page."""

from __future__ import annotations

import argparse
import time
from math import isclose

from spiraltorch_web.runtime.session import session

from . import fft
from .browser import BrowserFailure, run_page
from .options import Options
from .page import browser_flags, browser_of, runs_on_software
from .rankk_torch import torch_device_name
from .report import Report, Row
from .spiral_step import use
from .timing import Timing

SECTION = "fft"
TABLES = "table,long,one,other"
PAGE_SHAPES = ("64x4096", "4096x64")
PAGE_GOALS = {("tfjs", "64x4096"): "≥ 100 × ours", ("tfjs", "4096x64"): "≥ 10 × ours"}
GOAL = "≤ 1.2 × cuFFT"
SAME_SUM = 1e-3  # TF.js adds up n terms one after the other
SECONDS = 300.0
CONTENDERS = {
    "spiraltorch": "spiraltorch st.fft.fft, compiled, from Python",
    "tfjs": "TF.js {} fft, WebGPU",
}


def run(report: Report, options: Options) -> None:
    """Every shape of the table, and the page."""
    device = use(options.device)
    report.adapters["native"] = f"{device.info.adapter}, {device.info.driver}"
    if torch_device_name():
        report.adapters["PyTorch"] = torch_device_name()
    else:
        report.remark("PyTorch with CUDA is not here: no comparison with cuFFT")
    settings = argparse.Namespace(plan="auto", rounds=options.rounds, prune=2.0, no_torch=False)
    bandwidth = fft.copy_rate()
    shapes = fft.shapes_named("software" if session().device.caps.software else TABLES)
    end = time.monotonic() + SECONDS
    for index, (rows, cols) in enumerate(shapes):
        now = time.monotonic()
        if now > end:
            report.remark(f"fft: {len(shapes) - index} of {len(shapes)} shapes were left out, time ran out")
            break
        (found,) = fft.run_shape(rows, cols, settings, bandwidth, now + (end - now) / (len(shapes) - index))
        if not found["error"] <= fft.ERROR:
            raise AssertionError(f"the error of {rows} x {cols} is {found['error']:.1e}")
        report.add(_rows(found))
    for shape in PAGE_SHAPES:
        report.add(_page_rows(report, options, shape))


def _rows(found: dict) -> list[Row]:
    case = f"{found['rows']} × {found['cols']}, complex"
    ours, floor = found["microseconds"] * 1e-6, found["floor_microseconds"] * 1e-6
    note = f"{100 * floor / ours:.1f} % of the floor, {found['launches']} launches, error {found['error']:.1e}"
    rows = [Row(SECTION, case, "spiraltorch", ours, "s", found["spread"] * 1e-6, 1.0, GOAL, note)]
    if found["torch_microseconds"]:
        theirs = found["torch_microseconds"] * 1e-6
        rows.append(Row(SECTION, case, "cuFFT (torch.fft.fft)", theirs, "s", ratio=theirs / ours))
    return [*rows, Row(SECTION, case, "one read, one write", floor, "s", ratio=floor / ours)]


def _page_rows(report: Report, options: Options, shape: str) -> list[Row]:
    query = {
        "fft": shape,
        "contenders": ",".join(CONTENDERS),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "patience": options.page_seconds / 3,
    }
    found = run_page(options.site, browser_of(options), browser_flags(options), query, options.page_seconds)
    results = found["results"]
    for name, reason in found["absent"].items():
        report.remark(f"fft in the page: {name} took no part: {reason.splitlines()[0]}")
    if "spiraltorch" not in results:
        raise BrowserFailure(f"our own contender failed: {found['absent'].get('spiraltorch')}")
    ours = results["spiraltorch"]
    for name, part in results.items():
        if not isclose(part["check"], ours["check"], rel_tol=SAME_SUM):
            raise BrowserFailure(f"{name} finds another spectrum: its sum is {part['check']}, ours {ours['check']}")
    report.adapters["browser"] = f"{ours['adapter']}; {found['browser']}"
    case = f"in Chromium: fft {found['rows']} × {found['cols']}"
    timed = {name: Timing.of(CONTENDERS[name].format(part["version"]), part["samples"], part["steps"])
             for name, part in results.items()}  # fmt: skip
    first = timed["spiraltorch"].seconds
    rows = [
        Row(SECTION, case, t.name, t.seconds, "s", t.spread, t.seconds / first,
            PAGE_GOALS.get((name, shape), "") if runs_on_software(options) else "", f"{t.rounds} rounds of {t.steps}")
        for name, t in timed.items()
    ]  # fmt: skip
    return [
        *rows,
        Row(SECTION, case, "GPU time of the program", ours["gpuSeconds"], "s", ratio=ours["gpuSeconds"] / first),
    ]
