"""The WebGPU device in the browser. Python keeps the books; executor.js holds the GPU objects and replays.

A replay crosses from Python to JavaScript once. Reads wait through JSPI (`run_sync`); where the browser lacks it only
the `await` forms work.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

from pyodide.ffi import JsException, can_run_sync, run_sync

from ..errors import DeviceError, DeviceLostError, NoDeviceError, OutOfMemoryError
from ..host import checkpoint
from ..ir.caps import Caps
from ..ir.program import Kernel, Program
from .base import DeviceInfo
from .cache import LruCache
from .dialect import kernel_error
from .pool import BufferPool
from .web_program import program_text

BINDINGS_KEPT = 2048
# The browser judges an allocation later; ones of this size are waited for, so that the error has the right place.
CONFIRMED_BYTES = 64 << 20
NO_JSPI = (
    "this browser cannot wait inside Python (it lacks JSPI): use the await form, such as `await tensor.item_async()`, "
    "or a newer browser (Chrome or Edge 137, Firefox 153, Safari 27)"
)
_ERRORS = {error.__name__: error for error in (DeviceError, DeviceLostError, NoDeviceError, OutOfMemoryError)}


class BrowserDevice:
    """Runs programs through the page's executor. See `spiraltorch_web.device.base.Device` for the verbs."""

    lowering = "wgsl"

    def __init__(self, executor: Any, info: DeviceInfo) -> None:
        self.info = info
        self.caps: Caps = info.caps
        self._executor = executor
        self._run = executor.run  # looking a method up on a JavaScript object costs as much as calling it
        self._pool = BufferPool(self._create_buffer, self._destroy_buffers, info.caps.max_buffer_bytes)
        self._programs: dict[int, _Loaded] = {}
        self._painters: dict[tuple[str, str], int] = {}
        self._bindings: LruCache[tuple[int, tuple[int, ...]], int] = LruCache(BINDINGS_KEPT, executor.unbind)
        self._numbers = itertools.count(1)

    @property
    def lost(self) -> str:
        """Why the device is gone for good; empty while it works."""
        return str(self._executor.faults.lost)

    # --- buffers ------------------------------------------------------------------------------------------------

    def alloc(self, nbytes: int, zeroed: bool = True) -> int:
        """A buffer of at least ``nbytes``. Raises OutOfMemoryError."""
        handle = self._pool.alloc(nbytes)
        if zeroed and handle in self._pool.reused:
            self._executor.clear(handle, (nbytes + 3) & ~3)
        return handle

    def free(self, handle: int) -> None:
        """Give a buffer back; queued work that uses it still completes."""
        self._pool.free(handle)

    def write(self, handle: int, data: object, offset: int = 0) -> None:
        """Queue a copy of a bytes-like object into a buffer. Length and offset are multiples of 4."""
        view = memoryview(data).cast("B")
        room = self._pool.size(handle)
        if view.nbytes % 4 or offset % 4 or offset < 0 or offset + view.nbytes > room:
            raise DeviceError(f"cannot write {view.nbytes} bytes at offset {offset} of a buffer of {room} bytes")
        if view.nbytes:
            self._call(self._executor.write, handle, offset, view)

    def read(self, requests: Sequence[tuple[int, int]]) -> list[memoryview]:
        """Wait for queued work and return (handle, nbytes) ranges, all in one round trip."""
        data = self._wait(self._executor.read(self._padded(requests)))
        return _split(data.to_memoryview(), requests)

    async def read_async(self, requests: Sequence[tuple[int, int]]) -> list[memoryview]:
        """As `read`, without blocking the event loop."""
        try:
            data = await self._executor.read(self._padded(requests))
        except JsException as error:
            raise translated(error) from None
        return _split(data.to_memoryview(), requests)

    # --- programs -----------------------------------------------------------------------------------------------

    def load(self, program: Program) -> int:
        """Compile and keep a program; returns its number. Raises KernelError or OutOfMemoryError.

        Without JSPI the compiler's verdict cannot be waited for: a later call raises the KernelError then.
        """
        temporaries: list[int] = []
        number = next(self._numbers)
        try:
            for nbytes in program.slot_sizes[program.num_external :]:
                temporaries.append(self._pool.alloc(nbytes))
            text = program_text(program, temporaries)
            if can_run_sync():
                self._wait(self._executor.load(number, text))
            else:
                self._call(self._executor.loadNow, number, text)
        except DeviceError:
            for handle in temporaries:
                self._pool.free(handle)
            raise
        self._programs[number] = _Loaded(program.num_external, tuple(temporaries))
        for slot, data in program.constants:
            self.write(temporaries[slot - program.num_external], data)
        return number

    def unload(self, number: int) -> None:
        """Forget a loaded program and its temporaries."""
        for handle in self._program(number).temporaries:
            self._pool.free(handle)
        del self._programs[number]
        self._executor.unload(number)

    def submit(self, number: int, handles: Sequence[int]) -> None:
        """Queue one run with the external slots bound to ``handles``.

        The page gets its turn here: a script that only submits can still be paused and stopped.
        """
        checkpoint()
        binding = self._binding(number, tuple(handles))
        try:
            crowded = self._run(binding)
        except JsException as error:
            raise translated(error) from None
        if crowded and can_run_sync():
            self._wait(self._executor.room())

    def load_painter(self, source: str, entry: str) -> int:
        """Compile a fragment shader once; its number for `paint`. A later call raises what is wrong with it."""
        if (source, entry) not in self._painters:
            number = next(self._numbers)
            self._call(self._executor.loadPainter, number, source, entry)
            self._painters[source, entry] = number
        return self._painters[source, entry]

    def paint(
        self, painter: int, uniforms: bytes, inputs: Sequence[tuple[int, int]], size: tuple[int, int], target: int
    ) -> None:
        """Queue a picture of ``size`` (width, height) into a buffer; see `Device.paint`."""
        self._call(self._executor.paint, painter, memoryview(uniforms), json.dumps(inputs), *size, target)

    def synchronize(self) -> None:
        """Wait until all queued work is done."""
        self._wait(self._executor.idle())

    def time(self, number: int, handles: Sequence[int], repeats: int) -> float:
        """Median seconds of device time for one run, from timestamps where there are any."""
        if repeats < 1:
            raise DeviceError(f"cannot time {repeats} runs; repeats starts at 1")
        return self._wait(self._executor.time(self._binding(number, tuple(handles)), repeats))

    def memory(self) -> dict[str, int]:
        """Bytes and counts: ``allocated``, ``pooled``, ``buffers``, ``programs``, ``groups`` (bind groups kept)."""
        return {
            "allocated": self._pool.allocated,
            "pooled": self._pool.pooled,
            "buffers": len(self._pool),
            "programs": len(self._programs),
            "groups": self._executor.groups.size,
        }

    def close(self) -> None:
        """Destroy the device and its memory; every later call raises DeviceLostError."""
        self._executor.close()

    # --- bookkeeping --------------------------------------------------------------------------------------------

    def _binding(self, number: int, handles: tuple[int, ...]) -> int:
        binding = self._bindings.get((number, handles))
        if binding is None:
            binding = self._bindings.put((number, handles), self._bind(number, handles))
        return binding

    def _bind(self, number: int, handles: tuple[int, ...]) -> int:
        expected = self._program(number).num_external
        if len(handles) != expected:
            raise DeviceError(f"the program binds {expected} buffers, {len(handles)} were given")
        for handle in handles:
            self._pool.check(handle)
        binding = next(self._numbers)
        self._call(self._executor.bind, binding, number, json.dumps(handles))
        return binding

    def _program(self, number: int) -> _Loaded:
        program = self._programs.get(number)
        if program is None:
            raise DeviceError(f"program {number} is not loaded on this device")
        return program

    def _padded(self, requests: Sequence[tuple[int, int]]) -> str:
        """The requests as JSON; copies take multiples of 4 bytes."""
        for handle, nbytes in requests:
            if nbytes > self._pool.size(handle):
                raise DeviceError(f"cannot read {nbytes} bytes of a buffer of {self._pool.size(handle)} bytes")
        return json.dumps([(handle, (nbytes + 3) & ~3) for handle, nbytes in requests])

    def _create_buffer(self, handle: int, nbytes: int) -> None:
        self._call(self._executor.create, handle, nbytes)
        if nbytes >= CONFIRMED_BYTES and can_run_sync():
            try:
                self._wait(self._executor.confirm())
            except OutOfMemoryError:
                self._executor.destroy(json.dumps([handle]))
                raise

    def _destroy_buffers(self, handles: list[int]) -> None:
        self._bindings.clear()
        self._executor.destroy(json.dumps(handles))

    # --- crossing over ------------------------------------------------------------------------------------------

    def _call(self, method: Any, *arguments: object) -> Any:
        try:
            return method(*arguments)
        except JsException as error:
            raise translated(error) from None

    def _wait(self, promise: Awaitable) -> Any:
        """The result of a JavaScript promise, waiting for it through JSPI."""
        if not can_run_sync():
            raise DeviceError(NO_JSPI)
        try:
            return run_sync(promise)
        except JsException as error:
            raise translated(error) from None


@dataclass(frozen=True)
class _Loaded:
    num_external: int
    temporaries: tuple[int, ...]


def _split(data: memoryview, requests: Sequence[tuple[int, int]]) -> list[memoryview]:
    views, place = [], 0
    for _, nbytes in requests:
        views.append(data[place : place + nbytes])
        place += (nbytes + 3) & ~3
    return views


def translated(error: JsException) -> DeviceError:
    """The library's exception for one of the executor's."""
    if error.name == "KernelError":
        told = json.loads(error.message)
        kernel = Kernel(told["name"], told["code"], ())
        return kernel_error(kernel, "tint", told["message"], told["line"], told["column"])
    return _ERRORS.get(error.name, DeviceError)(error.message)
