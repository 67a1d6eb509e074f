"""The transforms: from what users pass to calls of the routine ``fft``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..complex import ComplexTensor, parts_of
from ..dtypes import float32
from ..errors import ArgumentError, DTypeError, ShapeError
from ..kernels.fft.plan import LONGEST
from ..kernels.fft.routine import Transform, padded_length
from ..kernels.table import ROUTINES
from ..runtime.trace import use
from ..tensor import Tensor, as_tensor, pad, wrap
from ..tensor.joining import narrow
from ..tensor.operands import axis_index
from .chosen import plans
from .plans import SpiralKFftPlan

NORMS = ("backward", "ortho", "forward")


def fft(
    x: Any, n: int | None = None, axis: int = -1, norm: str | None = None, *, plan: SpiralKFftPlan | None = None
) -> ComplexTensor:
    """The discrete Fourier transform along an axis, as `numpy.fft.fft`: X[k] = Σ x[j]·e^(−2πi·jk/n).

    x: real or complex, any shape; ``n`` crops it or fills it with zeros at the end. ``norm`` says which direction is
    divided by n: "backward" (the default), "forward", or by √n both ("ortho"). ``plan`` overrides the automatic
    choice of how powers of two are computed.
    """
    return _complex("fft", x, n, axis, norm, False, plan)


def ifft(
    x: Any, n: int | None = None, axis: int = -1, norm: str | None = None, *, plan: SpiralKFftPlan | None = None
) -> ComplexTensor:
    """The inverse of `fft`."""
    return _complex("ifft", x, n, axis, norm, True, plan)


def rfft(
    x: Any, n: int | None = None, axis: int = -1, norm: str | None = None, *, plan: SpiralKFftPlan | None = None
) -> ComplexTensor:
    """The first n // 2 + 1 entries of the transform of a real signal; the others are their conjugates."""
    if isinstance(x, ComplexTensor):
        raise DTypeError("rfft transforms real signals, got a ComplexTensor; use fft")
    x = _real_tensor("rfft", x)
    axis, length = _place("rfft", x, n, axis)
    x = _resized(x, length, axis)
    real, imag = _called("rfft", (x,), axis, length, False, _scale(norm, length, False), plan)
    return ComplexTensor.of(real, imag)


def irfft(
    x: Any, n: int | None = None, axis: int = -1, norm: str | None = None, *, plan: SpiralKFftPlan | None = None
) -> Tensor:
    """The real signal of n entries (without ``n`` an even number) with this first half of a spectrum.

    x: n // 2 + 1 entries along the axis, cropped or filled with zeros. The imaginary parts of entry 0 and, for even
    n, of entry n / 2 do not count.
    """
    z = _complex_tensor("irfft", x)
    axis, stored = _place("irfft", z, None, axis)
    length = _length("irfft", 2 * (stored - 1) if n is None else n)
    parts = tuple(_resized(part, length // 2 + 1, axis) for part in (z.real, z.imag))
    # The kind says that it is an inverse; the flag would stay with its derivative, which is a forward transform.
    return _called("irfft", parts, axis, length, False, _scale(norm, length, True), plan)[0]


def fftn(
    x: Any, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None
) -> ComplexTensor:
    """`fft` along several axes, all of them unless ``axes`` or lengths ``s`` say otherwise."""
    return _along_axes("fftn", fft, x, s, axes, norm)


def ifftn(
    x: Any, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None
) -> ComplexTensor:
    """The inverse of `fftn`."""
    return _along_axes("ifftn", ifft, x, s, axes, norm)


def fft2(x: Any, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Any:
    """`fft` along two axes, the last two unless ``axes`` says otherwise."""
    return _along_axes("fft2", fft, x, s, axes, norm)


def ifft2(x: Any, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Any:
    """The inverse of `fft2`."""
    return _along_axes("ifft2", ifft, x, s, axes, norm)


def _along_axes(name: str, transform: Any, x: Any, s: Any, axes: Any, norm: Any) -> ComplexTensor:
    x = x if isinstance(x, (Tensor, ComplexTensor)) else ComplexTensor(x)
    if axes is None:
        axes = range(-len(s), 0) if s is not None else range(x.ndim)
    axes = tuple(axes)
    lengths = tuple(s) if s is not None else (None,) * len(axes)
    if len(lengths) != len(axes):
        raise ShapeError(f"{name} needs one length per axis, got lengths {lengths} for axes {axes}")
    if not axes:
        raise ShapeError(f"{name} needs at least one axis to transform along")
    for length, axis in reversed(list(zip(lengths, axes, strict=True))):
        x = transform(x, length, axis, norm)
    return x


# --- from tensors to the routine ----------------------------------------------------------------------------------


def _complex(
    name: str, x: Any, n: int | None, axis: int, norm: str | None, inverse: bool, plan: SpiralKFftPlan | None
) -> ComplexTensor:
    parts = (_real_tensor(name, x),) if _is_real(x) else _parts(_complex_tensor(name, x))
    axis, length = _place(name, parts[0], n, axis)
    parts = tuple(_resized(part, length, axis) for part in parts)
    kind = "complex" if len(parts) == 2 else "real"
    return ComplexTensor.of(*_called(kind, parts, axis, length, inverse, _scale(norm, length, inverse), plan))


def _called(
    kind: str,
    parts: tuple[Tensor, ...],
    axis: int,
    length: int,
    inverse: bool,
    scale: float,
    plan: SpiralKFftPlan | None,
) -> tuple[Tensor, ...]:
    plan = plan or plans().plan_for(parts[0].numel() // max(parts[0].shape[axis], 1), length)
    call = Transform(kind, length, axis, inverse, scale, plan.tuning() if plan is not None else None)
    return tuple(wrap(node, *parts) for node in ROUTINES["fft"](*map(use, parts), params=call))


def _is_real(x: Any) -> bool:
    return isinstance(x, Tensor) or getattr(getattr(x, "dtype", None), "kind", "") in ("b", "i", "u", "f")


def _real_tensor(name: str, x: Any) -> Tensor:
    if getattr(getattr(x, "dtype", None), "kind", "") == "c":
        raise DTypeError(f"{name} transforms real signals, got {x.dtype}; use fft")
    x = as_tensor(x)
    return x if x.dtype is float32 else x.to(float32)


def _complex_tensor(name: str, x: Any) -> ComplexTensor:
    return x if isinstance(x, ComplexTensor) else ComplexTensor(*parts_of(x))


def _parts(z: ComplexTensor) -> tuple[Tensor, Tensor]:
    return z.real, z.imag


def _place(name: str, x: Any, n: int | None, axis: int) -> tuple[int, int]:
    """The axis counted from the front, and how many points are transformed."""
    if not x.ndim:
        raise ShapeError(f"{name} needs at least one axis, got a scalar")
    axis = axis_index(name, axis, x.ndim)
    return axis, _length(name, x.shape[axis] if n is None else n)


def _length(name: str, n: Any) -> int:
    if isinstance(n, bool) or not isinstance(n, int):
        raise ArgumentError(f"{name}: the length n is an int, got {n!r}")
    if n < 1:
        raise ArgumentError(f"{name} transforms at least one point, got n = {n}")
    if padded_length(n) > LONGEST:
        raise ArgumentError(
            f"{name} transforms up to {LONGEST:,} points, or {LONGEST // 2:,} where n is no power of two; got n = {n:,}"
        )
    return n


def _resized(x: Tensor, length: int, axis: int) -> Tensor:
    """Cropped, or filled with zeros at the end."""
    have = x.shape[axis]
    if have > length:
        return narrow(x, axis, 0, length)
    if have < length:
        return pad(x, (0, 0) * (x.ndim - 1 - axis) + (0, length - have))
    return x


def _scale(norm: str | None, length: int, inverse: bool) -> float:
    norm = "backward" if norm is None else norm
    if norm not in NORMS:
        raise ArgumentError(f"norm is one of {', '.join(map(repr, NORMS))}, got {norm!r}")
    if norm == "ortho":
        return 1 / math.sqrt(length)
    return 1 / length if (norm == "backward") == inverse else 1.0
