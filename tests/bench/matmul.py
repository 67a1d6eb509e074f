"""Measure every matmul variant on every shape: `python tests/bench/matmul.py --help`.

Needs wgpu and NumPy. Times are medians of interleaved rounds, taken with timestamps around a pass of dependent
dispatches, so small shapes include the gap between dispatches (the "empty" line tells how long it is).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "py"), str(ROOT)]

import numpy as np  # noqa: E402

from spiraltorch_web.ir.caps import Caps  # noqa: E402
from spiraltorch_web.kernels.matmul import VARIANTS, MatmulProblem, variant_for  # noqa: E402
from spiraltorch_web.kernels.matmul_variants import Direct, Tile, Variant, build, fits, groups  # noqa: E402
from tests.support import matmul_gpu as native  # noqa: E402
from tests.support import matmul_regret as regret  # noqa: E402

EMPTY = """@group(0) @binding(0) var<storage, read_write> cell: array<u32>;
@compute @workgroup_size(1) fn main() { cell[0] += 1u; }"""


@dataclass(frozen=True)
class Shape:
    """A named product."""

    group: str
    problem: MatmulProblem

    @property
    def name(self) -> str:
        p = self.problem
        batch = f"{p.batch}x" if p.batch > 1 else ""
        return f"{batch}{p.m}x{p.k}x{p.n}:{p.a_along}{p.b_along}"  # rows x depth x columns

    @property
    def operations(self) -> float:
        p = self.problem
        return 2.0 * p.batch * p.m * p.n * p.k


@dataclass(frozen=True)
class Result:
    """One variant on one shape."""

    shape: str
    group: str
    variant: str
    chosen: bool  # by `variant_for`
    microseconds: float
    spread: float  # interquartile range, microseconds
    tflops: float
    error: float  # largest error in units of the float32 rounding of sum |a||b|
    workgroups: int
    threads: int
    compile_ms: float
    samples: int


def shapes() -> list[Shape]:
    """Squares, the products of one MLP training step at batch 64 and 1024, and a few batched ones."""
    found = [Shape("square", native.problem_of(1, n, n, n)) for n in (256, 512, 1024, 2048, 4096, 8192)]
    for a_along, b_along in (("k", "k"), ("m", "n"), ("m", "k")):
        found += [Shape("layout", native.problem_of(1, n, n, n, a_along, b_along)) for n in (1024, 4096)]
    for batch in (64, 1024):
        found += mlp_shapes(f"mlp{batch}", batch, (784, 512, 256, 10))
    found += [
        Shape("batched", native.problem_of(64, 64, 64, 64, "k", "k")),
        Shape("batched", native.problem_of(32, 256, 256, 64, "k", "k")),
        Shape("batched", native.problem_of(8, 512, 512, 512)),
        Shape("ragged", native.problem_of(1, 1023, 1025, 1021)),
        Shape("ragged", native.problem_of(1, 4095, 4097, 4093)),
        Shape("deep", native.problem_of(1, 64, 64, 65536)),
        Shape("deep", native.problem_of(1, 1, 1024, 1024, "k", "k")),
    ]
    return found


def mlp_shapes(group: str, batch: int, widths: tuple[int, ...]) -> list[Shape]:
    """Forward, weight gradient and input gradient of each layer; weights are stored as (out, in)."""
    found = []
    for layer, (inside, outside) in enumerate(zip(widths, widths[1:], strict=False)):
        found.append(Shape(group, native.problem_of(1, batch, outside, inside, "k", "k")))
        found.append(Shape(group, native.problem_of(1, outside, inside, batch, "m", "n")))
        if layer:
            found.append(Shape(group, native.problem_of(1, batch, inside, outside, "k", "n")))
    return found


class Bench:
    """Runs shapes one after the other on one device."""

    def __init__(self, gpu: native.NativeGpu, options: argparse.Namespace) -> None:
        self.gpu = gpu
        self.options = options

    def run(self, shape: Shape, seconds: float) -> list[Result]:
        """All variants that fit, checked against NumPy and timed within about ``seconds``."""
        deadline = time.monotonic() + seconds
        operands = native.random_operands(shape.problem)
        expected = Expected(shape.problem, operands)
        buffers = [native.upload(self.gpu, x) for x in (operands.a_stored, operands.b_stored, expected.poison)]
        prepared = self._prepare(shape, self._variants(shape), buffers, expected)
        fastest = min(case.estimate for case in prepared)
        kept = [case for case in prepared if case.estimate <= self.options.prune * fastest]
        inner = [self._inner(case.estimate) for case in kept]
        dispatches = [case.dispatch for case in kept]
        samples = native.time_interleaved(self.gpu, dispatches, inner, self.options.rounds, deadline)
        for buffer in buffers:
            buffer.destroy()
        return [self._result(shape, case, found) for case, found in zip(kept, samples, strict=True)]

    def empty_dispatch(self) -> float:
        """Seconds per dependent dispatch of a kernel that does nothing."""
        kernel = native.pipeline(self.gpu, EMPTY)
        cell = native.upload(self.gpu, np.zeros(4, np.uint32))
        dispatch = (kernel, native.bind(self.gpu, kernel, [cell]), (1, 1, 1))
        return native.median(native.time_interleaved(self.gpu, [dispatch], [100], 20, time.monotonic() + 10)[0])

    def _variants(self, shape: Shape) -> list[Variant]:
        """The planner's choice, then every other variant that could win."""
        chosen = variant_for(shape.problem, self.gpu.caps)
        pattern = re.compile(self.options.variants)
        named = [v for v in VARIANTS if v != chosen and pattern.search(v.name) and fits(v, self.gpu.caps)]
        if self.gpu.caps.software:
            return [chosen, *named]
        enough = min(32, max(groups(shape.problem, v) for v in VARIANTS) // 4)
        large = groups(shape.problem, Tile(64, 64, 16, 2, 2)) >= 512
        able = [v for v in named if groups(shape.problem, v) >= enough]
        return [chosen, *(v for v in able if not (large and isinstance(v, Direct)))]

    def _prepare(self, shape: Shape, variants: list[Variant], buffers: list, expected: Expected) -> list[Prepared]:
        """Compile in parallel, then check each variant over a poisoned product and time it once."""
        plans = [build(shape.problem, variant, self.gpu.caps.max_groups) for variant in variants]
        sources = [native.plain_matmul(shape.problem, plan) for plan in plans]
        with ThreadPoolExecutor(self.options.compilers) as pool:
            compiled = list(pool.map(self._compile, sources))
        prepared = []
        for variant, plan, (kernel, compile_ms) in zip(variants, plans, compiled, strict=True):
            self.gpu.device.queue.write_buffer(buffers[2], 0, expected.poison)
            dispatch = (kernel, native.bind(self.gpu, kernel, buffers), plan.grid)
            native.launch(self.gpu, [dispatch])
            error = expected.error(native.download(self.gpu, buffers[2], expected.poison))
            estimate = native.time_interleaved(self.gpu, [dispatch], [1], 1, time.monotonic())[0][0]
            prepared.append(Prepared(variant, dispatch, error, compile_ms, estimate))
        return prepared

    def _compile(self, source: str) -> tuple[object, float]:
        start = time.perf_counter()
        return native.pipeline(self.gpu, source, self.options.unchecked), 1e3 * (time.perf_counter() - start)

    def _inner(self, estimate: float) -> int:
        """Dispatches per sample: about a millisecond of work, at most 50."""
        return max(1, min(50, int(1e-3 / max(estimate, 1e-6))))

    def _result(self, shape: Shape, case: Prepared, samples: list[float]) -> Result:
        seconds = native.median(samples)
        low, high = np.percentile(samples, (25, 75))
        return Result(
            shape=shape.name,
            group=shape.group,
            variant=case.variant.name,
            chosen=case.variant == variant_for(shape.problem, self.gpu.caps),
            microseconds=seconds * 1e6,
            spread=float(high - low) * 1e6,
            tflops=shape.operations / seconds * 1e-12,
            error=case.error,
            workgroups=groups(shape.problem, case.variant),
            threads=case.variant.threads,
            compile_ms=case.compile_ms,
            samples=len(samples),
        )


@dataclass(frozen=True)
class Prepared:
    """A compiled and checked variant."""

    variant: Variant
    dispatch: native.Dispatch
    error: float
    compile_ms: float
    estimate: float  # seconds of one dispatch


class Expected:
    """The product in float64 at up to 64 random rows and 512 random columns."""

    def __init__(self, problem: MatmulProblem, operands: native.Operands) -> None:
        random = np.random.default_rng(1)
        self.rows = random.choice(problem.m, min(problem.m, 64), replace=False)
        self.columns = random.choice(problem.n, min(problem.n, 512), replace=False)
        a = operands.a[:, self.rows].astype(np.float64)
        b = operands.b[:, :, self.columns].astype(np.float64)
        self.product = a @ b
        self.scale = (np.abs(a) @ np.abs(b)) * 2.0**-24
        self.poison = np.full((problem.batch, problem.m, problem.n), np.nan, np.float32)

    def error(self, found: np.ndarray) -> float:
        """The largest error in units of float32 rounding of sum |a||b|; infinite where an output is missing."""
        if not np.isfinite(found).all():
            return float("inf")
        sample = found[:, self.rows][:, :, self.columns]
        return float((np.abs(sample - self.product) / self.scale).max())


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--adapter", default="", help="part of the adapter's name; default: the first real GPU")
    parser.add_argument("--shapes", default="", help="pattern for 'group name', e.g. 'mlp64' or 'square 4096'")
    parser.add_argument("--variants", default="", help="regular expression on variant names, e.g. 'tile_128'")
    parser.add_argument("--rounds", type=int, default=20, help="samples per variant")
    parser.add_argument("--seconds", type=float, default=300.0, help="time budget for the whole run")
    parser.add_argument("--prune", type=float, default=3.0, help="drop variants slower than this times the fastest")
    parser.add_argument("--compilers", type=int, default=8, help="threads that compile")
    parser.add_argument("--top", type=int, default=5, help="lines to print per shape; 0 for all")
    parser.add_argument("--unchecked", action="store_true", help="compile without wgpu's bounds and loop checks")
    parser.add_argument("--json", type=Path, help="write all results to this file")
    parser.add_argument("--regret", type=Path, help="measure nothing: compare the planner with a file of medians")
    return parser.parse_args()


def print_results(shape: Shape, results: list[Result], top: int) -> None:
    """A block of lines for one shape, fastest first; the planner's choice is starred and always shown."""
    ranked = sorted(results, key=lambda result: result.microseconds)
    print(f"\n{shape.group} {shape.name}")
    for place, result in enumerate(ranked):
        if top and place >= top and not result.chosen:
            continue
        mark = "*" if result.chosen else " "
        print(
            f" {mark} {result.variant:28} {result.microseconds:12.2f} us ± {result.spread:8.2f}"
            f" {result.tflops:8.3f} TFLOP/s {result.workgroups:7} groups  error {result.error:6.2f}"
            f"  compile {result.compile_ms:6.0f} ms",
            flush=True,
        )


def main() -> int:
    options = parse_options()
    if options.regret:
        return print_regret(options.regret)
    gpu = native.open_gpu(options.adapter)
    bench = Bench(gpu, options)
    pattern = re.compile(options.shapes)
    selected = [shape for shape in shapes() if pattern.search(f"{shape.group} {shape.name}")]
    timer = "timestamps" if gpu.has_timestamps else "wall clock"
    print(f"{gpu.name}; {timer}; {len(selected)} shapes; unchecked={options.unchecked}")
    empty = bench.empty_dispatch()
    print(f"empty dependent dispatch: {empty * 1e6:.2f} us")
    deadline = time.monotonic() + options.seconds
    results: list[Result] = []
    for index, shape in enumerate(selected):
        share = (deadline - time.monotonic()) / (len(selected) - index)
        if share <= 0:
            print(f"out of time: {len(selected) - index} shapes left out")
            break
        found = bench.run(shape, share)
        print_results(shape, found, options.top)
        results += found
        if options.json:
            write_json(options.json, gpu, options, empty, results)
    wrong = [result for result in results if not result.error < 64]
    for result in wrong:
        print(f"WRONG: {result.shape} {result.variant}: error {result.error}")
    return 1 if wrong else 0


def print_regret(path: Path) -> int:
    """Tables of the planner's choices over measured medians, for the measured GPU and for WebGPU's minimum limits."""
    document = json.loads(path.read_text(encoding="utf-8"))
    print(f"{document['adapter']}, {document['date']}")
    for run in document["medians_us"]:
        for label, caps in (("its limits", Caps(**document["caps"])), ("minimum limits", Caps())):
            print(f"\n{run}, {label}\n" + regret.table(regret.choices(regret.medians(path, run), caps)))
    return 0


def write_json(
    path: Path, gpu: native.NativeGpu, options: argparse.Namespace, empty: float, results: list[Result]
) -> None:
    medians: dict[str, dict[str, float]] = {}
    for result in results:
        medians.setdefault(result.shape, {})[result.variant] = round(result.microseconds, 2)
    document = {
        "adapter": gpu.name,
        "driver": gpu.driver,
        "caps": asdict(gpu.caps),
        "date": time.strftime("%Y-%m-%d"),
        "empty_dispatch_us": empty * 1e6,
        "medians_us": {"unchecked" if options.unchecked else "checked": medians},
        "results": [asdict(result) for result in results],
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
