"""Launches of whole transforms: chains of passes, packed real signals, and Bluestein's detour for other lengths."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...ir.caps import Caps
from ..launches import given, launch_entries, result, scratch
from ..registry import Launch, Lowered, Operand
from .ends import Source, Target, between
from .module import PassKernel, convolution_kernel, pass_kernel
from .plan import Pass, plan_passes
from .tables import chirp, chirp_spectrum, root_table

if TYPE_CHECKING:
    from .routine import Transform

Parts = tuple[Operand, Operand]


class _Launches:
    """Collects launches with their temporaries and constants."""

    def __init__(self, caps: Caps) -> None:
        self.caps = caps
        self.launches: list[Launch] = []
        self.scratch: list[int] = []
        self.constants: dict[bytes, int] = {}

    def parts(self, entries: int) -> Parts:
        """Two temporaries for complex numbers."""
        self.scratch += [4 * entries, 4 * entries]
        return scratch(len(self.scratch) - 2), scratch(len(self.scratch) - 1)

    def constant(self, data: bytes) -> Operand:
        return Operand("constant", self.constants.setdefault(data, len(self.constants)))

    def run(
        self, made: PassKernel, source: Parts, target: tuple[Operand, ...], extras: tuple[Operand, ...] = ()
    ) -> None:
        """Launch a pass. Bindings that a kernel does not read get any buffer that is there."""
        table = self.constant(made.table)
        extra_a, extra_b = (*extras, table, table)[:2]
        outputs = target[: len(made.kernel.access) - 5]
        self.launches.append(Launch(made.kernel, (*source, table, extra_a, extra_b, *outputs), made.grid))

    def chain(
        self,
        passes: tuple[Pass, ...],
        source: Source,
        target: Target,
        ends: tuple[Parts, tuple[Operand, ...]],
        first_extras: tuple[Operand, ...] = (),
        last_extras: tuple[Operand, ...] = (),
    ) -> None:
        """All passes of a transform, from ``ends[0]`` to ``ends[1]`` through temporaries."""
        length = passes[0].length
        for one in passes[1:]:
            length *= one.length
        entries = passes[0].rows * passes[0].columns * length
        spare = [self.parts(entries) for _ in passes[1:3]]
        inner_source, inner_target = between(length)
        here = ends[0]
        for place, one in enumerate(passes):
            first, last = place == 0, place == len(passes) - 1
            made = pass_kernel(one, source if first else inner_source, target if last else inner_target, self.caps)
            there = ends[1] if last else spare[place % 2]
            self.run(made, here, there, first_extras if first else last_extras if last else ())
            here = there

    def finished(self) -> Lowered:
        return Lowered(tuple(self.launches), tuple(self.scratch), tuple(self.constants))


def lower(call: Transform, rows: int, columns: int, padded: int, caps: Caps) -> Lowered:
    """The launches of one call of the routine."""
    made = _Launches(caps)
    if padded != call.length:
        _bluestein(made, call, rows, columns, padded)
    elif call.kind == "rfft" and call.length > 1:
        _real_forward(made, call, rows, columns)
    elif call.kind == "irfft" and call.length > 1:
        _real_inverse(made, call, rows, columns)
    else:
        passes = plan_passes(call.length, rows, columns, call.tuning, caps)
        source, target = _ends(call)
        made.chain(passes, source, target, (_inputs(call), _outputs(call)))
    return made.finished()


def _inputs(call: Transform) -> Parts:
    return (given(0), given(0)) if call.kind in ("real", "rfft") else (given(0), given(1))


def _outputs(call: Transform) -> tuple[Operand, ...]:
    return (result(0),) if call.kind == "irfft" else (result(0), result(1))


def _ends(call: Transform) -> tuple[Source, Target]:
    """What the call reads and writes where entries are taken one by one."""
    n, half = call.length, call.length // 2 + 1
    swapped = call.kind == "irfft" or (call.kind == "complex" and call.inverse)
    taken = {"complex": "complex", "real": "real", "rfft": "real", "irfft": "hermitian" if n > 1 else "complex"}
    source = Source(taken[call.kind], half if call.kind == "irfft" else n, swapped)
    kind = "real" if call.kind == "irfft" else "complex"
    return source, Target(kind, half if call.kind == "rfft" else n, swapped, scale=call.scale)


def _real_forward(made: _Launches, call: Transform, rows: int, columns: int) -> None:
    """Neighbours are packed into a complex signal of half the length; then its spectrum is taken apart."""
    half = call.length // 2
    passes = plan_passes(half, rows, columns, call.tuning, made.caps)
    source = Source("packed", call.length)
    if len(passes) == 1:
        tail = Target("tail", half + 1, scale=call.scale)
        made.chain(passes, source, tail, (_inputs(call), _outputs(call)))
        return
    whole = made.parts(rows * half * columns)
    made.chain(passes, source, Target("complex", half), (_inputs(call), whole))
    table = root_table(call.length)
    values = {
        "COLUMNS": columns,
        "HALF": half,
        "STORED": half + 1,
        "SCALE": repr(call.scale),
        "ROOTS": True,
        "HALVES": False,
        "TAIL": True,
        "EIGHTS": False,
        "HIGH": table.high,
        "LOW": table.low,
        "BITS": table.bits,
        "BELOW": (1 << table.bits) - 1,
    }
    operands = (*whole, made.constant(table.data), *_outputs(call))
    tail = launch_entries("fft_tail", operands, rows * (half + 1) * columns, made.caps, **values)
    made.launches.append(replace(tail, kernel=replace(tail.kernel, trusted=True)))


def _real_inverse(made: _Launches, call: Transform, rows: int, columns: int) -> None:
    half = call.length // 2
    passes = plan_passes(half, rows, columns, call.tuning, made.caps)
    source = Source("half", half + 1, swapped=True)
    target = Target("packed", call.length, swapped=True, scale=call.scale)
    made.chain(passes, source, target, (_inputs(call), _outputs(call)))


def _bluestein(made: _Launches, call: Transform, rows: int, columns: int, padded: int) -> None:
    """jk = (j² + k² − (k − j)²)/2 makes any transform a convolution with a chirp, of a power of two points."""
    n = call.length
    source, target = _ends(call)
    source, target = replace(source, chirp=n), replace(target, chirp=n)
    passes = plan_passes(padded, rows, columns, call.tuning, made.caps)
    factors = made.constant(chirp(n))
    ends = (_inputs(call), _outputs(call))
    if len(passes) == 1:
        spectrum = made.constant(chirp_spectrum(n, padded))
        made.run(convolution_kernel(passes[0], source, target, made.caps), *ends, (factors, spectrum))
        return
    signal, other = made.parts(rows * padded * columns), made.parts(padded)
    inner = Target("complex", padded)
    made.chain(passes, source, inner, (ends[0], signal), (factors,))
    single = plan_passes(padded, 1, 1, call.tuning, made.caps)
    made.chain(single, Source("filter", padded, chirp=n), inner, ((factors, factors), other), (factors,))
    back = replace(target, scale=call.scale / padded)
    again = Source("spectrum", padded, swapped=True)
    made.chain(passes, again, back, (signal, ends[1]), other, (factors,))
