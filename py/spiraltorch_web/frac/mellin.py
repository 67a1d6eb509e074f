"""The Mellin transform of signals that are sampled on a logarithmic grid."""

from __future__ import annotations

import math
from array import array
from typing import Any

from ..complex import ComplexTensor, as_complex
from ..errors import ArgumentError, ShapeError
from ..fft import fft, ifft
from ..tensor import Tensor, tensor
from ..tensor.operands import axis_index
from .orders import positive


def log_grid(start: float, step: float, count: int) -> Tensor:
    """The points start · e^(j·step), j < count, at which `mellin` expects samples."""
    first = math.log(positive("log_grid", "start", start))
    step = positive("log_grid", "step", step)
    if not isinstance(count, int) or count < 1:
        raise ArgumentError(f"log_grid needs at least one point, got {count!r}")
    try:
        return tensor(array("f", [math.exp(first + j * step) for j in range(count)]))
    except OverflowError as problem:
        raise ArgumentError(f"log_grid: the last point, e^{first + (count - 1) * step:g}, is too large") from problem


def mellin(x: Any, step: float, *, sigma: float = 0.5, start: float = 1.0, axis: int = -1) -> ComplexTensor:
    """M(s) = ∫ f(t)·t^(s−1) dt on the line s = σ + iω, from samples x[j] = f(start · e^(j·step)).

    Entry k is at ω = 2π · `st.fft.fftfreq` (n, step)[k]. In u = log t the integral is a Fourier integral of
    f(e^u)·e^(σu), here a trapezoidal sum: spectrally accurate where that is smooth and small at both ends of the grid.
    x: real or complex, any shape; gradients reach it.
    """
    x, axis, grid = _placed("mellin", x, step, start, axis)
    weighted = x * _along(x, axis, [step * value for value in grid.powers(sigma)])
    # The sign of Mellin's exponent is that of the inverse transform.
    return ifft(weighted, axis=axis, norm="forward") * _phases(x, axis, grid, 1.0)


def inverse_mellin(z: Any, step: float, *, sigma: float = 0.5, start: float = 1.0, axis: int = -1) -> ComplexTensor:
    """Undoes `mellin` with the same arguments."""
    z, axis, grid = _placed("inverse_mellin", z, step, start, axis)
    signal = fft(z * _phases(z, axis, grid, -1.0), axis=axis, norm="forward")
    return signal * _along(z, axis, [value / step for value in grid.powers(-sigma)])


class _Grid:
    """The points of a transform: logarithms ``first + j · step``."""

    def __init__(self, first: float, step: float, count: int) -> None:
        self.first, self.step, self.count = first, step, count

    def powers(self, sigma: float) -> list[float]:
        """t^σ at every point."""
        try:
            return [math.exp(sigma * (self.first + j * self.step)) for j in range(self.count)]
        except OverflowError as problem:
            raise ArgumentError(f"t^{sigma:g} is too large at the end of the grid; choose σ nearer to 0") from problem

    def omegas(self) -> list[float]:
        """ω of every entry of the transform."""
        half = (self.count + 1) // 2
        return [2 * math.pi * (k if k < half else k - self.count) / (self.count * self.step) for k in range(self.count)]


def _placed(name: str, x: Any, step: float, start: float, axis: int) -> tuple[ComplexTensor, int, _Grid]:
    z = as_complex(x)
    first = math.log(positive(name, "start", start))
    if not z.ndim:
        raise ShapeError(f"{name} needs at least one axis, got a scalar")
    axis = axis_index(name, axis, z.ndim)
    return z, axis, _Grid(first, positive(name, "step", step), z.shape[axis])


def _phases(z: ComplexTensor, axis: int, grid: _Grid, sign: float) -> ComplexTensor:
    """e^(±iω·log start), in double precision."""
    angles = [sign * omega * grid.first for omega in grid.omegas()]
    real, imag = [math.cos(angle) for angle in angles], [math.sin(angle) for angle in angles]
    return ComplexTensor.of(_along(z, axis, real), _along(z, axis, imag))


def _along(z: ComplexTensor, axis: int, values: list[float]) -> Tensor:
    """Numbers along one axis of z."""
    shape = [1] * z.ndim
    shape[axis] = len(values)
    return tensor(array("f", values)).reshape(shape)
