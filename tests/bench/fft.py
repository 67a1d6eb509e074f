"""Complex transforms on this machine's GPU beside cuFFT: `python -m tests.bench.fft --help`.

Every shape is checked against NumPy in float64. Times are medians of interleaved rounds: timestamps around passes of
dependent runs for ours, CUDA events for PyTorch's `torch.fft.fft`, both on signals taken in turn so that none is found
in a cache. The floor is one read and one write of the signal at the bandwidth of a fused copy.

    python -m tests.bench.fft --out FOLDER                                       the published table, plans as chosen
    python -m tests.bench.fft --plan sweep --shapes 4096x1024                    every plan that fits
    python -m tests.bench.fft --plan 'auto;radix=8,segments=4;radix=16'          these three

Needs Python with NumPy and wgpu, PyTorch with CUDA for the comparison, and no network.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "py"), str(ROOT)]
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # Vulkan drivers insist on it

import numpy as np  # noqa: E402

import spiraltorch_web as st  # noqa: E402
from spiraltorch_web.dtypes import float32  # noqa: E402
from spiraltorch_web.errors import SpiralError  # noqa: E402
from spiraltorch_web.ir.program import BufferRef, Dispatch, Kernel, Program  # noqa: E402
from spiraltorch_web.kernels.fft.plan import Tuning, default_tuning, plan_passes  # noqa: E402
from spiraltorch_web.kernels.fft.routine import FFT, Transform, padded_length  # noqa: E402
from spiraltorch_web.runtime.session import session  # noqa: E402
from spiraltorch_web.runtime.storage import Storage  # noqa: E402
from spiraltorch_web.tuning.measure import MOST_BYTES, MOST_MATRICES, PAST_CACHES, Clock  # noqa: E402
from tests.bench.fused import measure as measure_function  # noqa: E402
from tests.bench.rankk_torch import torch_device_name  # noqa: E402

SHAPES = {
    "table": ((65536, 256), (4096, 1024), (1024, 4096), (256, 65536), (16, 1048576)),
    "short": ((1 << 18, 64), (1 << 17, 128), (32768, 512), (8192, 2048), (2048, 8192)),
    "long": ((1024, 16384), (512, 32768), (128, 131072), (64, 262144), (32, 524288), (4, 1 << 22), (1, 1 << 24)),
    "one": ((1, 4096), (1, 65536), (1, 1 << 18), (1, 1 << 20)),
    "other": ((4096, 1000), (1024, 5000), (16, 1000003)),
    "software": ((64, 256), (4, 4096), (1, 65536), (4, 1000)),
}
ERROR = 5e-7
SWEEP_RADICES = (4, 8, 16)
MOST_RUNS = 256
PASS_SECONDS = 1e-3


@dataclass
class Entrant:
    """A plan that takes part: its program of one run, and of as many as a sample takes."""

    tuning: Tuning
    origin: str
    single: int
    launches: int
    error: float = math.nan
    estimate: float = math.inf
    many: int = 0
    runs: int = 1
    samples: list[float] = field(default_factory=list)


def fft_program(rows: int, cols: int, tuning: Tuning, copies: int = 1, runs: int = 1) -> Program:
    """Slots: real and imaginary parts of each signal, then both parts of the result. Run i takes signal i in turn."""
    caps = session().device.caps
    specs = (((rows, cols), float32),) * 2
    call = Transform("complex", cols, 1, tuning=tuning)
    lowered = FFT.lower(specs, FFT.infer(specs, call), call, caps)
    nbytes, results = 4 * rows * cols, 2 * copies
    slots = {("output", i): results + i for i in range(2)}
    slots |= {("scratch", i): results + 2 + i for i in range(len(lowered.scratch))}
    first_constant = results + 2 + len(lowered.scratch)
    slots |= {("constant", i): first_constant + i for i in range(len(lowered.constants))}
    sizes = ((nbytes,) * (results + 2)) + lowered.scratch + tuple(map(len, lowered.constants))
    kernels: dict[Kernel, int] = {}
    dispatches = []
    for run in range(runs):
        slots |= {("input", i): 2 * (run % copies) + i for i in range(2)}
        for launch in lowered.launches:
            places = [slots[operand.role, operand.index] for operand in launch.operands]
            refs = tuple(BufferRef(place, sizes[place]) for place in places)
            dispatches.append(Dispatch(kernels.setdefault(launch.kernel, len(kernels)), refs, launch.grid))
    constants = tuple((first_constant + i, data) for i, data in enumerate(lowered.constants))
    return Program(tuple(kernels), tuple(dispatches), sizes, results + 2, constants=constants)


def plans_for(rows: int, cols: int, words: str) -> dict[Tuning, str]:
    """Plans and where each comes from: "auto", "sweep", or fields such as "radix=8,segments=4"; divided by ";"."""
    caps, padded = session().device.caps, padded_length(cols)
    auto = default_tuning(padded, rows, 1, caps)
    found: dict[tuple, tuple[Tuning, str]] = {}
    for word in words.split(";"):
        if word == "auto":
            wanted = [auto]
        elif word == "sweep":
            tiles = sorted({auto.tile_cols, 128, 256, 512, 1024, 2048, 4096, 8192})
            segments = [1 << bits for bits in range(7)]
            wanted = [Tuning(r, t, s) for r in SWEEP_RADICES for t in tiles for s in segments]
        else:
            given = dict(part.split("=") for part in word.split(","))
            wanted = [replace(auto, **{name: int(value) for name, value in given.items()})]
        for tuning in wanted:  # plans that come to the same launches are one
            found.setdefault(plan_passes(padded, rows, 1, tuning, caps), (tuning, word))
    return dict(found.values())


class Contest:
    """Plans for one shape on the session's device, and cuFFT, all on the same signals."""

    def __init__(self, rows: int, cols: int, no_torch: bool) -> None:
        self.device, self.rows, self.cols = session().device, rows, cols
        random = np.random.default_rng(1)
        size = (2, rows, cols)
        self.signal = random.standard_normal(size, dtype=np.float32)
        nbytes = 8 * rows * cols
        enough = 1 if self.device.caps.software else 1 + math.ceil(PAST_CACHES / (2 * nbytes))
        self.copies = max(1, min(enough, MOST_MATRICES, MOST_BYTES // nbytes))
        self.inputs = [self._uploaded(part) for _ in range(self.copies) for part in self.signal]
        self.results = [Storage(self.device, nbytes // 2) for _ in range(2)]
        self.clock = Clock(self.device)
        self.entrants: list[Entrant] = []
        self.torch = TorchFft(self.signal, self.copies) if torch_device_name() and not no_torch else None

    def _uploaded(self, part: np.ndarray) -> Storage:
        storage = Storage(self.device, part.nbytes)
        self.device.write(storage.handle, np.ascontiguousarray(part))
        return storage

    def enter(self, tuning: Tuning, origin: str) -> Entrant:
        """Load a plan, check its result over poisoned memory, and time it once."""
        program = fft_program(self.rows, self.cols, tuning)
        entrant = Entrant(tuning, origin, self.device.load(program), len(program.dispatches))
        self.entrants.append(entrant)
        poison = np.full(self.rows * self.cols, np.nan, np.float32)
        for storage in self.results:
            self.device.write(storage.handle, poison)
        handles = [*(each.handle for each in (*self.inputs[:2], *self.results))]
        self.device.submit(entrant.single, handles)
        nbytes = 4 * self.rows * self.cols
        views = self.device.read([(storage.handle, nbytes) for storage in self.results])
        real, imag = (np.frombuffer(view, np.float32).reshape(self.rows, self.cols) for view in views)
        some = np.unique(np.linspace(0, self.rows - 1, min(self.rows, 64)).astype(int))
        wanted = np.fft.fft(self.signal[0, some].astype(float) + 1j * self.signal[1, some])
        entrant.error = float(np.linalg.norm(real[some] + 1j * imag[some] - wanted) / np.linalg.norm(wanted))
        if not (np.isfinite(real).all() and np.isfinite(imag).all()):
            entrant.error = math.inf
        entrant.estimate = min(self.clock.seconds(entrant.single, handles) for _ in range(2))
        return entrant

    def sample(self, entrant: Entrant) -> None:
        """Seconds per run over a pass of many."""
        if not entrant.many:
            entrant.runs = min(MOST_RUNS, self.clock.runs(entrant.estimate, self.copies))
            entrant.many = self.device.load(
                fft_program(self.rows, self.cols, entrant.tuning, self.copies, entrant.runs)
            )
        handles = [*(each.handle for each in (*self.inputs, *self.results))]
        entrant.samples.append(self.clock.seconds(entrant.many, handles) / entrant.runs)

    def close(self) -> None:
        for entrant in self.entrants:
            for number in (entrant.single, entrant.many):
                if number:
                    self.device.unload(number)
        self.inputs, self.results = [], []
        self.clock.close()


class TorchFft:
    """`torch.fft.fft` of complex64 signals taken in turn, timed with events."""

    def __init__(self, signal: np.ndarray, copies: int) -> None:
        import torch

        self._torch = torch
        first = torch.complex(*(torch.from_numpy(np.ascontiguousarray(part)).cuda() for part in signal))
        self._signals = [first, *(first.clone() for _ in range(copies - 1))]
        self.samples: list[float] = []
        for _ in range(3):
            estimate = self._pass(copies)
        self._runs = min(MOST_RUNS, max(copies, math.ceil(PASS_SECONDS / estimate)))

    def sample(self) -> None:
        """One more sample: seconds per call over a pass."""
        self.samples.append(self._pass(self._runs))

    def _pass(self, runs: int) -> float:
        torch = self._torch
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        start.record()
        for run in range(runs):
            torch.fft.fft(self._signals[run % len(self._signals)])
        end.record()
        torch.cuda.synchronize()
        return start.elapsed_time(end) * 1e-3 / runs


def run_shape(rows: int, cols: int, options: argparse.Namespace, bandwidth: float, deadline: float) -> list[dict]:
    """All wanted plans on one shape, the fastest first; what is slow by the first look is not timed further."""
    contest = Contest(rows, cols, options.no_torch)
    try:
        plans = plans_for(rows, cols, options.plan)
        together = getattr(contest.device, "compile", None)
        if together is not None and len(plans) > 1:
            kernels = [kernel for tuning in plans for kernel in fft_program(rows, cols, tuning).kernels]
            together(list(dict.fromkeys(kernels)))
        for tuning, origin in plans.items():
            try:
                contest.enter(tuning, origin)
            except SpiralError as problem:
                print(f"  {shown(tuning)}: {str(problem)[:2000]}", flush=True)
        fastest = min(entrant.estimate for entrant in contest.entrants)
        kept = [each for each in contest.entrants if each.estimate <= options.prune * fastest or each.origin == "auto"]
        for _ in range(options.rounds):
            for entrant in kept:
                contest.sample(entrant)
            if contest.torch:
                contest.torch.sample()
            if time.monotonic() > deadline:
                break
        peer = median(contest.torch.samples) if contest.torch and contest.torch.samples else None
        floor = 16 * rows * cols / bandwidth
        found = [_result(rows, cols, entrant, floor, peer) for entrant in kept]
        return sorted(found, key=lambda result: result["microseconds"])
    finally:
        contest.close()


def _result(rows: int, cols: int, entrant: Entrant, floor: float, peer: float | None) -> dict:
    samples = entrant.samples or [entrant.estimate]
    low, _, high = quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else (samples[0],) * 3
    passes = plan_passes(padded_length(cols), rows, 1, entrant.tuning, session().device.caps)
    return {
        "rows": rows, "cols": cols, "plan": asdict(entrant.tuning), "origin": entrant.origin,
        "passes": [[one.length, *one.radices, one.values, one.segments] for one in passes],
        "launches": entrant.launches, "microseconds": median(samples) * 1e6, "spread": (high - low) / 2 * 1e6,
        "samples": len(samples), "error": entrant.error, "floor_microseconds": floor * 1e6,
        "torch_microseconds": peer and peer * 1e6,
    }  # fmt: skip


def line(result: dict) -> str:
    """A line of the table."""
    us, torch = result["microseconds"], result["torch_microseconds"]
    beside = f"cuFFT {torch:9.1f} us, ours {us / torch:5.2f} x its time" if torch else "no cuFFT"
    wrong = "" if result["error"] <= ERROR else "  WRONG"
    rate = 16 * result["rows"] * result["cols"] / us * 1e-6
    return (
        f"{result['rows']:6} x {result['cols']:8}  {us:9.1f} us ± {result['spread']:5.1f}  {rate:5.2f} TB/s "
        f"{100 * result['floor_microseconds'] / us:5.1f} % of floor  {beside}  error {result['error']:.1e}{wrong}  "
        f"[{result['origin']}] {shown(Tuning(**result['plan']))} {result['passes']}"
    )


def shown(tuning: Tuning) -> str:
    return f"radix={tuning.radix},tile_cols={tuning.tile_cols},segments={tuning.segments}"


def copy_rate() -> float:
    """Bytes per second that a fused elementwise kernel reads and writes."""
    size = 1 << (22 if session().device.caps.software else 26)
    x = st.rand(size)
    return 8 * size / measure_function(lambda x: x + 1, (x,), 9)


def shapes_named(words: str) -> list[tuple[int, int]]:
    """ "table", "short", … or ROWSxCOLS, several divided by commas."""
    found: list[tuple[int, int]] = []
    for word in words.split(","):
        found += SHAPES[word] if word in SHAPES else [tuple(map(int, word.split("x")))]
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run; 1 when a result was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fft", description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="table", help=f"of {', '.join(SHAPES)}, or ROWSxCOLS; several by comma")
    parser.add_argument("--plan", default="auto", help='"auto", "sweep", fields such as "radix=8"; several by ";"')
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=500.0, help="for everything")
    parser.add_argument("--prune", type=float, default=1.3, help="time once what is slower than this times the fastest")
    parser.add_argument("--top", type=int, default=6, help="lines to print per shape; 0 for all")
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--device", default="webgpu")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for fft.json")
    options = parser.parse_args(arguments)
    st.set_device(options.device)
    info, bandwidth = session().device.info, copy_rate()
    print(
        f"{info.adapter}, {info.driver}; copies at {bandwidth / 1e12:.3f} TB/s; torch: {torch_device_name() or 'none'}"
    )
    shapes, results = shapes_named(options.shapes), []
    end = time.monotonic() + options.seconds
    for index, (rows, cols) in enumerate(shapes):
        now = time.monotonic()
        if now > end:
            print(f"out of time: {len(shapes) - index} shapes left out")
            break
        found = run_shape(rows, cols, options, bandwidth, now + (end - now) / (len(shapes) - index))
        for place, result in enumerate(found):
            if not options.top or place < options.top or result["origin"] != "sweep" or result["error"] > ERROR:
                print(line(result), flush=True)
        results += found
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            document = {
                "adapter": info.adapter, "driver": info.driver, "backend": info.backend, "caps": asdict(info.caps),
                "torch": torch_device_name(), "date": time.strftime("%Y-%m-%d"), "copy_bytes_per_second": bandwidth,
                "results": results,
            }  # fmt: skip
            (options.out / "fft.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if any(not result["error"] <= ERROR for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
