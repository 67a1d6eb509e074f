"""How long a Rank-K launch should take by what it moves and how it fills the device, when nothing was measured.

A roofline in three parts: bytes over the bandwidth that the launch can draw, work of lanes over the lanes there are,
and a fixed cost of launches and barriers. It ranks choices; its times themselves are rough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..kernels.rankk.choice import Choice, Merge, Order, RankKind
from ..kernels.rankk.problem import RankProblem
from ..kernels.rankk.sample import Sampling, cheap_safety, expected_found
from ..kernels.rankk.stream import GATHER_WORKGROUP, MOST_STAGED, stage_slots
from .caps import DeviceCaps

# Where no table tells, by whether CPU cores do the work.
HARDWARE_BYTES_PER_SECOND, SOFTWARE_BYTES_PER_SECOND = 400e9, 6e9
HARDWARE_LAUNCH_SECONDS, SOFTWARE_LAUNCH_SECONDS = 4e-6, 20e-6
# Cards draw about 25 GB/s and hold about 2,048 lanes a multiprocessor.
BYTES_PER_SECOND_OF_A_UNIT, LANES_OF_A_UNIT = 25e9, 2048
LATENCY = 0.8e-6  # seconds from a request to the data
BARRIER = 0.1e-6
SOFTWARE_BARRIER_OF_A_LANE = 20e-9
STEP = 0.5e-9  # seconds in which a lane of a GPU does one comparison, with its neighbours waiting
SOFTWARE_STEP = 1.5e-9
# Of the launches that stream, as their stages took on an H200 (tests/bench/rankk_stages.py, 2026-11): what a workgroup
# costs a multiprocessor, a look at a tile with nothing else to do meanwhile, an entry that is kept, a search for cuts,
# putting in order, and what each subgroup and each entry of a lane adds to these.
GROUP, TILE, TILE_COLUMN, KEPT = 0.1e-6, 0.6e-6, 0.12e-9, 1.4e-9
CUT, ORDER, SUBGROUP, SAMPLED, LISTED, WANTED = 1.5e-6, 2.3e-6, 0.08e-6, 0.1e-6, 0.25e-6, 1.0e-6
# Of sweeps (H200, 2026-12): an entry that is listed; how many other lanes' registers one takes for its tile, and for an
# entry of the list that it finishes.
SWEPT, SWEEPING, HELD = 0.4e-9, 1.8, 0.2
FREE_SLOTS = MOST_STAGED + 1  # wanted by a lane, up to which hardly any has to send its entries by itself
SEARCH_STEPS = 16  # looks at all keys until the cuts lie close enough
# Of a lane that goes through a row by itself: a column or a counter, and an entry that sinks one level of the heap
# (SwiftShader and llvmpipe, two cores, 2026-11); on a GPU every read waits, four at a time.
SOFTWARE_COLUMN, SOFTWARE_LEVEL = 75e-9, 300e-9
SOFTWARE_CORES = 2  # each runs a workgroup
DEALING_STEPS = 5  # looks at all keys where they are dealt into buckets
SORT_BLOCK = 2048  # entries that a workgroup sorts in its memory
SOFTWARE_SORT_STEP = 20e-9  # of an entry, its share of the barriers included (llvmpipe, two cores, 2026-11)


@dataclass(frozen=True)
class Machine:
    """What the roofline knows about a device."""

    bytes_per_second: float
    launch_seconds: float
    software: bool
    lanes: float  # that work at once

    @property
    def step(self) -> float:
        return SOFTWARE_STEP if self.software else STEP

    def barrier(self, workgroup: int) -> float:
        """Seconds of one barrier."""
        return SOFTWARE_BARRIER_OF_A_LANE * workgroup if self.software else BARRIER

    def read(self, nbytes: float, lanes: float, bytes_of_a_lane: float) -> float:
        """Seconds of a read by so many lanes that each have so many bytes on their way."""
        flying = min(lanes, self.lanes) * bytes_of_a_lane
        share = min(1.0, flying / (self.bytes_per_second * LATENCY))
        return nbytes / (self.bytes_per_second * max(share, 1e-6))

    def rounds(self, groups: float, lanes: float) -> float:
        """How often the device is filled until all workgroups have run."""
        return max(1.0, groups * lanes / self.lanes)


def machine_of(caps: DeviceCaps, bytes_per_second: float = 0.0, launch_seconds: float = 0.0) -> Machine:
    """A device by its description, and by what was measured of it (0: not measured)."""
    rate = bytes_per_second or (SOFTWARE_BYTES_PER_SECOND if caps.software else HARDWARE_BYTES_PER_SECOND)
    launch = launch_seconds or (SOFTWARE_LAUNCH_SECONDS if caps.software else HARDWARE_LAUNCH_SECONDS)
    lanes = 4.0 * caps.lane if caps.software else rate / BYTES_PER_SECOND_OF_A_UNIT * LANES_OF_A_UNIT
    return Machine(rate, launch, caps.software, lanes)


def roofline(family: Merge, problem: RankProblem, choice: Choice, machine: Machine) -> float:
    """Seconds of one run of a choice of this family (`family_of`) that the device can run."""
    seconds = _FAMILIES[family](problem, choice, machine)
    return seconds + 8.0 * problem.rows * problem.k / machine.bytes_per_second


def family_of(problem: RankProblem, choice: Choice) -> Merge:
    """How the winners are found, the modes of MidK and BottomK included."""
    if not (choice.mode_midk or choice.mode_bottomk):
        return Merge(choice.mk)
    mode = {RankKind.MIDK: choice.mode_midk, RankKind.BOTTOMK: choice.mode_bottomk}.get(problem.kind, 0)
    if mode == 1 and choice.mk != Merge.BITONIC:
        return Merge.SHARED
    return Merge.STREAM if mode == 2 else Merge(choice.mk)


def _sorted(problem: RankProblem, choice: Choice, machine: Machine) -> float:
    """Blocks sorted in workgroup memory, then merged pairwise: keys and columns are read and written in each pass."""
    entries = problem.rows * problem.cols
    passes = max(0, math.ceil(math.log2(max(problem.cols / SORT_BLOCK, 1))))
    depth = math.log2(max(min(problem.cols, SORT_BLOCK), 2))
    moved = machine.read(16.0 * entries * (passes + 1), entries / 8, 16)
    step = SOFTWARE_SORT_STEP if machine.software else machine.step / machine.lanes
    work = entries * (depth * (depth + 1) / 2 + 16 * passes) * step
    return moved + work + (passes + 2) * machine.launch_seconds


def _shared(problem: RankProblem, choice: Choice, machine: Machine) -> float:
    """A workgroup per row: one read, a search over registers, the winners in order."""
    rounds = machine.rounds(problem.rows, choice.wg)
    read = machine.read(4.0 * problem.rows * problem.cols, problem.rows * choice.wg, 4.0 * choice.kl)
    looks = DEALING_STEPS if problem.middle or choice.mkd == Order.BUCKETS else SEARCH_STEPS
    search = looks * (choice.kl * machine.step * _serial(choice, machine) + machine.barrier(choice.wg))
    return read + rounds * (search + _ordering(problem, choice, machine)) + machine.launch_seconds


def _warp(problem: RankProblem, choice: Choice, machine: Machine) -> float:
    """A subgroup per row: as a workgroup per row, without barriers."""
    lanes = max(1.0, problem.cols / choice.kl)
    rounds = machine.rounds(problem.rows, lanes)
    read = machine.read(4.0 * problem.rows * problem.cols, problem.rows * lanes, 4.0 * choice.kl)
    work = (SEARCH_STEPS * choice.kl + problem.k * choice.kl) * machine.step * (lanes if machine.software else 1.0)
    return read + rounds * work + machine.launch_seconds


def _by_lanes(problem: RankProblem, choice: Choice, machine: Machine) -> float:
    """A lane per row: it goes through the row for each digit of the cuts, and once more; then its heap."""
    passes = 2 + 4 * (2 if problem.middle else 1)
    column, level = (SOFTWARE_COLUMN, SOFTWARE_LEVEL) if machine.software else (LATENCY / 4, LATENCY)
    steps = passes * (problem.cols + 256) * column + problem.k * math.log2(problem.k + 1) * level
    cores = min(1.0, math.ceil(problem.rows / choice.wg) / SOFTWARE_CORES) if machine.software else 1.0
    return machine.rounds(problem.rows / cores, 1.0) * steps + machine.launch_seconds


def _streamed(problem: RankProblem, choice: Choice, machine: Machine) -> float:
    """A sample, one read by ``ch`` workgroups a row, and the finish."""
    chunks = choice.ch if choice.use_2ce else 1
    if not machine.software:
        return _streamed_by_stages(problem, choice, chunks, machine)
    lanes = min(choice.wg, 256) * problem.rows * chunks
    read = machine.read(4.0 * problem.rows * problem.cols, lanes, max(16.0, 4.0 * choice.tile / choice.wg))
    search = SEARCH_STEPS * (choice.kl * machine.step * _serial(choice, machine) + machine.barrier(choice.wg))
    rounds = machine.rounds(problem.rows, choice.wg)
    sample = choice.wg * choice.kl
    found = problem.cols / sample * (problem.k * sample / problem.cols + 4 * math.sqrt(sample))
    retry = 1.0 if found < sample else 3.0  # too many candidates: the row is read again, digit by digit
    finish = rounds * (2 * search + _ordering(problem, choice, machine))
    return retry * read + finish + 3 * machine.launch_seconds


def _streamed_by_stages(problem: RankProblem, choice: Choice, chunks: int, machine: Machine) -> float:
    """The same on a GPU: a search in the sample, a read that workgroups share, and one workgroup a row to finish."""
    sampling = Sampling.of(problem, choice)
    found = min(problem.cols, sampling.expected)
    units, groups = machine.lanes / LANES_OF_A_UNIT, problem.rows * chunks
    rounds = machine.rounds(problem.rows, choice.wg)
    cut, alone, finish = _stages(problem, choice, sampling.keys, found, chunks)
    shared = 4.0 * problem.rows * problem.cols / machine.bytes_per_second
    shared += KEPT * found * problem.rows / units
    slots = stage_slots(found / chunks / GATHER_WORKGROUP, problem.middle)
    if problem.middle and not sampling.sifted:
        slots /= 2  # of columns alone
    shared = shared * max(1.0, slots / FREE_SLOTS) + GROUP * groups / units
    return rounds * (cut + finish) + max(shared, alone) + 3 * machine.launch_seconds


def _stages(
    problem: RankProblem, choice: Choice, sampled: int, found: float, chunks: int
) -> tuple[float, float, float]:
    """Seconds of one workgroup of a GPU: its search for cuts, its read with nobody else reading, and its finish."""
    subgroups = SUBGROUP * choice.wg / 32
    return (
        CUT + subgroups + SAMPLED * sampled,
        problem.cols / chunks / choice.tile * (TILE + TILE_COLUMN * choice.tile),
        ORDER + subgroups + (LISTED * found + WANTED * problem.k) / choice.wg,
    )


def _swept(problem: RankProblem, choice: Choice, machine: Machine) -> float:
    """A workgroup per row that searches, reads and finishes while others read, or leaves lists to a second launch."""
    sample = choice.wg * choice.kl
    found = expected_found(problem, sample, cheap_safety(problem))
    if machine.software:
        search = SEARCH_STEPS * (choice.kl * machine.step * _serial(choice, machine) + machine.barrier(choice.wg))
        finish = machine.rounds(problem.rows, choice.wg) * (2 * search + _ordering(problem, choice, machine))
        return machine.read(4.0 * problem.rows * (problem.cols + sample), choice.wg, 16.0) + finish
    cut, alone, finish = _stages(problem, choice, choice.kl, found, 1)
    shared = 4.0 * problem.rows * problem.cols / machine.bytes_per_second
    shared += SWEPT * found * problem.rows / machine.lanes * LANES_OF_A_UNIT
    if choice.use_2ce:
        own, last = cut + alone, machine.rounds(problem.rows, choice.wg) * finish + machine.launch_seconds
    else:
        own, last = cut + alone + finish, 0.0
    registers = SWEEPING + (0.0 if choice.use_2ce else HELD * choice.ctile / choice.wg)
    busy = machine.rounds(problem.rows, choice.wg * registers) * own
    return math.hypot(shared, busy) + last + machine.launch_seconds


def _ordering(problem: RankProblem, choice: Choice, machine: Machine) -> float:
    """Seconds in which a workgroup puts its candidates in order."""
    count = max(problem.k, 2)
    depth = math.log2(count)
    serial = _serial(choice, machine)
    if choice.mkd in (Order.HEAP, Order.AUTO) and count <= 256 or choice.mkd == Order.HEAP:
        return count * count / choice.wg * machine.step * serial
    if choice.mkd == Order.BUCKETS:
        return (count / choice.wg + 1) * 8 * machine.step * serial + 4 * machine.barrier(choice.wg)
    if choice.mkd == Order.KWAY:
        return count / choice.wg * (depth * depth) * machine.step * serial + depth * machine.barrier(choice.wg)
    steps = depth * (depth + 1) / 2
    return steps * (math.ceil(count / choice.wg) * machine.step * serial + machine.barrier(choice.wg))


def _serial(choice: Choice, machine: Machine) -> float:
    """Lanes of a workgroup run one after the other on a CPU core."""
    return choice.wg / 4 if machine.software else 1.0


_FAMILIES: Mapping[Merge, Callable[[RankProblem, Choice, Machine], float]] = MappingProxyType(
    {
        Merge.BITONIC: _sorted,
        Merge.SHARED: _shared,
        Merge.WARP: _warp,
        Merge.STREAM: _streamed,
        Merge.LANE: _by_lanes,
        Merge.SWEEP: _swept,
    }
)
