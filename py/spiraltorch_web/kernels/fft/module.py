"""Kernels of passes: text, tables and grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...ir.caps import Caps
from ...ir.program import Kernel
from ..grids import ceil_div, fold
from ..templates import kernel
from .ends import Source, Target, roots_of
from .ends_text import load_text, store_text, turn_text
from .plan import Pass
from .tables import pass_table
from .text import PassText


@dataclass(frozen=True)
class PassKernel:
    """A pass ready to be launched; ``table`` is the content of its binding of that name."""

    kernel: Kernel
    table: bytes
    grid: tuple[int, int, int]


def pass_kernel(one: Pass, source: Source, target: Target, caps: Caps) -> PassKernel:
    """The kernel of one pass. See ``shaders/fft_pass.wgsl`` for its bindings."""
    table = pass_table(one, roots_of(one, source, target))
    text = PassText(one, table, not caps.software)
    text.place("a", one.across_in)
    if one.across_in != one.across_out:
        text.place("b", one.across_out)
    grid, guarded = _grid(one, caps)
    outward = "a" if one.across_in == one.across_out else "b"
    load_text(text, source, "a")
    text.stages("a", outward)
    if one.turn:
        turn_text(text, outward)
    store_text(text, target, outward, guarded)
    return _finished(text, source, target, grid, caps)


def convolution_kernel(one: Pass, source: Source, target: Target, caps: Caps) -> PassKernel:
    """A transform, times the spectrum in ``extra_b``, and the inverse transform, in one launch."""
    table = pass_table(one, 0)
    text = PassText(one, table, not caps.software)
    text.place("a", one.across_in)
    grid, guarded = _grid(one, caps)
    load_text(text, source, "a")
    registers = list(text.points)
    text.add("for (var turn = 0u; turn < 2u; turn++) {")
    text.stages("a", "a")
    if text.points != registers:  # butterflies of 16 rename registers: the second turn wants the first's names
        kept = [text.let(name) for name in text.points]
        for register, name in zip(registers, kept, strict=True):
            text.add(f"{register} = {name};")
        text.points = registers
    text.add("if (turn == 0u) {")
    for i, register in enumerate(registers):
        text.add(f"{register} = product({register}, extra_b[a_t + {one.threads * i}u]).yx;")
    text.add("}")
    text.add("}")
    store_text(text, target, "a", guarded)
    return _finished(text, source, target, grid, caps)


def _grid(one: Pass, caps: Caps) -> tuple[tuple[int, int, int], bool]:
    """The grid, and whether some threads have no line."""
    groups = ceil_div(one.lines, one.segments)
    grid = fold(groups, caps.max_groups)
    return grid, grid[0] * grid[1] * one.segments != one.lines


def _finished(text: PassText, source: Source, target: Target, grid: tuple[int, int, int], caps: Caps) -> PassKernel:
    one, table = text.one, text.table
    mixing = "".join(f" ^ ((a >> {shift}u) & {mask}u)" for shift, mask in text.spreading())
    pairs = one.columns == 1
    held = one.length * one.segments * (2 if one.together else 1)
    exchanging = one.threads > 1
    values = {
        "IN": "vec2<f32>" if source.kind == "packed" and pairs else "f32",
        "OUT": "vec2<f32>" if target.kind == "packed" and pairs else "f32",
        "EXTRA_A": "f32" if source.kind == "spectrum" else "vec2<f32>",
        "EXTRA_B": "f32" if source.kind == "spectrum" else "vec2<f32>",
        "BOTH": target.kind in ("complex", "tail"),
        "EIGHTS": 8 in one.radices,
        "EXCHANGING": exchanging,
        "HELD": held,
        "SPREAD": f"a{mixing}",
        "ROOTS": bool(table.roots),
        "LOW": table.low,
        "HIGH": table.high,
        "BITS": table.bits,
        "BELOW": (1 << table.bits) - 1,
        "HALVES": source.kind == "half",
        "TAIL": target.kind == "tail",
        "CHIRPED": bool(source.chirp) and source.kind != "filter",
        "FILTER": source.kind == "filter",
        "HERMITIAN": source.kind == "hermitian",
        "POINTS": source.chirp,
        "LAST": source.chirp - 1,
        "PADDED": source.stored if source.kind == "filter" else 0,
        "COLUMNS": one.columns,
        "THREADS": one.threads * one.segments,
        "GRID_X": grid[0],
        "BODY": "\n    ".join(text.lines),
    }
    return PassKernel(replace(kernel("fft_pass", values), trusted=True), table.data, grid)
