"""What a device is to the rest of the library: a dozen verbs, and facts about the hardware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..ir.caps import Caps
from ..ir.graph import Graph
from ..ir.program import Program


@dataclass(frozen=True)
class DeviceInfo:
    """What `st.device_info()` shows."""

    name: str  # "webgpu" or "cpu"
    adapter: str  # as the driver names it
    backend: str  # "Vulkan", "Metal", "D3D12", "browser", "NumPy"
    driver: str
    vendor: str = ""
    architecture: str = ""
    features: tuple[str, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    caps: Caps = field(default_factory=Caps)
    reason: str = ""  # why this device was chosen


class Device(Protocol):
    """A place where programs run.

    Handles are integers that the device gives out. Work is queued in order; only `read` and `synchronize` wait.
    ``lowering`` names what `load` takes: "wgsl" a `Program`, "graph" a `Graph`.
    """

    info: DeviceInfo
    caps: Caps
    lowering: str

    @property
    def lost(self) -> str:
        """Why the device is gone for good; empty while it works."""

    def alloc(self, nbytes: int, zeroed: bool = True) -> int:
        """A buffer of at least ``nbytes`` (rounded up to 4). Raises OutOfMemoryError.

        Without ``zeroed`` it may hold an earlier tenant's bytes, for a caller that writes all of it.
        """

    def free(self, handle: int) -> None:
        """Give a buffer back; queued work that uses it still completes."""

    def write(self, handle: int, data: object, offset: int = 0) -> None:
        """Queue a copy of a bytes-like object into a buffer. Length and offset are multiples of 4."""

    def read(self, requests: Sequence[tuple[int, int]]) -> list[memoryview]:
        """Wait for queued work and return (handle, nbytes) ranges, all in one round trip."""

    async def read_async(self, requests: Sequence[tuple[int, int]]) -> list[memoryview]:
        """As `read`, without blocking the event loop."""

    def load(self, program: Program | Graph) -> int:
        """Compile and keep a program; returns its number. Raises KernelError."""

    def unload(self, number: int) -> None:
        """Forget a loaded program and its temporaries."""

    def submit(self, number: int, handles: Sequence[int]) -> None:
        """Queue one run with the external slots bound to ``handles``."""

    def load_painter(self, source: str, entry: str) -> object:
        """Compile a WGSL module, once: ``cover`` gives the vertices of one triangle over the picture, ``entry`` shades
        its fragments. What names it for `paint`. Raises KernelError. For devices that take "wgsl"."""

    def paint(
        self, painter: object, uniforms: bytes, inputs: Sequence[tuple[int, int]], size: tuple[int, int], target: int
    ) -> None:
        """Queue a picture of ``size`` (width, height) into the buffer ``target``: RGBA, 8 bits each, the top row
        first, rows padded to multiples of 256 bytes. ``uniforms`` are bound at 0, the (handle, nbytes) ranges
        ``inputs`` from 1 on."""

    def synchronize(self) -> None:
        """Wait until all queued work is done."""

    def time(self, number: int, handles: Sequence[int], repeats: int) -> float:
        """Median seconds of device time for one run, from timestamps where there are any."""

    def memory(self) -> dict[str, int]:
        """Bytes and counts: ``allocated``, ``pooled``, ``buffers``, ``programs``."""
