"""Section ``step``: one training step natively, beside PyTorch, checked against the CPU device."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import spiraltorch_web as st
from spiraltorch_web import nn

from .mlp import CASE, Problem, problem, relative_error
from .options import Options
from .report import Report, Row
from .spiral_step import SpiralStep, dispatches, gpu_seconds, use
from .timing import Runner, Timing, interleaved

SECTION = "step"
# Measured with plain NumPy loops on the same problem, seed 0: float32 against float64 6.6e-3 in the first weights.
KINKS = (
    "a ReLU whose input is within rounding of 0 falls on either side, so with many units the paths of any two float32 "
    "programs part (NumPy's own from float64's by 7e-3 at batch 1024); tanh shows the arithmetic alone"
)
PARITY_STEPS = 20
MOST_DISPATCHES = 14
GOALS = {64: "≤ 120 µs on an H100, aim 80", 1024: "≤ 300 µs on an H100, aim 220"}
GPU_REPEATS = 20


def run(report: Report, options: Options) -> None:
    """Measure every batch size."""
    if find_spec("torch") is None:
        report.remark("PyTorch is not installed here: no comparison with it")
    report.remark(KINKS)
    for batch in options.batches:
        for activation in (nn.Tanh, nn.ReLU):
            report.add(_parity(problem(batch), options.device, activation))
        report.add(list(_timed(problem(batch), report, options)))


def case(batch: int) -> str:
    return f"MLP {CASE}, batch {batch}"


def _parity(given: Problem, device: str, activation: type[nn.Module]) -> list[Row]:
    """Loss and weights after some steps, against the CPU device."""
    goal = "≤ 1e-5" if activation is nn.Tanh else ""
    found = []
    for name in (device, "cpu"):
        use(name)
        training = SpiralStep(given, activation=activation)
        found.append(([training.losses(PARITY_STEPS)], training.parameters()))
    (losses, weights), (expected_losses, expected_weights) = found
    pairs = (("losses", losses, expected_losses), ("parameters", weights, expected_weights))
    return [
        Row(
            SECTION, case(given.batch),
            f"{what} with {activation.__name__} after {PARITY_STEPS} steps, against the CPU device",
            relative_error(got, expected), "relative L2", goal=goal,
        )
        for what, got, expected in pairs
    ]  # fmt: skip


def _timed(given: Problem, report: Report, options: Options) -> Iterator[Row]:
    use("cpu")
    on_cpu = SpiralStep(given)
    on_cpu.run(1)  # recorded while its device is the current one
    device = use(options.device)
    report.adapters["native"] = f"{device.info.adapter}, {device.info.driver}"
    ours, eager = SpiralStep(given), SpiralStep(given, compiled=False)
    runners = [
        Runner("spiraltorch compiled", ours.run),
        Runner("spiraltorch eager", eager.run),
        Runner("spiraltorch compiled, cpu device", on_cpu.run),
        *_torch_runners(given, report),
    ]
    timings = interleaved(runners, options.rounds, options.seconds)
    yield from rows(SECTION, case(given.batch), timings, GOALS.get(given.batch, ""))
    count = dispatches(ours.step)
    seconds = gpu_seconds(device, lambda: ours.step(ours.images, ours.labels), GPU_REPEATS)
    yield Row(SECTION, case(given.batch), "GPU time of the program", seconds, "s", ratio=seconds / timings[0].seconds)
    yield Row(SECTION, case(given.batch), "dispatches", count, "", goal=f"≤ {MOST_DISPATCHES}")
    st.synchronize()


def _torch_runners(given: Problem, report: Report) -> list[Runner]:
    if find_spec("torch") is None:
        return []
    from . import torch_step

    report.adapters["PyTorch"] = torch_step.device_name()
    return torch_step.runners(given)


def rows(section: str, name: str, timings: list[Timing], goal: str = "") -> Iterator[Row]:
    """A row per contender; ratios are against the first one, which has the goal."""
    for timing in timings:
        yield Row(
            section, name, timing.name, timing.seconds, "s",
            spread=timing.spread,
            ratio=timing.seconds / timings[0].seconds,
            goal=goal if timing is timings[0] else "",
            note=f"{timing.rounds} rounds of {timing.steps} steps",
        )  # fmt: skip
