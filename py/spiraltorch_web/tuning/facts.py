"""What the roofline of a device is made of: how fast it reads, and what a launch costs."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.graph import canonical
from ..runtime.realize import lower, realize
from ..runtime.session import session
from ..runtime.storage import Storage
from ..tensor import rand
from ..tensor import sum as total
from .measure import Clock, empty_program

LAUNCHES = 64
SAMPLES = 9
READ_BYTES, SOFTWARE_READ_BYTES = 1 << 30, 1 << 25
ROW = 1 << 14


@dataclass(frozen=True)
class Facts:
    """Bytes per second of one read of a large matrix, and seconds of a launch that waits for the one before."""

    read_bytes_per_second: float
    launch_seconds: float


def measure_facts() -> Facts:
    """The facts of the session's device. Reads a matrix of 1 GiB (less where the device binds less) about ten times."""
    device = session().device
    clock = Clock(device)
    try:
        return Facts(_read_rate(clock), _launch_seconds(clock))
    finally:
        clock.close()


def _read_rate(clock: Clock) -> float:
    """Of the sums of rows, which read everything once and write next to nothing."""
    caps = clock.device.caps
    most = min(SOFTWARE_READ_BYTES if caps.software else READ_BYTES, caps.max_binding_bytes, caps.max_buffer_bytes)
    matrix = rand(max(1, most // (4 * ROW)), ROW)
    realize(matrix)
    graph, storages, _ = canonical([total(matrix, 1)._node])
    sums = Storage(clock.device, 4 * matrix.shape[0])
    number = clock.device.load(lower(clock.device, graph))
    handles = [*(storage.handle for storage in storages), sums.handle]
    try:
        seconds = min(clock.seconds(number, handles) for _ in range(SAMPLES))
    finally:
        clock.device.unload(number)
    return matrix._node.nbytes / seconds


def _launch_seconds(clock: Clock) -> float:
    cell = Storage(clock.device, 4)
    number = clock.device.load(empty_program(LAUNCHES))
    try:
        samples = sorted(clock.seconds(number, [cell.handle]) for _ in range(SAMPLES))
    finally:
        clock.device.unload(number)
    return samples[SAMPLES // 2] / LAUNCHES
