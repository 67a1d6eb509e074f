"""Section ``canvas``: paintings per second of the fractal canvas while a compiled training runs in the page, and what
they cost the training."""

from __future__ import annotations

from statistics import median

from .browser import run_page
from .options import Options
from .page import browser_flags, browser_of, runs_on_software
from .report import Report, Row
from .timing import Timing

SECTION = "canvas"
PAGE = "bench/canvas.html"
MOST_SLOWDOWN = 0.1
PAINTINGS = {True: "≥ 10", False: "60"}
# What the training shares the display with, and what its step is called then.
BESIDE = {"nothing": "step", "square": "step, beside a plain square", "canvas": "step, painting"}
# Layers of the network. On a software adapter a small one: there, training and display share the cores.
SIZES = {True: (64, 48, 48, 10), False: (784, 512, 256, 10)}


def run(report: Report, options: Options) -> None:
    """Measure every batch size; on a software adapter the small one alone."""
    software = runs_on_software(options)
    for batch in options.batches[:1] if software else options.batches:
        pace = {"rounds": min(options.rounds, 3), "seconds": max(4 * options.seconds, 2.0)}
        query = {"batch": batch, "sizes": ",".join(map(str, SIZES[software])), **pace}
        found = run_page(
            options.site, browser_of(options), browser_flags(options), query, options.page_seconds, page=PAGE
        )
        report.add(rows(found, software))
        report.adapters.setdefault("browser", f"{found['runs'][0]['adapter']}; {found['browser']}")


def rows(found: dict, software: bool) -> list[Row]:
    """The figures of one page: rates with and without the canvas, and the share of steps that it costs."""
    by_neighbour = {name: [run for run in found["runs"] if run["beside"] == name] for name in BESIDE}
    plain, square, painted = (
        Timing.of(BESIDE[name], [run["seconds"] / run["steps"] for run in runs], runs[0]["steps"])
        for name, runs in by_neighbour.items()
    )
    with_canvas = by_neighbour["canvas"]
    named = f"in Chromium, 512 x 512 pixels: MLP {'-'.join(map(str, found['sizes']))}, batch {found['batch']}"
    note = f"32 patches of {found['runs'][-1]['shape']}, a new one for every frame"
    return [
        Row(SECTION, named, plain.name, plain.seconds, "s", spread=plain.spread, ratio=1.0),
        Row(SECTION, named, painted.name, painted.seconds, "s", spread=painted.spread,
            ratio=painted.seconds / plain.seconds, note=note),
        Row(SECTION, named, "steps lost to a plain square", 1.0 - plain.seconds / square.seconds, "",
            note="a square of the same size that changes its colour with every frame: what the display takes"),
        Row(SECTION, named, "frames per second of the square", median(run["frames"] for run in by_neighbour["square"]),
            ""),
        Row(SECTION, named, "steps lost", 1.0 - plain.seconds / painted.seconds, "",
            goal="" if software else f"≤ {MOST_SLOWDOWN} on an H100"),
        Row(SECTION, named, "paintings per second", median(run["paintings"] / run["queued"] for run in with_canvas),
            "", goal=PAINTINGS[software]),
        Row(SECTION, named, "lost for a painting", _lost(plain.seconds, with_canvas), "s", note=_parts(by_neighbour)),
    ]  # fmt: skip


def _lost(step: float, runs: list[dict]) -> float:
    """Seconds in which there would have been steps, for each painting."""
    return median((run["seconds"] - step * run["steps"]) / max(run["paintings"], 1) for run in runs)


def _parts(runs: dict[str, list[dict]]) -> str:
    """Where the worker spends time: milliseconds of each second with the canvas, and without where it is a wait."""
    shares: dict[str, dict[str, float]] = {}
    for beside in ("canvas", "nothing"):
        for part in sorted({part for run in runs[beside] for part in run["parts"]}):
            share = median(run["parts"].get(part, 0.0) / run["seconds"] for run in runs[beside])
            shares.setdefault(part, {})[beside] = share
    told = [
        f"{part} {1e3 * found.get('canvas', 0.0):.0f}"
        + (f" (without {1e3 * found['nothing']:.0f})" if "nothing" in found else "")
        for part, found in shares.items()
    ]
    return f"ms of a second: {', '.join(told)}"
