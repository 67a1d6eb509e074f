"""Section ``page``: the step in a browser, ours from Python beside the JavaScript libraries, on one page in one run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from buildtools.environment import chromium_path
from buildtools.project import BuildError

from .borch import ensure_borch
from .browser import HARDWARE_FLAGS, SOFTWARE_FLAGS, BrowserFailure, run_page
from .options import Options
from .report import Report, Row
from .step import MOST_DISPATCHES, case, rows
from .timing import Timing

SECTION = "page"
# Small differences in the order of sums and in exp are expected; a contender that does other work is not.
SAME_LOSS = 1e-3
MOST_CALLS = 3
OURS = "spiraltorch"
LABELS = {
    "spiraltorch": "spiraltorch compiled, from Python",
    "jax": "jax-js {}, jit",
    "tfjs": "TF.js {}, WebGPU",
    "borch": "borch.ts {}, compiled",
}
SOFTWARE_GOALS = {"jax": "≥ 2.5 × ours, aim 3", "tfjs": "≥ 8 × ours"}
HARDWARE_GOALS = {
    64: "≤ 150 µs in Chrome on an H100, aim 100",
    1024: "≤ 375 µs in Chrome on an H100, aim 275",
}


def run(report: Report, options: Options) -> None:
    """Measure every batch size; on a software adapter the small one alone, without borch.ts, which refuses it."""
    chromium = browser_of(options)
    software = runs_on_software(options)
    for batch in options.batches[:1] if software else options.batches:
        contenders = ["spiraltorch", "jax", "tfjs"]
        if not software and _has_borch(report, options):
            contenders.append("borch")
        query = {
            "contenders": ",".join(contenders),
            "batch": batch,
            "rounds": options.rounds,
            "seconds": options.seconds,
            "patience": options.page_seconds / 3,
        }
        found = run_page(options.site, chromium, browser_flags(options), query, options.page_seconds)
        report.add(_rows(found, report, software))


def _has_borch(report: Report, options: Options) -> bool:
    """Whether borch.ts can take part; without a network it must have come with the site."""
    try:
        ensure_borch(options.site)
    except BuildError as failure:
        report.remark(f"borch.ts takes no part: {failure}")
        return False
    return True


def browser_of(options: Options) -> Path:
    """The browser to use. Raises BrowserFailure."""
    path = options.chromium or chromium_path()
    if path is None:
        raise BrowserFailure("Chromium is not installed; name one with --chromium PATH")
    return Path(path)


def runs_on_software(options: Options) -> bool:
    """Whether the browser is to use SwiftShader: told by the flags, else where wgpu finds no GPU."""
    if options.flags:
        return any("swiftshader" in flag for flag in options.flags)
    from spiraltorch_web.device import native_open

    return all(native_open.is_software(adapter) for adapter in native_open.adapters())


def browser_flags(options: Options) -> Sequence[str]:
    """Chromium's flags for this machine."""
    return options.flags or (SOFTWARE_FLAGS if runs_on_software(options) else HARDWARE_FLAGS)


def _rows(found: dict, report: Report, software: bool) -> list[Row]:
    results, batch = found["results"], found["batch"]
    for name, reason in found["absent"].items():
        report.remark(f"page, batch {batch}: {name} took no part: {reason.splitlines()[0]}")
    if OURS not in results:
        raise BrowserFailure(f"our own contender failed: {found['absent'].get(OURS)}")
    ours = results[OURS]
    report.adapters["browser"] = f"{ours['adapter']}; {found['browser']}"
    _check_losses(results)
    timings = [Timing.of(_label(name, part), part["samples"], part["steps"]) for name, part in results.items()]
    named = f"in Chromium: {case(batch)}"
    timed = list(rows(SECTION, named, timings, "" if software else HARDWARE_GOALS.get(batch, "")))
    if software:
        names = list(results)
        timed = [_with_goal(row, SOFTWARE_GOALS.get(name, "")) for name, row in zip(names, timed, strict=True)]
    return [
        *timed,
        Row(SECTION, named, "GPU time of the program", ours["gpuSeconds"], "s",
            ratio=ours["gpuSeconds"] / timings[0].seconds),
        Row(SECTION, named, "dispatches", ours["dispatches"], "", goal=f"≤ {MOST_DISPATCHES}"),
        _calls_row(named, ours["callsPerStep"]),
    ]  # fmt: skip


def _calls_row(named: str, calls: dict[str, float]) -> Row:
    """All calls that Python makes to the executor and the page; the note names them."""
    note = ", ".join(f"{name} {count:g}" for name, count in sorted(calls.items(), key=lambda item: -item[1]))
    return Row(
        SECTION, named, "Python→JS calls per step", round(sum(calls.values()), 2), "", goal=f"≤ {MOST_CALLS}", note=note
    )


def _check_losses(results: dict) -> None:
    """All contenders must do the same work."""
    expected = results[OURS]["lossAfterThreeSteps"]
    for name, part in results.items():
        found = part["lossAfterThreeSteps"]
        if not abs(found - expected) < SAME_LOSS:
            raise BrowserFailure(f"{name} has loss {found} after three steps, ours is {expected}: not the same work")


def _label(name: str, part: dict) -> str:
    return LABELS[name].format(part["version"])


def _with_goal(row: Row, goal: str) -> Row:
    return Row(**{**vars(row), "goal": goal or row.goal})
