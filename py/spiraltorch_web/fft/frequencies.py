"""Frequencies of the entries of a spectrum, and spectra with their zero frequency in the middle."""

from __future__ import annotations

from typing import Any

from ..complex import ComplexTensor
from ..errors import ArgumentError
from ..tensor import Tensor, arange, as_tensor, roll
from ..tensor.operands import axes_of


def fftfreq(n: int, d: float = 1.0) -> Tensor:
    """Frequencies of `fft`, in cycles per unit of the sample spacing ``d``: 0 … ⌈n/2⌉ − 1, −⌊n/2⌋ … −1 over n·d."""
    _check("fftfreq", n, d)
    return (((arange(n) + n // 2) % n) - n // 2) / (n * d)


def rfftfreq(n: int, d: float = 1.0) -> Tensor:
    """Frequencies of `rfft`, in cycles per unit of the sample spacing ``d``: 0 … ⌊n/2⌋ over n·d."""
    _check("rfftfreq", n, d)
    return arange(n // 2 + 1) / (n * d)


def _check(name: str, n: Any, d: float) -> None:
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise ArgumentError(f"{name} needs a length of at least 1, got {n!r}")
    if d == 0:
        raise ArgumentError(f"{name} needs a sample spacing d that is not 0")


def fftshift(x: Any, axes: Any = None) -> Any:
    """The zero frequency moved to the middle, along all axes or those given; real or complex."""
    return _shifted("fftshift", x, axes, lambda length: length // 2)


def ifftshift(x: Any, axes: Any = None) -> Any:
    """Undoes `fftshift`."""
    return _shifted("ifftshift", x, axes, lambda length: -(length // 2))


def _shifted(name: str, x: Any, axes: Any, distance: Any) -> Any:
    x = x if isinstance(x, ComplexTensor) else as_tensor(x)
    along = axes_of(name, axes, x.ndim)
    shifts = tuple(distance(x.shape[axis]) for axis in along)
    return x.roll(shifts, along) if isinstance(x, ComplexTensor) else roll(x, shifts, along)
