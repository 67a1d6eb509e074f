"""⟨A x, y⟩ = ⟨x, Aᵀ y⟩ for every linear operator of `st.fft` and `st.frac`: what flows back is the true adjoint."""

from __future__ import annotations

import numpy as np
import pytest

import spiraltorch_web as st
from tests.support.sessions import device  # noqa: F401  a fixture

RELATIVE = 2e-6  # of ‖A x‖·‖y‖: rounding of float32 through two transforms

# Each with the shape that it takes, for real input; complex ones take a last axis of length 2.
REAL = {
    "rfft": ((3, 30), lambda x: st.fft.rfft(x)),
    "rfft, padded": ((3, 30), lambda x: st.fft.rfft(x, 64, axis=-1)),
    "rfft, cut": ((3, 30), lambda x: st.fft.rfft(x, 11)),
    "fft of columns": ((17, 4), lambda x: st.fft.fft(x, axis=0, norm="ortho")),
    "fftshift": ((3, 9), lambda x: st.fft.fftshift(x)),
    "gl_diff": ((2, 90), lambda x: st.frac.gl_diff(x, 0.4, step=0.5)),
    "gl_diff, reflected": ((2, 20), lambda x: st.frac.gl_diff(x, -0.7, padding="reflect")),
    "fractional_laplacian": ((6, 10), lambda x: st.frac.fractional_laplacian(x, 1.3)),
    "frft": ((2, 21), lambda x: st.frac.frft(x, 0.6)),
    "mellin": ((2, 16), lambda x: st.frac.mellin(x, 0.1)),
    "as_strided": ((60,), lambda x: st.as_strided(x, (12, 10), (4, 1))),
}
COMPLEX = {
    "fft": ((3, 24), lambda z: st.fft.fft(z)),
    "fft by Bluestein": ((2, 37), lambda z: st.fft.fft(z)),
    "ifft": ((3, 24), lambda z: st.fft.ifft(z, norm="forward")),
    "fft2": ((4, 6, 8), lambda z: st.fft.fft2(z)),
    "ifft2": ((4, 6, 8), lambda z: st.fft.ifft2(z)),
    "irfft": ((3, 13), lambda z: st.fft.irfft(z, 24)),
    "irfft, odd": ((3, 13), lambda z: st.fft.irfft(z, 25)),
    "frft of complex": ((2, 20), lambda z: st.frac.frft(z, -1.2)),
}


def flat(z: st.Tensor | st.ComplexTensor) -> st.Tensor:
    if isinstance(z, st.ComplexTensor):
        return st.stack([z.real, z.imag], -1).reshape(-1)
    return z.reshape(-1)


def check(operator, shape: tuple[int, ...]) -> None:
    draw = np.random.default_rng(0)
    x = draw.standard_normal(shape).astype(np.float32)
    forward, pull = st.vjp(operator, st.tensor(x))
    y = draw.standard_normal(forward.shape).astype(np.float32)
    (backward,) = pull(st.tensor(y))
    image, back = (a.numpy().astype(float) for a in (forward, backward))
    scale = np.linalg.norm(image) * np.linalg.norm(y)
    assert scale > 0 and abs(image @ y - np.sum(x.astype(float) * back)) <= RELATIVE * scale


@pytest.mark.parametrize("name", REAL)
def test_of_real_signals(device, name):  # noqa: F811
    shape, operator = REAL[name]
    check(lambda x: flat(operator(x)), shape)


@pytest.mark.parametrize("name", COMPLEX)
def test_of_complex_signals(device, name):  # noqa: F811
    shape, operator = COMPLEX[name]
    check(lambda x: flat(operator(st.ComplexTensor(x[..., 0], x[..., 1]))), (*shape, 2))
