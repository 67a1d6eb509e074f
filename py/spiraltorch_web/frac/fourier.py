"""The discrete fractional Fourier transform."""

from __future__ import annotations

import math
from array import array
from typing import Any

from ..complex import ComplexTensor, as_complex, polar
from ..errors import ArgumentError, ShapeError
from ..tensor import Tensor, floor, matmul, ones_like, tensor
from ..tensor.operands import axis_index
from .eigenvectors import hermite_vectors
from .orders import Order, order_of

LONGEST = 1024
FRACTION = 4096.0  # products of an index and a multiple of 1/4096 below 4 are exact in float32


def frft(x: Any, a: Any, axis: int = -1) -> ComplexTensor:
    """The Fourier transform to the power ``a`` along an axis: a = 1 is `st.fft.fft` with ``norm="ortho"``.

    x: real or complex, any shape, up to 1,024 entries along the axis. Orders add up: frft(frft(x, a), b) = frft(x,
    a + b), a = 4 is the identity, and every power is unitary, all to 1e-5. With the eigenvectors of Candan, Kutay and
    Ozaktas (2000), whose eigenvalues are e^(−iπka/2) for the index k. ``a`` may be a tensor with one entry; gradients
    reach it and x. The first call for a length computes its eigenvectors (about a second for 1,024 natively).
    """
    a = order_of("frft", a)
    z = as_complex(x)
    if not z.ndim:
        raise ShapeError("frft needs at least one axis, got a scalar")
    axis = axis_index("frft", axis, z.ndim)
    n = z.shape[axis]
    if not 1 <= n <= LONGEST:
        raise ArgumentError(f"frft transforms 1 to {LONGEST:,} entries along an axis, got {n:,}")
    entries, indices = hermite_vectors(n)
    vectors = tensor(array("f", entries)).reshape(n, n)
    moved = z.movedim(axis, -1)
    parts = _product(moved, vectors) * _powers(indices, a)
    return _product(parts, vectors.T).movedim(-1, axis)


def _product(z: ComplexTensor, matrix: Tensor) -> ComplexTensor:
    return ComplexTensor.of(matmul(z.real, matrix), matmul(z.imag, matrix))


def _powers(indices: tuple[int, ...], a: Order) -> ComplexTensor:
    """e^(−iπka/2) for every index k; quarter turns are taken off before anything is rounded."""
    if isinstance(a, float):
        angles = [-math.pi / 2 * math.fmod(k * math.fmod(a, 4.0), 4.0) for k in indices]
        parts = ([math.cos(angle) for angle in angles], [math.sin(angle) for angle in angles])
        return ComplexTensor.of(*(tensor(array("f", part)) for part in parts))
    k = tensor(array("f", indices))
    reduced = a - 4 * floor(a.detach() / 4)
    coarse = floor(reduced.detach() * FRACTION) / FRACTION
    turns = k * coarse
    quarters = turns - 4 * floor(turns / 4) + k * (reduced - coarse)
    return polar(ones_like(k), quarters * (-math.pi / 2))
