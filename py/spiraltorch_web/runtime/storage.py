"""Device memory with an owner."""

from __future__ import annotations

from ..device.base import Device


class Storage:
    """A device buffer that is given back when nothing refers to it any more; its first content is anything or zeros."""

    __slots__ = ("device", "handle", "nbytes", "__weakref__")

    def __init__(self, device: Device, nbytes: int, zeroed: bool = False) -> None:
        self.device = device
        self.nbytes = nbytes
        self.handle = device.alloc(max(nbytes, 4), zeroed)

    def __del__(self) -> None:
        # Not weakref.finalize: a step that returns a loss makes a storage each time, and that costs it 4 us.
        if hasattr(self, "handle"):
            self.device.free(self.handle)

    def __repr__(self) -> str:
        return f"Storage({self.device.info.name}, {self.nbytes:,} bytes)"


class Placeholder:
    """Stands for the storage of an argument while a step is traced."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def __repr__(self) -> str:
        return f"Placeholder({self.index})"
