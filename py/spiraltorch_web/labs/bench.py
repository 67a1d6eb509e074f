"""The Bench view: a few workloads timed on the device at hand, so that a visitor sees what this machine does."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any

from .. import nn, optim
from ..compiled import compile as compiled
from ..host import checkpoint
from ..kernels.rankk.choice import RankKind
from ..rankk.alternatives import Alternative, measured
from ..rankk.planner import plan_rank, planner
from ..runtime.session import session
from ..tensor import Generator as Random
from ..tensor import matmul, rand, randint
from ..tuning.facts import measure_facts

ROUNDS = 7
ROUND_SECONDS = 0.15  # of a round that the host's clock times
MOST_RUNS = 500  # in a round
BATCHES = (64, 1024)
BATCHES_OF_SOFTWARE = (64, 256)  # a thousand pictures take a processor seconds a step


@dataclass(frozen=True)
class Row:
    """One figure: ``value`` is the median of the rounds and ``spread`` half their interquartile range, in ``unit``."""

    name: str
    value: float
    unit: str
    spread: float
    detail: str


def run() -> Generator[Mapping[str, Any], None, Mapping[str, Any]]:
    """Time everything, and tell each figure when it is there."""
    caps = planner().current_caps()
    rows: list[Row] = []
    for row in _rows(caps.software, session().device.lowering == "wgsl"):
        rows.append(row)
        yield {"rows": [asdict(each) for each in rows]}
    return {"rows": [asdict(each) for each in rows], "adapter": caps.adapter, "device_class": caps.device_class}


def _rows(software: bool, launches: bool) -> Iterator[Row]:
    for batch in BATCHES_OF_SOFTWARE if software else BATCHES:
        yield _training(batch)
    yield _product(256 if software else 2048)
    if launches:
        yield from _device_facts()
        yield _selection(*((16, 4096, 64) if software else (1024, 65_536, 128)))


def _training(batch: int) -> Row:
    """The step of README's table: 784-512-256-10, cross-entropy, Adam, compiled."""
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()

    @compiled
    def step(images, labels):
        optimizer.zero_grad()
        loss = loss_of(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    images, labels = rand(batch, 784, generator=Random(0)), randint(0, 10, (batch,), generator=Random(1))

    def work(runs: int) -> None:
        for _ in range(runs):
            loss = step(images, labels)
        loss.item()

    seconds, spread = _timed(work)
    detail = "784-512-256-10, cross-entropy and Adam, from Python, with a read of the last loss"
    return Row(f"training step, batch {batch:,}", 1e3 * seconds, "ms", 1e3 * spread, detail)


def _product(size: int) -> Row:
    left, right = (rand(size, size, generator=Random(seed)) for seed in (0, 1))

    @compiled
    def product(left, right):
        return matmul(left, right)

    def work(runs: int) -> None:
        for _ in range(runs):
            found = product(left, right)
        found[0, 0].item()

    seconds, spread = _timed(work)
    rate = 2 * size**3 / seconds / 1e9
    return Row(f"matrix product {size:,}³", rate, "GFLOP/s", rate * spread / seconds, "float32")


def _device_facts() -> Iterator[Row]:
    facts = measure_facts()
    rate = facts.read_bytes_per_second / 1e9
    yield Row("memory, one read of a large matrix", rate, "GB/s", 0.0, "the best of some, by the device's clock")
    yield Row(
        "a launch after another", 1e6 * facts.launch_seconds, "µs", 0.0, "an empty kernel that waits for the last"
    )


def _selection(rows: int, cols: int, k: int) -> Row:
    plan = plan_rank(RankKind.TOPK, rows, cols, k)
    entry = Alternative(plan.choice, True, plan.predicted, "")
    found = next(measured(plan, [entry], "normal", ROUNDS))
    rate = 4e-9 * rows * cols / found.measured
    name = f"topk, {rows:,} × {cols:,}, k {k:,}"
    return Row(name, 1e3 * found.measured, "ms", 1e3 * found.spread, f"checked exact; reads {rate:.3g} GB/s")


def _timed(work: Callable[[int], None]) -> tuple[float, float]:
    """Median and half the interquartile range of seconds per run, by the host's clock over rounds that wait."""
    work(2)  # compiles, and warms up
    checkpoint()
    first = _seconds(work, 1)
    runs = min(max(math.ceil(ROUND_SECONDS / max(first, 1e-6)), 1), MOST_RUNS)
    samples = []
    for _ in range(ROUNDS):
        samples.append(_seconds(work, runs) / runs)
        checkpoint()
    low, _, high = quantiles(samples, n=4, method="inclusive")
    return median(samples), (high - low) / 2


def _seconds(work: Callable[[int], None], runs: int) -> float:
    start = time.perf_counter()
    work(runs)
    return time.perf_counter() - start
