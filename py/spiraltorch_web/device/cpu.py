"""The CPU device: graphs run in NumPy, one call per operation.

Every buffer has an array that nothing else refers to. Programs never change it: results replace it, all of them after
the last was computed, and the old array is used again. So an update in place needs no copy.
"""

from __future__ import annotations

import itertools
import os
import statistics
import sys
import time
from collections.abc import Sequence

import numpy as np

from ..dtypes import DTYPES
from ..errors import DeviceError, OutOfMemoryError
from ..host import checkpoint
from ..ir.caps import Caps
from ..ir.graph import Graph
from ..ir.node import Shape
from .base import DeviceInfo
from .cpu_elementwise import Array
from .cpu_plan import Plan, plan
from .cpu_pool import ArrayPool

# How values lie in buffers; bool takes a uint32 there (see `spiraltorch_web.dtypes`).
_STORED = {"bool": np.uint32, "uint32": np.uint32, "int32": np.int32, "float16": np.float16, "float32": np.float32}


def _most_bytes() -> int:
    """A larger buffer cannot be meant: the machine's memory, or 2 GiB where addresses have 32 bits, as in a browser."""
    if sys.maxsize < 1 << 32:
        return sys.maxsize
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return 64 << 30


class _Buffer:
    """``nbytes`` of memory, held as an array of the dtype that was last used; none while all bytes are zero."""

    __slots__ = ("nbytes", "array", "dtype")

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes
        self.array: Array | None = None
        self.dtype = "zeros"

    def content(self) -> Array:
        """The buffer as uint8, padded to its full length."""
        if self.array is None:
            self.array, self.dtype = np.zeros(self.nbytes, np.uint8), "bytes"
        if self.dtype == "bytes":
            return self.array
        array = np.ascontiguousarray(self.array, _STORED[self.dtype])
        flat = array.reshape(-1).view(np.uint8)
        missing = self.nbytes - flat.size
        return np.concatenate([flat, np.zeros(missing, np.uint8)]) if missing else flat

    def values(self, shape: Shape, dtype: str) -> Array:
        """The buffer as an array of values; the conversion is kept for the next use."""
        if self.dtype != dtype or self.array is None or self.array.shape != shape:
            stored = np.dtype(_STORED[dtype])
            count = int(np.prod(shape, dtype=np.int64))
            array = self.content()[: count * stored.itemsize].view(stored).reshape(shape)
            if dtype == "bool":
                array = array != 0
            if count * DTYPES[dtype].itemsize < self.nbytes - 3:
                return array  # only a part: keep the rest
            self.array, self.dtype = array, dtype
        return self.array.astype(np.float32) if dtype == "float16" else self.array

    def store(self, value: Array, dtype: str, pool: ArrayPool) -> None:
        """Replace the content by a computed value, which is handed over; the array it had may be used again."""
        array = np.asarray(value)
        if dtype == "float16":
            array = array.astype(np.float16)
        if not array.flags.c_contiguous:
            array = array.copy()
        old, self.array, self.dtype = self.array, array, dtype
        pool.give(old)

    def write(self, data: memoryview, offset: int) -> None:
        """Replace a range of bytes."""
        content = np.zeros(self.nbytes, np.uint8) if data.nbytes == self.nbytes else self.content().copy()
        content[offset : offset + data.nbytes] = np.frombuffer(data, np.uint8)
        self.array, self.dtype = content, "bytes"


class CpuDevice:
    """See `spiraltorch_web.device.base.Device`. Work is done when `submit` returns; nothing is queued."""

    lowering = "graph"
    lost = ""

    def __init__(self, reason: str = "") -> None:
        most = _most_bytes()
        self.caps = Caps(software=True, float16=True, max_binding_bytes=most, max_buffer_bytes=most)
        self.info = DeviceInfo(
            name="cpu", adapter=f"NumPy {np.__version__}", backend="NumPy", driver="", caps=self.caps, reason=reason
        )
        self._buffers: dict[int, _Buffer] = {}
        self._programs: dict[int, Plan] = {}
        self._numbers = itertools.count(1)
        self._allocated = 0
        self._pool = ArrayPool()

    def alloc(self, nbytes: int, zeroed: bool = True) -> int:
        """A buffer, zeroed in any case. Raises OutOfMemoryError."""
        size = -(-nbytes // 4) * 4
        if size > self.caps.max_buffer_bytes:
            raise self._out_of_memory(f"a buffer of {size:,} bytes")
        handle = next(self._numbers)
        self._buffers[handle] = _Buffer(size)
        self._allocated += size
        return handle

    def free(self, handle: int) -> None:
        """Give a buffer back."""
        buffer = self._buffers.pop(handle)
        self._allocated -= buffer.nbytes
        self._pool.give(buffer.array)

    def write(self, handle: int, data: object, offset: int = 0) -> None:
        """Copy a bytes-like object into a buffer."""
        view = memoryview(data)
        if not view.nbytes:
            return
        view, buffer = view.cast("B"), self._buffers[handle]
        if offset + view.nbytes > buffer.nbytes:
            raise DeviceError(f"cannot write {view.nbytes} bytes at {offset} into a buffer of {buffer.nbytes} bytes")
        buffer.write(view, offset)

    def read(self, requests: Sequence[tuple[int, int]]) -> list[memoryview]:
        """The first bytes of each buffer, as (handle, nbytes) asks."""
        return [memoryview(self._buffers[handle].content()[:nbytes].tobytes()) for handle, nbytes in requests]

    async def read_async(self, requests: Sequence[tuple[int, int]]) -> list[memoryview]:
        """As `read`; nothing is ever pending here."""
        return self.read(requests)

    def load(self, program: Graph) -> int:
        """Plan a graph; returns its number."""
        number = next(self._numbers)
        with np.errstate(all="ignore"):  # constants beyond float32 become infinite, as everywhere
            self._programs[number] = plan(program)
        return number

    def unload(self, number: int) -> None:
        """Forget a program."""
        del self._programs[number]

    def submit(self, number: int, handles: Sequence[int]) -> None:
        """Run a program. All results are computed before the first is stored."""
        checkpoint()  # in the page: lets Stop through
        program, buffers = self._programs[number], self._buffers
        leaves = [
            buffers[handle].values(shape, dtype)
            for handle, (shape, dtype) in zip(handles, program.leaves, strict=False)
        ]
        try:
            results = program.run(leaves, self._pool)
        except MemoryError as error:
            self._pool.clear()
            raise self._out_of_memory(str(error)) from error
        for target, value, dtype in zip(program.targets, results, program.stored, strict=True):
            buffers[handles[target]].store(value, dtype, self._pool)

    def _out_of_memory(self, what: str) -> OutOfMemoryError:
        return OutOfMemoryError(f"not enough memory on the CPU for {what}; {self._allocated:,} bytes are in use")

    def synchronize(self) -> None:
        """Nothing is queued."""

    def time(self, number: int, handles: Sequence[int], repeats: int) -> float:
        """Median seconds of one run by the clock."""
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            self.submit(number, handles)
            seconds.append(time.perf_counter() - start)
        return statistics.median(seconds)

    def memory(self) -> dict[str, int]:
        """Bytes and counts in use."""
        return {
            "allocated": self._allocated,
            "pooled": self._pool.nbytes,
            "buffers": len(self._buffers),
            "programs": len(self._programs),
        }
