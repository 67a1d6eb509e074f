"""Which buffers exist and which of them wait for reuse. Pure bookkeeping: the owner makes and destroys them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from ..errors import DeviceError, OutOfMemoryError

SMALLEST = 256
POOLED_LIMIT = 512 << 20


def size_class(nbytes: int, largest: int) -> int:
    """The buffer size that serves a request: 256 bytes, or a quarter step between powers of two above it.

    At most a quarter of a buffer is slack, and nearby sizes share buffers. ``largest`` caps the result.
    """
    if nbytes <= SMALLEST:
        return SMALLEST
    step = 1 << ((nbytes - 1).bit_length() - 3)
    rounded = -(-nbytes // step) * step
    return rounded if rounded <= largest else -(-nbytes // 4) * 4


class BufferPool:
    """Hands out buffers by number and reuses freed ones of the same size.

    ``create(handle, nbytes)`` makes a buffer or raises OutOfMemoryError, ``destroy(handles)`` ends some. A number
    keeps naming the same buffer when it is given out again, so bind groups made for it stay valid.
    """

    def __init__(self, create: Callable[[int, int], None], destroy: Callable[[list[int]], None], largest: int) -> None:
        self._create = create
        self._destroy = destroy
        self._largest = largest
        self._sizes: dict[int, int] = {}
        self._live: set[int] = set()
        self._returned: list[int] = []
        self._free: dict[int, list[int]] = {}
        self._age: OrderedDict[int, None] = OrderedDict()  # free buffers, longest unused first
        self._next = 1
        self.allocated = 0
        self.pooled = 0
        self.reused: set[int] = set()  # live buffers that still hold an earlier tenant's bytes

    def __len__(self) -> int:
        return len(self._sizes)

    def alloc(self, nbytes: int) -> int:
        """The number of a buffer of at least ``nbytes``. Raises OutOfMemoryError with the sizes."""
        if nbytes < 0 or nbytes > self._largest:
            raise OutOfMemoryError(
                f"a buffer of {nbytes:,} bytes was asked for; this device allows {self._largest:,} bytes per buffer"
            )
        self._sort_returned()
        size = size_class(nbytes, self._largest)
        handle = self._take(size)
        if handle is None:
            handle = self._make(size)
        self._live.add(handle)
        self.allocated += size
        return handle

    def free(self, handle: int) -> None:
        """Give a buffer back, to be reused or, when many wait already, destroyed at a later `alloc`.

        Called by finalizers, so at any point of the program, this module included: it only takes note.
        """
        if handle not in self._live:
            raise DeviceError(f"buffer {handle} is not allocated (freed twice?)")
        self._live.remove(handle)
        self.reused.discard(handle)
        self._returned.append(handle)
        self.allocated -= self._sizes[handle]
        self.pooled += self._sizes[handle]

    def trim(self, keep: int = 0) -> None:
        """Destroy waiting buffers, longest unused first, until at most ``keep`` bytes wait."""
        victims: list[int] = []
        while self._age and self.pooled > keep:
            handle, _ = self._age.popitem(last=False)
            size = self._sizes.pop(handle)
            self._free[size].remove(handle)
            self.pooled -= size
            victims.append(handle)
        if victims:
            self._destroy(victims)

    def check(self, handle: int) -> None:
        """Raise DeviceError unless the buffer is allocated."""
        if handle not in self._live:
            raise DeviceError(f"buffer {handle} is not allocated on this device")

    def size(self, handle: int) -> int:
        """Bytes of an allocated buffer, slack included."""
        self.check(handle)
        return self._sizes[handle]

    def _sort_returned(self) -> None:
        while self._returned:
            handle = self._returned.pop()
            self._free.setdefault(self._sizes[handle], []).append(handle)
            self._age[handle] = None
        if self.pooled > max(POOLED_LIMIT, self.allocated):
            self.trim(POOLED_LIMIT // 2)

    def _take(self, size: int) -> int | None:
        waiting = self._free.get(size)
        if not waiting:
            return None
        handle = waiting.pop()
        del self._age[handle]
        self.pooled -= size
        self.reused.add(handle)
        return handle

    def _make(self, size: int) -> int:
        handle = self._next
        try:
            self._create(handle, size)
        except OutOfMemoryError:
            if not self.pooled:
                raise self._exhausted(size) from None
            self.trim()
            try:
                self._create(handle, size)
            except OutOfMemoryError:
                raise self._exhausted(size) from None
        self._next += 1
        self._sizes[handle] = size
        return handle

    def _exhausted(self, size: int) -> OutOfMemoryError:
        return OutOfMemoryError(
            f"the device has no {size:,} bytes left; {self.allocated:,} bytes are in use in {len(self._live):,} buffers"
        )
