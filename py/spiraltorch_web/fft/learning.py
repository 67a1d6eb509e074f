"""`learn`: time the ways to compute a transform, and keep what is better in heur.kdsl."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ..compiled import compile as compile_step
from ..complex import ComplexTensor
from ..errors import ArgumentError, NoDeviceError, TraceError
from ..kernels.rankk.choice import Choice
from ..rankk.planner import planner
from ..roundtable import Voice, current
from ..runtime.realize import realize
from ..runtime.session import session
from ..tensor import randn
from .chosen import plans
from .family import FftFamily, plan_of, problem_of
from .plans import SpiralKFftPlan
from .transforms import fft

CHAIN = 4  # transforms of one timed program, each of the result of the one before
SAMPLE_SECONDS = 5e-3
ROUNDS = 3
TRIALS = 8


def learn(rows: int, cols: int) -> SpiralKFftPlan:
    """Time the plans for ``rows`` complex transforms of ``cols`` points on this device; the plan that is in force then.

    The fastest is put to trial against the one that is chosen by itself. Where it wins convincingly, rules for
    ``radix``, ``tile_cols`` and ``segments`` go to heur.kdsl, and `fft` follows them, in later runs, too. Takes
    seconds. Raises NoDeviceError on the CPU device, whose transforms are NumPy's, and TraceError in a compiled step.
    """
    if rows < 1 or cols < 1:
        raise ArgumentError(f"learn times at least one transform of one point, got {rows} of {cols}")
    here = session()
    if here.tracing is not None:
        raise TraceError("fft.learn measures and cannot be part of a compiled step")
    if here.device.lowering != "wgsl":
        raise NoDeviceError("plans are for devices that run kernels; on the CPU device NumPy computes transforms")
    caps, table = planner().current_caps(), current()
    problem, family = problem_of(rows, cols, caps), FftFamily(caps, planner().table(caps).table)
    decision = table.decide(problem, family)
    seconds = _stopwatch(rows, cols)
    candidates = family.candidates(problem)
    times = {choice: min(seconds(choice) for _ in range(ROUNDS)) for choice in candidates}
    fastest, c = min(times, key=times.__getitem__), decision.voice("C").choice
    if decision.voice("B") is None and fastest not in (c, decision.choice):
        challenger = Voice("A", fastest, family.predict(problem, fastest).seconds)
        duel = replace(decision, challenger=challenger)
        any(table.record_trial(duel, seconds(fastest), seconds(c)) for _ in range(TRIALS))
    plans().forget()
    return plan_of(table.decide(problem, family).choice)


def _stopwatch(rows: int, cols: int) -> Callable[[Choice], float]:
    """What tells the seconds that one transform takes with a choice; each plan is compiled once."""
    device = session().device
    signal = ComplexTensor.of(randn(rows, cols), randn(rows, cols))
    steps: dict[Choice, Callable] = {}

    def seconds(choice: Choice) -> float:
        if choice not in steps:
            steps[choice] = _chain(plan_of(choice))
            realize(*_parts(steps[choice](signal)))
        step, runs = steps[choice], 0
        device.synchronize()
        start = time.perf_counter()
        while True:
            step(signal)
            runs += 1
            device.synchronize()
            passed = time.perf_counter() - start
            if passed > SAMPLE_SECONDS:
                return passed / (runs * CHAIN)

    return seconds


def _chain(plan: SpiralKFftPlan) -> Callable[[ComplexTensor], ComplexTensor]:
    @compile_step
    def transforms(z: ComplexTensor) -> ComplexTensor:
        for _ in range(CHAIN):
            z = fft(z, norm="ortho", plan=plan)
        return z

    return transforms


def _parts(z: ComplexTensor) -> tuple:
    return z.real, z.imag
