"""Section ``matmul``: square float32 products through the public API, beside PyTorch.

Each product is the next one's operand, so that no lazy contender can leave one out; the other operand is scaled so
that the entries keep their size.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

import spiraltorch_web as st

from .options import Options
from .report import Report, Row
from .spiral_step import gpu_seconds, use
from .timing import Runner, interleaved

SECTION = "matmul"
OURS = "spiraltorch compiled"
GOALS = {1024: "≥ 18 TFLOP/s on an H100", 4096: "≥ 30 TFLOP/s on an H100, aim 40"}
GPU_REPEATS = 5
LARGEST_ON_SOFTWARE = 1024


def run(report: Report, options: Options) -> None:
    """Measure every size; on a software adapter those that take seconds, not minutes."""
    software = use(options.device).caps.software
    for size in options.sizes:
        if software and size > LARGEST_ON_SOFTWARE:
            report.remark(f"matmul {size}³ is left out on a software adapter")
        else:
            report.add(_timed(size, report, options))


def _timed(size: int, report: Report, options: Options) -> list[Row]:
    left, right = _operands(size)
    device = use(options.device)
    report.adapters["native"] = f"{device.info.adapter}, {device.info.driver}"
    multiply = st.compile(lambda x, w: x @ w)
    x, w = st.tensor(left), st.tensor(right)
    runners = [Runner(OURS, _chain(multiply, x, w)), *_torch_runners(left, right)]
    timings = interleaved(runners, options.rounds, options.seconds)
    on_gpu = gpu_seconds(device, lambda: multiply(x, w), GPU_REPEATS)
    named = [(t.name, t.seconds, f"{t.rounds} rounds of {t.steps} products") for t in timings]
    named.append(("spiraltorch, GPU time of the program", on_gpu, ""))
    return [_row(size, what, seconds, seconds / timings[0].seconds, note) for what, seconds, note in named]


def _operands(size: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(size)
    left, right = random.standard_normal((2, size, size), dtype=np.float32)
    return left, right * np.float32(size**-0.5)


def _chain(multiply: Callable, x: st.Tensor, w: st.Tensor) -> Callable[[int], float]:
    def run(products: int) -> float:
        y = x
        for _ in range(products):
            y = multiply(y, w)
        return y[0, 0].item()

    return run


def _torch_runners(left: np.ndarray, right: np.ndarray) -> list[Runner]:
    if find_spec("torch") is None:
        return []
    import torch

    from .torch_step import place

    x, w = (torch.from_numpy(array).to(place()) for array in (left, right))
    return [Runner("PyTorch", _chain(torch.matmul, x, w))]


def _row(size: int, what: str, seconds: float, ratio: float, note: str) -> Row:
    """A rate; the ratio is of times, as in the other sections."""
    goal = GOALS.get(size, "") if what == OURS else ""
    rate = 2.0 * size**3 / seconds * 1e-12
    return Row(SECTION, f"matmul {size}³ float32", what, rate, "TFLOP/s", ratio=ratio, goal=goal, note=note)
