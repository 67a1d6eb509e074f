"""Timing Rank-K choices against each other on a real device: poisoned results, checked, in turns, past the caches."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median, quantiles

from ..device.base import Device
from ..dtypes import float32, int32
from ..errors import DeviceError
from ..ir.node import buffer
from ..ir.program import BufferRef, Dispatch, Kernel, Program
from ..kernels.rankk.choice import Choice
from ..kernels.rankk.problem import RankProblem
from ..kernels.registry import Lowered
from ..runtime.realize import realize
from ..runtime.session import session
from ..runtime.storage import Storage
from ..tensor.core import Tensor, wrap
from .check import wrong_rows
from .programs import lower_rank, rank_program
from .shapes import input_bytes, result_bytes

# The largest caches of GPUs hold 50 to 100 MB: matrices are taken in turn until so many bytes lie between two uses.
PAST_CACHES = 128 << 20
MOST_MATRICES = 64
MOST_RUNS = 256  # in one pass
MOST_BYTES = 4 << 30  # of all matrices together
POISON = b"\x5a\xa5\xf0\x7f"  # a NaN as a value, an index that no row has
FEW_SAMPLES = 5
RAISING_SECONDS, RAISING_RUNS = 0.15, 16
_EMPTY = """@group(0) @binding(0) var<storage, read_write> cell: array<u32>;
@compute @workgroup_size(1) fn main() { cell[0] += 1u; }
"""


@dataclass(frozen=True)
class Timing:
    """Seconds of device time that one choice takes: the median of the samples and half their interquartile range."""

    choice: Choice
    seconds: float
    spread: float
    samples: int


@dataclass
class Entrant:
    """A choice that takes part: its program of one run, and of as many as a sample takes."""

    choice: Choice
    lowered: Lowered
    single: int
    estimate: float = math.inf
    many: int = 0
    runs: int = 1
    samples: list[float] = field(default_factory=list)

    @property
    def least(self) -> float:
        """Seconds of the fastest sample, or the estimate: falling clocks and other work only ever slow a run down."""
        return min(self.samples, default=self.estimate)

    def timing(self) -> Timing:
        """What the samples say; the estimate alone for one that was too slow for the rounds."""
        if not self.samples:
            return Timing(self.choice, self.estimate, 0.0, 1)
        if len(self.samples) < FEW_SAMPLES:
            return Timing(self.choice, median(self.samples), 0.0, len(self.samples))
        low, _, high = quantiles(self.samples, n=4, method="inclusive")
        return Timing(self.choice, median(self.samples), (high - low) / 2, len(self.samples))


class Contest:
    """Choices for one shape, loaded on the session's device. Use as a context manager, or call `close`.

    ``matrix`` [rows, cols] is what all of them work on; copies of it are taken in turn, so that no run finds its
    input in a cache. Raises DeviceError on the CPU device, where nothing is launched.
    """

    def __init__(self, shape: RankProblem, matrix: Tensor) -> None:
        self.device: Device = session().device
        if self.device.lowering != "wgsl":
            raise DeviceError("the CPU device runs one reference, so there are no launches to compare")
        self.shape = shape
        self.matrix = matrix
        realize(matrix)
        copies = [matrix.clone() for _ in range(_matrices(shape, self.device) - 1)]
        realize(*copies)
        self._matrices = [matrix, *copies]
        self._results = [Storage(self.device, result_bytes(shape)) for _ in range(2)]
        self.entrants: list[Entrant] = []
        self._clock = Clock(self.device)

    def __enter__(self) -> Contest:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def compile(self, choices: Iterable[Choice]) -> None:
        """Compile the kernels of several choices side by side, where the device can."""
        together = getattr(self.device, "compile", None)
        if together is not None:
            all_of_them = [lower_rank(self.shape, choice, self.device.caps) for choice in choices]
            together(list(dict.fromkeys(launch.kernel for lowered in all_of_them for launch in lowered.launches)))

    def enter(self, choice: Choice) -> Entrant:
        """Load a choice, which the device must be able to run. Raises KernelError, OutOfMemoryError."""
        lowered = lower_rank(self.shape, choice, self.device.caps)
        entrant = Entrant(choice, lowered, self.device.load(rank_program(self.shape, lowered)))
        self.entrants.append(entrant)
        return entrant

    def enter_part(self, choice: Choice, launches: int) -> Entrant:
        """Load only the first launches of a choice, to time them; there is no result."""
        lowered = lower_rank(self.shape, choice, self.device.caps)
        part = replace(lowered, launches=lowered.launches[:launches])
        entrant = Entrant(choice, part, self.device.load(rank_program(self.shape, part)))
        self.entrants.append(entrant)
        return entrant

    def drop(self, entrant: Entrant) -> None:
        """Unload a choice again."""
        self.entrants.remove(entrant)
        self._unload(entrant)

    def run(self, entrant: Entrant, matrix: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(values, indices) of one run; what it does not write is poison. They hold until the next run."""
        device, shape = self.device, self.shape
        for storage in self._results:
            device.write(storage.handle, POISON * (result_bytes(shape) // 4))
        source = self.matrix if matrix is None else matrix
        realize(source)
        device.submit(entrant.single, self._handles(source))
        size = (shape.rows, shape.k)
        values, indices = self._results
        return wrap(buffer(values, size, float32)), wrap(buffer(indices, size, int32))

    def wrong(self, entrant: Entrant, matrix: Tensor | None = None) -> int:
        """How many rows a run gets wrong."""
        values, indices = self.run(entrant, matrix)
        return wrong_rows(self.shape.kind, self.matrix if matrix is None else matrix, values, indices)

    def estimate(self) -> None:
        """Give every choice its ``estimate``, seconds of a run from two, which prepares it for `sample`.

        All at once, after all are loaded and checked: an idle GPU would make whatever comes first look slow.
        """
        self._raise_clocks()
        self.estimate_again(self.entrants)

    def estimate_again(self, entrants: Iterable[Entrant]) -> None:
        """Lower the estimates of choices that run faster now, with the clocks as they are."""
        handles = self._handles(self.matrix)
        for entrant in entrants:
            seconds = min(self._clock.seconds(entrant.single, handles) for _ in range(2))
            entrant.estimate = min(entrant.estimate, seconds)

    def sample(self, entrant: Entrant) -> float:
        """Seconds per run over a pass long enough for the device's clock; kept in ``entrant.samples``."""
        if not entrant.many:
            entrant.runs = self._clock.runs(entrant.estimate, len(self._matrices))
            program = rank_program(self.shape, entrant.lowered, len(self._matrices), entrant.runs)
            entrant.many = self.device.load(program)
        handles = [*(each._node.buffer.handle for each in self._matrices), *(each.handle for each in self._results)]
        seconds = self._clock.seconds(entrant.many, handles) / entrant.runs
        entrant.samples.append(seconds)
        return seconds

    def rounds(self, entrants: Sequence[Entrant], rounds: int, deadline: float = math.inf) -> None:
        """Let entrants take turns; the first round, which warms up, does not count. Stops at the deadline."""
        if not entrants:
            return
        self._raise_clocks()
        for entrant in entrants:
            self.sample(entrant)
            entrant.samples.clear()
        for _ in range(rounds):
            for entrant in entrants:
                self.sample(entrant)
            if time.monotonic() > deadline:
                return

    def _raise_clocks(self) -> None:
        """Keep a GPU busy until it has left its idle clocks: an H200 starts at a sixth of its full one."""
        if self.device.caps.software or not self.entrants:
            return
        entrant = min(self.entrants, key=lambda each: each.estimate)
        end = time.monotonic() + RAISING_SECONDS
        while time.monotonic() < end:
            for _ in range(RAISING_RUNS):
                self.device.submit(entrant.single, self._handles(self.matrix))
            self.device.synchronize()

    def _handles(self, matrix: Tensor) -> list[int]:
        """The buffers of a run on a matrix, in the order of `rank_program`."""
        return [matrix._node.buffer.handle, *(storage.handle for storage in self._results)]

    def close(self) -> None:
        """Unload everything and give the memory back."""
        for entrant in self.entrants:
            self._unload(entrant)
        self.entrants = []
        self._matrices, self._results = [], []
        self._clock.close()

    def _unload(self, entrant: Entrant) -> None:
        for number in (entrant.single, entrant.many):
            if number:
                self.device.unload(number)
        entrant.single = entrant.many = 0


class Clock:
    """Device time of programs: timestamps where there are any, else the host's clock minus an empty program's time."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.stamped = "timestamp-query" in device.info.features
        self._cell = Storage(device, 4)
        self._empty = 0 if self.stamped else device.load(empty_program(1))
        self._floor = 0.0 if self.stamped else device.time(self._empty, [self._cell.handle], 9)

    def seconds(self, number: int, handles: Sequence[int]) -> float:
        """Of one run of a program."""
        return max(self.device.time(number, handles, 1) - self._floor, 1e-9)

    def runs(self, estimate: float, matrices: int) -> int:
        """How many runs make a pass that the clock can time; every matrix is used."""
        return min(MOST_RUNS, max(matrices, math.ceil(self._wanted / max(estimate, 1e-9))))

    @property
    def _wanted(self) -> float:
        """Seconds of a pass. Browsers round timestamps to 0.1 ms; clocks see the host's own noise."""
        if not self.stamped:
            return max(10e-3, 5 * self._floor)
        return 10e-3 if self.device.info.backend == "browser" else 1e-3

    def close(self) -> None:
        """Unload the empty program."""
        if self._empty:
            self.device.unload(self._empty)
            self._empty = 0


def empty_program(dispatches: int) -> Program:
    """Dependent launches that do next to nothing."""
    kernel = Kernel("empty", _EMPTY, ("read_write",))
    return Program((kernel,), (Dispatch(0, (BufferRef(0, 4),), (1, 1, 1)),) * dispatches, (4,), 1)


def _matrices(shape: RankProblem, device: Device) -> int:
    """How many copies of the matrix a contest works on."""
    if device.caps.software:
        return 1
    enough = 1 + math.ceil(PAST_CACHES / input_bytes(shape))
    return max(1, min(enough, MOST_MATRICES, MOST_BYTES // input_bytes(shape)))
