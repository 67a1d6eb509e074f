"""fft: complex and real transforms along any axis, of any length."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...dtypes import float32
from ...errors import ArgumentError, DTypeError, ShapeError
from ...ir import algebra as al
from ...ir.caps import Caps
from ...ir.node import Node, cast, const, elementwise, iota
from ...ir.ops import Op
from ..registry import Lowered, Routine, Spec
from .launches import lower
from .plan import LONGEST, Tuning

OPERANDS = {"complex": 2, "real": 1, "rfft": 1, "irfft": 2}
RESULTS = {"complex": 2, "real": 2, "rfft": 2, "irfft": 1}


class Transform(NamedTuple):
    """Parameters of the routine.

    ``kind`` "complex" takes and gives both parts; "real" takes a real signal and gives its whole spectrum; "rfft"
    gives length // 2 + 1 entries of it, and "irfft" takes those and gives a real signal. ``length`` counts points
    along ``axis``, ``inverse`` turns the sign of the exponent ("rfft" is always forward, "irfft" inverse) and
    ``scale`` multiplies every result. ``tuning`` None leaves the choice to the lowering.
    """

    kind: str
    length: int
    axis: int
    inverse: bool = False
    scale: float = 1.0
    tuning: Tuning | None = None


def padded_length(length: int) -> int:
    """Points that are transformed for a signal of ``length``: itself, or for Bluestein a power of two ≥ 2n − 1."""
    return length if length & (length - 1) == 0 else 1 << (2 * length - 2).bit_length()


def _infer(specs: Sequence[Spec], params: tuple) -> tuple[Spec, ...]:
    call = Transform(*params)
    if call.kind not in OPERANDS or len(specs) != OPERANDS[call.kind]:
        raise ArgumentError(f"fft has no kind {call.kind!r} of {len(specs)} operands; kinds are {', '.join(OPERANDS)}")
    for shape, dtype in specs:
        if dtype is not float32:
            raise DTypeError(f"fft takes float32 parts, got {dtype.name}; cast first")
        if shape != specs[0][0] or not 0 <= call.axis < len(shape):
            raise ShapeError(f"fft takes parts of one shape that has axis {call.axis}, got {specs[0][0]} and {shape}")
    if call.length < 1 or padded_length(call.length) > LONGEST:
        most = f"{LONGEST:,} points, or {LONGEST // 2:,} where the length is no power of two"
        raise ArgumentError(f"fft transforms 1 to {most}; got {call.length:,}")
    half, shape = call.length // 2 + 1, specs[0][0]
    stored = half if call.kind == "irfft" else call.length
    if shape[call.axis] != stored:
        raise ShapeError(f"fft ({call.kind}) of {call.length} points takes {stored} entries, got {shape}")
    made = half if call.kind == "rfft" else call.length
    return (((*shape[: call.axis], made, *shape[call.axis + 1 :]), float32),) * RESULTS[call.kind]


def _lower(specs: Sequence[Spec], outputs: Sequence[Spec], params: tuple, caps: Caps) -> Lowered:
    call, (shape, _) = Transform(*params), specs[0]
    rows, columns = math.prod(shape[: call.axis]), math.prod(shape[call.axis + 1 :])
    if rows * columns == 0:
        return Lowered(())
    return lower(call, rows, columns, padded_length(call.length), caps)


def _reference(np, arrays: Sequence, params: tuple) -> tuple:
    call = Transform(*params)
    if call.kind == "irfft":
        spectrum = (arrays[0] + 1j * arrays[1]).astype(np.complex64)
        found = np.fft.irfft(spectrum, call.length, axis=call.axis, norm="forward") * np.float32(call.scale)
        return (found.astype(np.float32),)
    if call.kind == "rfft":
        found = np.fft.rfft(arrays[0], axis=call.axis)
    else:
        signal = arrays[0] if call.kind == "real" else (arrays[0] + 1j * arrays[1]).astype(np.complex64)
        found = (
            np.fft.ifft(signal, axis=call.axis, norm="forward") if call.inverse else np.fft.fft(signal, axis=call.axis)
        )
    found = (found * np.float32(call.scale)).astype(np.complex64)
    return np.ascontiguousarray(found.real), np.ascontiguousarray(found.imag)


# --- derivatives --------------------------------------------------------------------------------------------------


def _derivative(node: Node, cotangents: Mapping[int, Node]) -> tuple[Node | None, ...]:
    """The adjoint: transforms are linear, and that of F is F's conjugate transpose."""
    call = Transform(*node.attrs[1])
    if call.kind == "irfft":
        real, imag = FFT(cotangents[0], params=call._replace(kind="rfft"))
        return tuple(al.mul(part, _weights(part, call, 2.0)) for part in (real, imag))
    if call.kind == "rfft":
        parts = [cotangents.get(part) for part in (0, 1)]
        like = next(part for part in parts if part is not None)
        weights = _weights(like, call, 0.5)
        halves = [al.filled(like, 0) if part is None else al.mul(part, weights) for part in parts]
        return FFT(*halves, params=call._replace(kind="irfft"))
    back = call._replace(inverse=not call.inverse)
    real, imag = cotangents.get(0), cotangents.get(1)
    if imag is None:
        found = FFT(real, params=back._replace(kind="real"))
    elif real is None:  # F(i·g) = i·F(g)
        a, b = FFT(imag, params=back._replace(kind="real"))
        found = (al.neg(b), a)
    else:
        found = FFT(real, imag, params=back._replace(kind="complex"))
    return tuple(found[: len(node.srcs)])


def _weights(like: Node, call: Transform, inner: float) -> Node:
    """``inner`` for entries that stand for two of the whole spectrum, 1 for those that are their own mirror."""
    place = iota(like.shape, call.axis)
    ends = elementwise(Op.EQ, place, const(0, place.dtype, place.shape))
    if call.length % 2 == 0:
        last = const(call.length // 2, place.dtype, place.shape)
        ends = elementwise(Op.OR, ends, elementwise(Op.EQ, place, last))
    return cast(al.select(ends, al.filled(like, 1.0), al.filled(like, inner)), float32)


FFT = Routine("fft", _infer, _lower, _reference, joint=_derivative)
