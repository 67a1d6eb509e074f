"""The recorded step: kernels, dispatches and buffers as pure data that any WebGPU device can replay."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kernel:
    """One WGSL compute shader with entry point ``main`` and all its buffers in group 0.

    ``source`` has no ``enable`` lines: the device writes those of ``needs`` in its own dialect. ``access[i]`` is
    "read" or "read_write" for binding i. ``trusted`` promises that every index is in range and every loop ends: such
    kernels may run without the checks that WGSL implementations add.
    """

    name: str
    source: str
    access: tuple[str, ...]
    needs: frozenset[str] = frozenset()  # of "subgroups", "f16"
    trusted: bool = False


@dataclass(frozen=True)
class BufferRef:
    """A range of a slot, in bytes. Offsets are multiples of 256."""

    slot: int
    size: int
    offset: int = 0


@dataclass(frozen=True)
class Dispatch:
    """One launch: kernel number, a buffer per binding, and how many workgroups."""

    kernel: int
    buffers: tuple[BufferRef, ...]
    grid: tuple[int, int, int]


@dataclass(frozen=True)
class Program:
    """Dispatches in order. Slots below ``num_external`` are bound at each run; the device owns the others."""

    kernels: tuple[Kernel, ...]
    dispatches: tuple[Dispatch, ...]
    slot_sizes: tuple[int, ...]
    num_external: int
    report: tuple[str, ...] = field(default=(), compare=False)  # one readable line per dispatch
    constants: tuple[tuple[int, bytes], ...] = ()  # own slots that are only read, and what they hold

    @property
    def temporary_bytes(self) -> int:
        """Bytes of device memory that the program keeps for itself, constants included."""
        return sum(self.slot_sizes[self.num_external :])

    def __str__(self) -> str:
        head = (
            f"{len(self.dispatches)} dispatches, {len(self.kernels)} kernels, {self.temporary_bytes:,} temporary bytes"
        )
        return "\n".join((head, *self.report))
