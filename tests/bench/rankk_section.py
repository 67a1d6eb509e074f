"""Section ``rankk``: the table beside `torch.topk`, the chooser's regret, and TF.js' topk in the same page."""

from __future__ import annotations

import argparse
import time

from spiraltorch_web.kernels.rankk.choice import RankKind
from spiraltorch_web.runtime.session import session
from spiraltorch_web.tuning.facts import measure_facts

from . import rankk
from .browser import BrowserFailure, run_page
from .options import Options
from .page import browser_flags, browser_of, runs_on_software
from .rankk_shapes import shapes_named
from .rankk_torch import torch_device_name
from .report import Report, Row
from .spiral_step import use
from .timing import Timing

SECTION = "rankk"
PAGE_SHAPE = "256x4095x128"
GOAL = "faster than torch.topk"
PAGE_GOAL = "≥ 10 × ours"
SECONDS = 400.0  # for the table and the regret each
CONTENDERS = {"spiraltorch": "spiraltorch st.topk, compiled, from Python", "tfjs": "TF.js {} topk, WebGPU"}


def run(report: Report, options: Options) -> None:
    """The table for all kinds, the chooser on shapes that no table was fitted on, and the page."""
    device = use(options.device)
    report.adapters["native"] = f"{device.info.adapter}, {device.info.driver}"
    if torch_device_name():
        report.adapters["PyTorch"] = torch_device_name()
    else:
        report.remark("PyTorch with CUDA is not here: no comparison with torch.topk")
    _native(report, options, "table", list(RankKind), "auto")
    _native(report, options, "heldout", [RankKind.TOPK], "auto;all")
    report.add(_page_rows(report, options))


def _native(report: Report, options: Options, shapes: str, kinds: list[RankKind], choice: str) -> None:
    facts = measure_facts()
    settings = argparse.Namespace(choice=choice, rounds=options.rounds, prune=2.0, no_torch=shapes != "table")
    bench = rankk.Bench(settings, facts)
    todo = shapes_named(shapes, kinds, session().device.caps.software)
    end = time.monotonic() + SECONDS
    results: list[rankk.Result] = []
    for index, shape in enumerate(todo):
        now = time.monotonic()
        if now > end:
            report.remark(f"rankk {shapes}: {len(todo) - index} of {len(todo)} shapes were left out, time ran out")
            break
        found = bench.run(shape, now + (end - now) / (len(todo) - index))
        results += found
        if wrong := [each for each in found if each.wrong_rows]:
            raise AssertionError(f"{wrong[0].wrong_rows} rows are wrong: {wrong[0]}")
        if shapes == "table":
            report.add(_rows(found[0]))
    for line in rankk.summary(results):
        report.remark(f"rankk {shapes}: {line}")


def _rows(found: rankk.Result) -> list[Row]:
    case = f"{found.kind} {found.rows} × {found.cols}, k {found.k}"
    ours = found.microseconds * 1e-6
    share = 100 * found.floor_microseconds / found.microseconds
    note = f"{share:.1f} % of the floor, {found.dispatches} launches"
    rows = [Row(SECTION, case, "spiraltorch", ours, "s", found.spread * 1e-6, 1.0, GOAL, note)]
    if found.torch_microseconds:
        theirs = found.torch_microseconds * 1e-6
        rows.append(Row(SECTION, case, "torch.topk, sorted", theirs, "s", ratio=theirs / ours))
    floor = found.floor_microseconds * 1e-6
    return [*rows, Row(SECTION, case, "one read, one write", floor, "s", ratio=floor / ours)]


def _page_rows(report: Report, options: Options) -> list[Row]:
    query = {
        "topk": PAGE_SHAPE,
        "contenders": ",".join(CONTENDERS),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "patience": options.page_seconds / 2,
    }
    flags = browser_flags(options)
    found = run_page(options.site, browser_of(options), flags, query, options.page_seconds)
    results = found["results"]
    for name, reason in found["absent"].items():
        report.remark(f"rankk in the page: {name} took no part: {reason.splitlines()[0]}")
    if "spiraltorch" not in results:
        raise BrowserFailure(f"our own contender failed: {found['absent'].get('spiraltorch')}")
    ours = results["spiraltorch"]
    for name, part in results.items():
        if part["check"] != ours["check"]:
            raise BrowserFailure(f"{name} finds other indices: their sum is {part['check']}, ours {ours['check']}")
    report.adapters["browser"] = f"{ours['adapter']}; {found['browser']}"
    case = f"in Chromium: topk {found['rows']} × {found['cols']}, k {found['k']}"
    timed = [Timing.of(CONTENDERS[name].format(part["version"]), part["samples"], part["steps"])
             for name, part in results.items()]  # fmt: skip
    rows = [
        Row(SECTION, case, t.name, t.seconds, "s", t.spread, t.seconds / timed[0].seconds,
            PAGE_GOAL if t is not timed[0] and runs_on_software(options) else "", f"{t.rounds} rounds of {t.steps}")
        for t in timed
    ]  # fmt: skip
    gpu = ours["gpuSeconds"]
    return [*rows, Row(SECTION, case, "GPU time of the program", gpu, "s", ratio=gpu / timed[0].seconds)]
