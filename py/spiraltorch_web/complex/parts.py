"""Real and imaginary parts of whatever stands for complex numbers."""

from __future__ import annotations

from typing import Any

from ..dtypes import float32
from ..errors import DTypeError
from ..tensor import Tensor, clamp, isinf, maximum, sqrt, stack, tensor, where, zeros_like

_SMALLEST = 1e-30  # scales are rounded up to it: float32 has no reciprocal of much less


def parts_of(data: Any) -> tuple[Any, Any]:
    """Real and imaginary parts of numbers, nested sequences, NumPy arrays or tensors."""
    if isinstance(data, Tensor):
        return data, zeros_like(float_part(data))
    if hasattr(data, "__array__") and not hasattr(data, "real"):
        data = data.__array__()
    if hasattr(data, "real") and hasattr(data, "imag"):
        if hasattr(data, "dtype") and data.dtype.kind not in "biufc":
            raise DTypeError(f"an array of dtype {data.dtype} has no counterpart; convert it to complex64 first")
        return data.real, data.imag
    if isinstance(data, (list, tuple, range)):
        pairs = [parts_of(item) for item in data]
        if any(isinstance(part, Tensor) for pair in pairs for part in pair):
            return tuple(stack([float_part(pair[place]) for pair in pairs]) for place in (0, 1))
        return [real for real, _ in pairs], [imag for _, imag in pairs]
    raise DTypeError(f"a complex tensor is made of numbers, sequences, arrays and tensors, not {type(data).__name__}")


def float_part(part: Any) -> Tensor:
    """A part as a float32 tensor."""
    if not isinstance(part, Tensor):
        return tensor(part, float32)
    return part if part.dtype is float32 else part.to(float32)


def absolute(real: Tensor, imag: Tensor) -> Tensor:
    """|z|, without overflow in between; its slope at 0 is 0."""
    largest = maximum(real.abs(), imag.abs()).detach()
    scale = clamp(largest, min=_SMALLEST)
    squares = (real / scale).square() + (imag / scale).square()
    apart = squares != 0
    size = where(apart, scale * sqrt(where(apart, squares, 1.0)), 0.0)
    return where(isinf(largest), largest, size)


def inverse(real: Tensor, imag: Tensor) -> tuple[Tensor, Tensor]:
    """The parts of 1 / z, scaled so that |z|² neither overflows nor vanishes."""
    scale = clamp(maximum(real.abs(), imag.abs()).detach(), min=_SMALLEST)
    a, b = real / scale, imag / scale
    size = (a.square() + b.square()) * scale
    return a / size, -b / size
