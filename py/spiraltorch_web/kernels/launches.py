"""Short ways to write the launches of a routine."""

from __future__ import annotations

from ..dtypes import DType
from ..ir.caps import Caps
from .grids import ceil_div, fold
from .registry import Launch, Operand
from .templates import Value, kernel

THREADS = 256  # of kernels with one thread per entry


def given(index: int) -> Operand:
    """Operand ``index`` of the routine."""
    return Operand("input", index)


def result(index: int) -> Operand:
    """Result ``index`` of the routine."""
    return Operand("output", index)


def scratch(index: int) -> Operand:
    """Temporary buffer ``index`` of the routine."""
    return Operand("scratch", index)


def launch(
    shader: str,
    operands: tuple[Operand, ...],
    groups: int,
    caps: Caps,
    dtype: DType | None = None,
    **values: Value,
) -> Launch:
    """A launch of ``groups`` workgroups; the shader learns GRID_X and GROUPS besides ``values``.

    With SUBGROUPS among them it may use subgroup operations.
    """
    grid, needs = fold(groups, caps.max_groups), set()
    if dtype is not None and dtype.storage == "f16":
        needs.add("f16")
    if values.get("SUBGROUPS"):
        needs.add("subgroups")
    return Launch(kernel(shader, {**values, "GRID_X": grid[0], "GROUPS": groups}, frozenset(needs)), operands, grid)


def launch_entries(
    shader: str,
    operands: tuple[Operand, ...],
    entries: int,
    caps: Caps,
    dtype: DType | None = None,
    **values: Value,
) -> Launch:
    """A launch with one thread per entry; the shader learns ENTRIES too."""
    return launch(shader, operands, ceil_div(entries, THREADS), caps, dtype, ENTRIES=entries, **values)
