"""The WebGPU device outside the browser: wgpu-native on Vulkan, Metal or Direct3D 12."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from statistics import median

from wgpu.backends.wgpu_native import ffi, lib

from ..errors import DeviceError, OutOfMemoryError
from ..ir.caps import Caps
from ..ir.program import Kernel, Program
from .base import DeviceInfo
from .native_api import QUERIES, STORAGE, Api, Mapping
from .native_paint import NativePainter
from .native_program import LoadedProgram, PipelineCache, Steps, record
from .native_read import Piece, Reader, plan_rounds
from .pace import Pace
from .pool import BufferPool

# More would let queued work, memory and the answer to Ctrl-C grow without making the GPU busier.
# The library keeps a copy of written data until the next submit.
UNSUBMITTED_BYTES = 64 << 20
POLL_SECONDS = 0.0005


class NativeDevice:
    """Runs programs through wgpu-native's C functions. See `spiraltorch_web.device.base.Device` for the verbs."""

    lowering = "wgsl"

    def __init__(self, api: Api, info: DeviceInfo, unchecked: bool = True) -> None:
        self.info = info
        self.caps: Caps = info.caps
        self._api = api
        self._buffers: dict[int, object] = {}
        self._pool = BufferPool(self._create_buffer, self._destroy_buffers, info.caps.max_buffer_bytes)
        self._pipelines = PipelineCache(api, unchecked)
        self._programs: dict[int, LoadedProgram] = {}
        self._next_program = 1
        self._painters: dict[tuple[str, str], NativePainter] = {}
        self._pace = Pace(api.wait)
        self._to_clear: dict[int, int] = {}  # reused buffers that must read as zero, with the bytes to clear
        self._unsubmitted = 0
        self._reader = Reader(api, info.caps.max_buffer_bytes)
        self._has_timestamps = "timestamp-query" in info.features

    @property
    def lost(self) -> str:
        """Why the device is gone for good; empty while it works."""
        return self._api.lost

    # --- buffers ------------------------------------------------------------------------------------------------

    def alloc(self, nbytes: int, zeroed: bool = True) -> int:
        """A buffer of at least ``nbytes``. Raises OutOfMemoryError."""
        handle = self._pool.alloc(nbytes)
        if zeroed and handle in self._pool.reused:
            self._to_clear[handle] = (nbytes + 3) & ~3
        return handle

    def free(self, handle: int) -> None:
        """Give a buffer back; queued work that uses it still completes."""
        self._pool.free(handle)
        self._to_clear.pop(handle, None)

    def write(self, handle: int, data: object, offset: int = 0) -> None:
        """Queue a copy of a bytes-like object into a buffer. Length and offset are multiples of 4."""
        view = memoryview(data).cast("B") if not isinstance(data, (bytes, bytearray)) else data
        nbytes, room = len(view), self._pool.size(handle)
        if nbytes % 4 or offset % 4 or offset < 0 or offset + nbytes > room:
            raise DeviceError(f"cannot write {nbytes} bytes at offset {offset} of a buffer of {room} bytes")
        if nbytes == 0:
            return
        cleared = self._to_clear.get(handle)
        if cleared is not None:
            if offset == 0 and nbytes >= cleared:
                del self._to_clear[handle]
            else:
                self._flush()  # written data lands before the commands of the next submit, so clear now
        self._api.write(self._buffers[handle], offset, view)
        self._api.check("writing a buffer")
        self._unsubmitted += nbytes
        if self._unsubmitted > UNSUBMITTED_BYTES:
            self._flush()

    def read(self, requests: Sequence[tuple[int, int]]) -> list[memoryview]:
        """Wait for queued work and return (handle, nbytes) ranges, all in one round trip."""
        results = self._destinations(requests)
        for pieces in plan_rounds(results):
            self._finish(*self._request(pieces), pieces)
        return [view[:nbytes] for (_, view), (_, nbytes) in zip(results, requests, strict=True)]

    async def read_async(self, requests: Sequence[tuple[int, int]]) -> list[memoryview]:
        """As `read`, without blocking the event loop."""
        results = self._destinations(requests)
        for pieces in plan_rounds(results):
            mapping, staging = self._request(pieces)
            self._api.poll()
            while not mapping.done:
                await asyncio.sleep(POLL_SECONDS)
                self._api.poll()
                self._api.check("reading")
            self._reader.deliver(mapping, staging, pieces)
        return [view[:nbytes] for (_, view), (_, nbytes) in zip(results, requests, strict=True)]

    # --- programs -----------------------------------------------------------------------------------------------

    def compile(self, kernels: Sequence[Kernel]) -> None:
        """Compile kernels ahead of the programs that use them. Raises KernelError."""
        self._pipelines.compile(kernels)

    def load(self, program: Program) -> int:
        """Compile and keep a program; returns its number. Raises KernelError or OutOfMemoryError."""
        self._api.check("loading a program")
        pipelines = self._pipelines.compile(program.kernels)
        temporaries: list[int] = []
        try:
            for nbytes in program.slot_sizes[program.num_external :]:
                temporaries.append(self._pool.alloc(nbytes))
        except OutOfMemoryError:
            for handle in temporaries:
                self._pool.free(handle)
            raise
        number = self._next_program
        self._next_program += 1
        self._programs[number] = LoadedProgram(self._api, program, pipelines, temporaries, self._buffer)
        for slot, data in program.constants:
            self.write(temporaries[slot - program.num_external], data)
        self._pace.restart()
        return number

    def unload(self, number: int) -> None:
        """Forget a loaded program and its temporaries."""
        for handle in self._program(number).temporaries:
            self._pool.free(handle)
        del self._programs[number]

    def submit(self, number: int, handles: Sequence[int]) -> None:
        """Queue one run with the external slots bound to ``handles``."""
        steps = self._program(number).steps(tuple(handles))
        encoder = self._encoder()
        _record_pass(encoder, steps, ffi.NULL)
        self._submit(encoder, "submitting a program")

    # --- pictures -----------------------------------------------------------------------------------------------

    def load_painter(self, source: str, entry: str) -> tuple[str, str]:
        """Compile a fragment shader once; what names it for `paint`. Raises KernelError."""
        name = (source, entry)
        if name not in self._painters:
            self._api.check("loading a painter")
            self._painters[name] = NativePainter(self._api, source, entry)
        return name

    def paint(
        self,
        painter: tuple[str, str],
        uniforms: bytes,
        inputs: Sequence[tuple[int, int]],
        size: tuple[int, int],
        target: int,
    ) -> None:
        """Queue a picture of ``size`` (width, height) into a buffer; see `Device.paint`."""
        bound = [(self._buffer(handle), nbytes) for handle, nbytes in inputs]
        encoder = self._encoder()
        self._painters[painter].record(encoder, uniforms, bound, size, self._buffer(target))
        self._submit(encoder, "painting")

    # --- waiting ------------------------------------------------------------------------------------------------

    def synchronize(self) -> None:
        """Wait until all queued work is done."""
        self._flush()
        self._api.wait(ffi.NULL)
        self._pace.drained()
        self._api.check("waiting for the device")

    def time(self, number: int, handles: Sequence[int], repeats: int) -> float:
        """Median seconds of device time for one run, from timestamps where there are any."""
        if repeats < 1:
            raise DeviceError(f"cannot time {repeats} runs; repeats starts at 1")
        steps = self._program(number).steps(tuple(handles))
        run = self._timestamps if self._has_timestamps else self._clock
        return median(run(steps) for _ in range(repeats))

    def memory(self) -> dict[str, int]:
        """Bytes and counts: ``allocated``, ``pooled``, ``buffers``, ``programs``, ``groups`` (bind groups kept)."""
        return {
            "allocated": self._pool.allocated,
            "pooled": self._pool.pooled,
            "buffers": len(self._pool),
            "programs": len(self._programs),
            "groups": sum(program.num_groups for program in self._programs.values()),
        }

    def close(self) -> None:
        """Destroy the device and its memory; every later call raises DeviceLostError."""
        self._api.destroy()
        self._api.poll()

    # --- recording ----------------------------------------------------------------------------------------------

    def _encoder(self):
        """A new command encoder that first clears the reused buffers which are to read as zero."""
        encoder = lib.wgpuDeviceCreateCommandEncoder(self._api.device, ffi.NULL)
        for handle, nbytes in list(self._to_clear.items()):  # a finalizer may free a buffer meanwhile
            lib.wgpuCommandEncoderClearBuffer(encoder, self._buffers[handle], 0, nbytes)
        self._to_clear.clear()
        return encoder

    def _submit(self, encoder, doing: str) -> None:
        self._pace.submitted(self._api.submit(encoder, doing))
        self._unsubmitted = 0

    def _flush(self) -> None:
        """Submit writes and clears that wait for a submit."""
        self._submit(self._encoder(), "submitting writes")

    def _request(self, pieces: Sequence[Piece]) -> tuple[Mapping, tuple[int, object]]:
        encoder = self._encoder()
        staging = self._reader.record(encoder, pieces)
        self._submit(encoder, "reading")
        return self._reader.map(staging, pieces), staging

    def _finish(self, mapping: Mapping, staging: tuple[int, object], pieces: Sequence[Piece]) -> None:
        """Wait for a mapping and deliver what it shows."""
        while not mapping.done:
            self._api.wait(ffi.NULL)
            self._api.check("reading")
        self._pace.drained()
        self._reader.deliver(mapping, staging, pieces)

    def _destinations(self, requests: Sequence[tuple[int, int]]) -> list[tuple[object, memoryview]]:
        """A (buffer, room for its bytes) pair per request; copies take multiples of 4 bytes."""
        pairs = []
        for handle, nbytes in requests:
            if nbytes > self._pool.size(handle):
                raise DeviceError(f"cannot read {nbytes} bytes of a buffer of {self._pool.size(handle)} bytes")
            pairs.append((self._buffers[handle], memoryview(bytearray((nbytes + 3) & ~3))))
        return pairs

    # --- timing -------------------------------------------------------------------------------------------------

    def _clock(self, steps: Steps) -> float:
        self.synchronize()
        start = time.perf_counter()
        encoder = self._encoder()
        _record_pass(encoder, steps, ffi.NULL)
        self._submit(encoder, "timing a program")
        self.synchronize()
        return time.perf_counter() - start

    def _timestamps(self, steps: Steps) -> float:
        queries = self._api.create_timestamps(2)
        resolved = self._api.create_buffer(256, QUERIES)
        writes = ffi.new("WGPUPassTimestampWrites *")
        writes.querySet = queries
        writes.beginningOfPassWriteIndex, writes.endOfPassWriteIndex = 0, 1
        descriptor = ffi.new("WGPUComputePassDescriptor *")
        descriptor.timestampWrites = writes
        encoder = self._encoder()
        _record_pass(encoder, steps, descriptor)
        lib.wgpuCommandEncoderResolveQuerySet(encoder, queries, 0, 2, resolved, 0)
        ticks = memoryview(bytearray(16))
        pieces = [Piece(resolved, 0, 16, 0, ticks)]
        staging = self._reader.record(encoder, pieces)
        self._submit(encoder, "timing a program")
        self._finish(self._reader.map(staging, pieces), staging, pieces)
        begin, end = ticks.cast("Q")
        return (end - begin) * self._api.nanoseconds_per_tick * 1e-9

    # --- lookup -------------------------------------------------------------------------------------------------

    def _program(self, number: int) -> LoadedProgram:
        program = self._programs.get(number)
        if program is None:
            raise DeviceError(f"program {number} is not loaded on this device")
        return program

    def _buffer(self, handle: int):
        self._pool.check(handle)
        return self._buffers[handle]

    def _create_buffer(self, handle: int, nbytes: int) -> None:
        self._buffers[handle] = self._api.create_buffer(nbytes, STORAGE)

    def _destroy_buffers(self, handles: list[int]) -> None:
        if self._unsubmitted:
            self._flush()  # a write to a buffer that is gone would break the next submit
        for program in self._programs.values():
            program.forget_buffers()
        for handle in handles:
            del self._buffers[handle]


def _record_pass(encoder, steps: Steps, descriptor) -> None:
    compute_pass = lib.wgpuCommandEncoderBeginComputePass(encoder, descriptor)
    record(compute_pass, steps)
    lib.wgpuComputePassEncoderEnd(compute_pass)
    lib.wgpuComputePassEncoderRelease(compute_pass)
