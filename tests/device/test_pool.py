"""Buffer bookkeeping without a device."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiraltorch_web.device import pool as pool_module
from spiraltorch_web.device.cache import LruCache
from spiraltorch_web.device.pool import BufferPool, size_class
from spiraltorch_web.errors import DeviceError, OutOfMemoryError


class Heap:
    """Stands for a GPU with ``room`` bytes."""

    def __init__(self, room: int = 1 << 60) -> None:
        self.room = room
        self.sizes: dict[int, int] = {}
        self.pool = BufferPool(self.create, self.destroy, 1 << 40)

    def create(self, handle: int, nbytes: int) -> None:
        if sum(self.sizes.values()) + nbytes > self.room:
            raise OutOfMemoryError("full")
        self.sizes[handle] = nbytes

    def destroy(self, handles: list[int]) -> None:
        for handle in handles:
            del self.sizes[handle]


@given(st.integers(0, 1 << 40))
def test_size_classes_waste_at_most_a_quarter(nbytes):
    size = size_class(nbytes, 1 << 40)
    assert size >= nbytes
    assert size % 4 == 0
    assert size <= max(256, nbytes * 1.25 + 4)


def test_the_largest_buffer_is_not_rounded_past_the_limit():
    assert size_class(1000, 1000) == 1000
    assert size_class(998, 1000) == 1000


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5000)), max_size=60))
def test_live_buffers_are_distinct_and_accounted_for(steps):
    heap = Heap()
    live: list[int] = []
    for allocate, amount in steps:
        if allocate or not live:
            handle = heap.pool.alloc(amount)
            assert handle not in live
            assert heap.pool.size(handle) == heap.sizes[handle] >= amount
            live.append(handle)
        else:
            heap.pool.free(live.pop(amount % len(live)))
        assert heap.pool.allocated == sum(heap.sizes[handle] for handle in live)
        assert heap.pool.allocated + heap.pool.pooled == sum(heap.sizes.values())


def test_waiting_buffers_make_room_when_memory_is_short():
    heap = Heap(room=4096)
    heap.pool.free(heap.pool.alloc(4096))
    assert heap.pool.alloc(1024)
    with pytest.raises(OutOfMemoryError, match="1,024 bytes are in use in 1 buffers"):
        heap.pool.alloc(4096)


def test_waiting_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(pool_module, "POOLED_LIMIT", 4096)
    heap = Heap()
    for handle in [heap.pool.alloc(1024) for _ in range(40)]:
        heap.pool.free(handle)
    heap.pool.alloc(16)
    assert heap.pool.pooled <= 4096


def test_freeing_twice_is_an_error():
    heap = Heap()
    handle = heap.pool.alloc(4)
    heap.pool.free(handle)
    with pytest.raises(DeviceError, match="freed twice"):
        heap.pool.free(handle)


def test_the_cache_forgets_what_was_unused_the_longest():
    dropped: list[str] = []
    cache: LruCache[int, str] = LruCache(2, dropped.append)
    cache.put(1, "one")
    cache.put(2, "two")
    cache.get(1)
    cache.put(3, "three")
    assert dropped == ["two"]
    assert cache.get(2) is None
    cache.clear()
    assert dropped == ["two", "one", "three"]
