"""Grids of workgroups within a device's limit per dimension."""

from __future__ import annotations

from ..errors import ArgumentError


def ceil_div(count: int, size: int) -> int:
    """How many pieces of ``size`` cover ``count``."""
    return -(-count // size)


def fold(count: int, limit: int) -> tuple[int, int, int]:
    """A grid of at least ``count`` workgroups with x and y within ``limit``.

    Kernels number their workgroups ``y * grid x + x`` and drop those past ``count``.
    """
    if count <= limit:
        return (count, 1, 1)
    lines = ceil_div(count, limit)
    if lines > limit:
        raise ArgumentError(f"a kernel needs {count} workgroups; the device takes {limit} x {limit}")
    return (ceil_div(count, lines), lines, 1)
