"""What the compiler may count on: limits and traits of a device."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caps:
    """Limits and traits that the compiler plans for. The defaults are WebGPU's guaranteed minimum."""

    max_storage_buffers: int = 8
    max_workgroup_size: int = 256
    max_workgroup_bytes: int = 16384
    max_groups: int = 65535  # per grid dimension
    max_binding_bytes: int = 128 << 20
    max_buffer_bytes: int = 256 << 20
    subgroup_size: int = 0  # 0: no subgroup operations
    float16: bool = False
    software: bool = False  # runs on CPU cores: no coalescing, expensive barriers
    most_rounds: int = 0  # of all loops of an invocation, which the driver then ends without a word; 0: no such limit


def most_rounds_of(adapter: str) -> int:
    """`Caps.most_rounds` of the adapter of a name: Mesa's software driver has one (seen with 22.3 and LLVM 15)."""
    return 65_535 if "llvmpipe" in adapter.lower() else 0
