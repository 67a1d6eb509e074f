"""Section ``hyperbolic``: the mammals of WordNet in the Poincaré ball: what is reconstructed, how fast, how exactly.

Alone: ``PYTHONPATH=py python -m tests.bench.run hyperbolic [--device cpu]``. The training is that of the example
web/examples/hierarchy.py, for 400 epochs; it runs on the chosen device if that is a hardware GPU, else on the CPU.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import spiraltorch_web as st
from spiraltorch_web.live.current import CURRENT
from spiraltorch_web.zspace import geometry
from tests.support.ball import MAPS, Ball, apart, arguments

from .options import Options
from .report import Report, Row

SECTION = "hyperbolic"
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "web" / "examples" / "hierarchy.py"
EPOCHS = 400
GOALS = {2: ("≥ 0.70, aim 0.75", "≤ 4.3"), 5: ("≥ 0.93", "≤ 1.7")}
EPOCH_GOALS = {"cpu": "≤ 150 ms on two cores", "webgpu": "≤ 20 ms on an H100"}


def run(report: Report, options: Options) -> None:
    """Exactness and epochs on the CPU and the chosen device, then the reconstructions."""
    info = st.set_device(options.device)
    report.adapters["native"] = f"{info.adapter}, {info.driver}"
    fast = not info.caps.software
    for device in dict.fromkeys(("cpu", options.device)):
        name = st.set_device(device).name
        report.add([_exactness(name), _epoch(name, device, options.rounds)])
    for dimensions in GOALS:
        report.add(_reconstruction(dimensions, options.device if fast else "cpu"))


def _exactness(device: str) -> Row:
    """The worst relative error of a map against float64, within 0.9 of the radius."""
    errors = {}
    for name in MAPS:
        for curvature, width in ((-1.0, 5), (-0.37, 2), (-4.0, 50)):
            at = arguments(name, curvature, width)
            found = getattr(geometry, name)(*map(st.tensor, at), curvature=curvature)
            wanted = getattr(Ball(-curvature), name)(*(a.astype(float) for a in at))
            errors[name] = max(errors.get(name, 0.0), apart(found.numpy(), wanted))
    worst = max(errors, key=errors.get)
    return Row(SECTION, f"maps, {device}", "worst relative error", errors[worst], "", goal="≤ 1e-5", note=worst)


def _epoch(name: str, device: str, rounds: int) -> Row:
    """The median time of an epoch in 5 dimensions, 50 negatives for each of 6,528 relations."""
    made = _example(device, 5)
    step, loader, loss = made["ball_step"], made["loader"], None
    samples = []
    for _ in range(max(rounds, 3)):
        started = time.perf_counter()
        for (pairs,) in loader:
            loss = step(pairs)
        loss.item()
        samples.append(time.perf_counter() - started)
    samples.sort()
    middle, quarter = samples[len(samples) // 2], len(samples) // 4
    spread = (samples[-1 - quarter] - samples[quarter]) / 2
    program = step.programs()[0]
    note = (
        f"{len(program.dispatches)} launches a step, {len(loader)} steps" if name != "cpu" else f"{len(loader)} steps"
    )
    return Row(
        SECTION, f"mammals, {name}", "epoch, 5 dimensions", middle, "s", spread, goal=EPOCH_GOALS[name], note=note
    )


def _reconstruction(dimensions: int, device: str) -> Iterator[Row]:
    """MAP and mean rank after the last epoch, and those of the Euclidean model of the same size."""
    started = time.perf_counter()
    words = [sys.executable, str(EXAMPLE), *_arguments(device, dimensions, EPOCHS)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "py")}
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    note = f"{EPOCHS} epochs of both, {time.perf_counter() - started:.0f} s on {device}"
    for space, rank, precision in re.findall(
        r"^([\w ]+), \d dimensions: mean rank ([\d.]+), MAP ([\d.]+)$", ended.stdout, re.M
    ):
        case, (precise, near) = f"{space}, {dimensions} dimensions", GOALS[dimensions]
        if not space.startswith("Poincaré"):
            precise, near, note = "", "", ""
        yield Row(SECTION, case, "MAP", float(precision), "", goal=precise, note=note)
        yield Row(SECTION, case, "mean rank", float(rank), "", goal=near)


def _arguments(device: str, dimensions: int, epochs: int) -> list[str]:
    return ["--device", device, "--dimensions", str(dimensions), "--epochs", str(epochs)]


def _example(device: str, dimensions: int) -> dict[str, Any]:
    """The names that the example leaves behind after one epoch, run in a folder of its own."""
    before, here = sys.argv, Path.cwd()
    sys.argv = [str(EXAMPLE), *_arguments(device, dimensions, 1)]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(folder)
        try:
            return runpy.run_path(str(EXAMPLE), run_name="__main__")
        finally:
            CURRENT.writer().close()  # what it logged lives on a device that the next one does not share
            os.chdir(here)
            sys.argv = before
