"""Transforms against NumPy in float64, on every device, and the laws that they obey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import spiraltorch_web as st
from spiraltorch_web.fft import (
    SpiralKFftPlan,
    fft,
    fft2,
    fftfreq,
    fftn,
    fftshift,
    ifft,
    ifft2,
    ifftn,
    ifftshift,
    irfft,
    rfft,
    rfftfreq,
)
from tests.parity.oracle import check_gradient, numbers
from tests.support.sessions import cpu_unless_asked, device  # noqa: F401  fixtures

QUICK = settings(max_examples=40, deadline=None)
# Relative error in L2. Measured: 1.4e-7 at 4096 points, 2e-7 for 1000 (a convolution of 2048), 4.5e-7 for 1048573.
ERROR = 5e-7


def signal(*shape: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng((seed, *shape))
    return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(np.complex64)


def agrees(found: object, wanted: np.ndarray, error: float = ERROR) -> None:
    """Assert the shape, and the distance relative to the size of what is wanted."""
    got = found.numpy().astype(complex)
    assert got.shape == wanted.shape
    assert np.linalg.norm(got - wanted) <= error * np.linalg.norm(wanted)


def check_all(x: np.ndarray, axis: int, norm: str | None = None, plan: SpiralKFftPlan | None = None) -> None:
    """Every transform of x, and of its real part, along an axis."""
    n, z, real = x.shape[axis], st.ComplexTensor(x), x.real.astype(np.float32)
    wide, options = x.astype(complex), {"axis": axis, "norm": norm}
    agrees(fft(z, plan=plan, **options), np.fft.fft(wide, **options))
    agrees(ifft(z, plan=plan, **options), np.fft.ifft(wide, **options))
    agrees(fft(st.tensor(real), plan=plan, **options), np.fft.fft(real.astype(float), **options))
    agrees(rfft(st.tensor(real), plan=plan, **options), np.fft.rfft(real.astype(float), **options))
    half = np.take(wide, range(n // 2 + 1), axis)
    agrees(irfft(st.ComplexTensor(half), n, plan=plan, **options), np.fft.irfft(half, n, **options))


# One launch, two and three; Bluestein in one launch and in many.
@pytest.mark.parametrize("shape", [(3, 1), (3, 2), (2, 3), (5, 64), (2, 4096), (1, 1 << 13), (1, 500)], ids=str)
def test_rows_equal_numpy(device, shape):  # noqa: F811
    check_all(signal(*shape), -1)


@pytest.mark.parametrize(("shape", "axis"), [((2, 32, 3), 1), ((128, 2), 0), ((12, 5), 0)], ids=str)
def test_columns_equal_numpy(device, shape, axis):  # noqa: F811
    check_all(signal(*shape), axis, "ortho")


@pytest.mark.parametrize("shape", [(9, 32), (3, 512), (2, 4096), (1, 1 << 14), (2, 300)], ids=str)
def test_rows_through_workgroup_memory(as_gpu, shape):
    check_all(signal(*shape), -1)


@pytest.mark.parametrize(("shape", "axis"), [((2, 256, 5), 1), ((1 << 14, 3), 0)], ids=str)
def test_columns_through_workgroup_memory(as_gpu, shape, axis):
    check_all(signal(*shape), axis)


@pytest.mark.parametrize(
    "plan", [(2, 32, 4), (4, 64, 2), (8, 256, 1), (16, 32, 8)], ids=lambda plan: "-".join(map(str, plan))
)
def test_every_plan_gives_the_same_spectrum(as_gpu, plan):
    check_all(signal(3, 256), -1, plan=SpiralKFftPlan(*plan))


def test_a_million_points(device):  # noqa: F811
    x = signal(1 << 20)
    agrees(fft(st.ComplexTensor(x)), np.fft.fft(x.astype(complex)), 3e-7)


def test_bluestein_keeps_its_digits(device):  # noqa: F811
    # A chirp of j²/n instead of the integer j² mod 2n has lost all digits at this length.
    x = signal(300_007)
    agrees(fft(st.ComplexTensor(x)), np.fft.fft(x.astype(complex)))


@QUICK
@given(some.data())
def test_any_length_axis_and_batch(data):
    shape = data.draw(some.lists(some.integers(1, 12), min_size=1, max_size=3).map(tuple))
    axis = data.draw(some.integers(-len(shape), len(shape) - 1))
    n = data.draw(some.none() | some.integers(1, 20))
    norm = data.draw(some.sampled_from([None, "backward", "ortho", "forward"]))
    x, options = signal(*shape), {"n": n, "axis": axis, "norm": norm}
    z, wide = st.ComplexTensor(x), x.astype(complex)
    agrees(fft(z, **options), np.fft.fft(wide, **options))
    agrees(ifft(z, **options), np.fft.ifft(wide, **options))
    agrees(rfft(st.tensor(x.real.copy()), **options), np.fft.rfft(x.real.astype(float), **options))
    if n is not None or x.shape[axis] > 1:
        agrees(irfft(z, **options), np.fft.irfft(wide, **options))


@QUICK
@given(some.integers(1, 40), some.integers(0, 50))
def test_laws(n, seed):
    x, y, shift = signal(n, seed=seed), signal(n, seed=seed + 1), seed % n
    a, b = st.ComplexTensor(x), st.ComplexTensor(y)
    # Parseval
    np.testing.assert_allclose((fft(a).abs() ** 2).sum().item(), n * (np.abs(x) ** 2).sum(), rtol=1e-5)
    # A shift is a rotation of the spectrum.
    turned = np.fft.fft(x.astype(complex)) * np.exp(-2j * np.pi * shift * np.arange(n) / n)
    agrees(fft(a.roll(shift, 0)), turned, 1e-6)
    # A circular convolution is a product of spectra.
    convolved = np.array([sum(x[j] * y[(k - j) % n] for j in range(n)) for k in range(n)], complex)
    agrees(ifft(fft(a) * fft(b)), convolved, 2e-6)
    # Adjoint: ⟨F x, y⟩ = ⟨x, F* y⟩ with F* = n · inverse.
    left = np.vdot(fft(a).numpy().astype(complex), y.astype(complex))
    right = np.vdot(x.astype(complex), ifft(b, norm="forward").numpy().astype(complex))
    assert abs(left - right) <= 2e-6 * np.linalg.norm(x) * np.linalg.norm(y) * np.sqrt(n)
    agrees(ifft(fft(a)), x.astype(complex), 1e-6)


def _flat(z: object) -> st.Tensor:
    return st.cat([z.real, z.imag]) if isinstance(z, st.ComplexTensor) else z


@pytest.mark.parametrize("norm", [None, "ortho"])
@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_gradients(n, norm):
    x, y = numbers(2, n), numbers(2, n, seed=1)
    half = n // 2 + 1
    check_gradient(lambda a, b: _flat(fft(st.ComplexTensor(a, b), norm=norm)), x, y)
    check_gradient(lambda a, b: _flat(ifft(st.ComplexTensor(a, b), axis=0, norm=norm)), x, y)
    check_gradient(lambda a, b: ifft(st.ComplexTensor(a, b), norm=norm).imag, x, y)
    check_gradient(lambda a: _flat(fft(a, norm=norm)), x)
    check_gradient(lambda a: _flat(rfft(a, norm=norm)), x)
    check_gradient(lambda a: rfft(a, n + 2, norm=norm).imag, x)
    check_gradient(lambda a, b: irfft(st.ComplexTensor(a, b), n, norm=norm), numbers(2, half), numbers(2, half, seed=1))


def test_a_gradient_of_both_parts_is_one_transform(device):  # noqa: F811
    x = signal(4, 16)

    @st.compile
    def slopes(z):
        return st.grad(lambda re, im: (fft(st.ComplexTensor(re, im)).abs() ** 2).sum(), (0, 1))(z.real, z.imag)

    re, im = slopes(st.ComplexTensor(x))
    agrees(st.ComplexTensor(re, im), 2 * 16 * x.astype(complex), 1e-6)
    if device.lowering == "wgsl":
        text = str(slopes.programs()[0])
        assert text.count("fft: fft_pass") == 2, text  # one there and one back, though both parts have a slope


def test_several_axes(device):  # noqa: F811
    x = signal(3, 4, 6)
    z, wide = st.ComplexTensor(x), x.astype(complex)
    agrees(fft2(z), np.fft.fft2(wide))
    agrees(ifft2(z, (2, 8), (0, 2)), np.fft.ifft2(wide, (2, 8), (0, 2)))
    agrees(fftn(st.tensor(x.real.copy()), norm="ortho"), np.fft.fftn(x.real.astype(float), norm="ortho"))
    agrees(ifftn(fftn(z)), wide)


@pytest.mark.parametrize("n", [1, 2, 7, 8])
def test_frequencies_and_shifts(n):
    np.testing.assert_allclose(fftfreq(n, 0.1).numpy(), np.fft.fftfreq(n, 0.1), rtol=1e-6)
    np.testing.assert_allclose(rfftfreq(n, 2.0).numpy(), np.fft.rfftfreq(n, 2.0), rtol=1e-6)
    x = signal(n, 3)
    np.testing.assert_array_equal(fftshift(st.ComplexTensor(x)).numpy(), np.fft.fftshift(x))
    np.testing.assert_array_equal(ifftshift(st.tensor(x.real.copy()), 0).numpy(), np.fft.ifftshift(x.real, 0))


def test_takes_what_numpy_takes():
    agrees(fft([1, 2j, 3]), np.fft.fft([1, 2j, 3]))
    agrees(fft(np.array([True, False, True])), np.fft.fft([1, 0, 1]))
    agrees(rfft(range(5)), np.fft.rfft(np.arange(5.0)))
    assert fft(st.zeros(0, 4)).shape == (0, 4)


def test_nan_spreads_over_its_row_and_no_further(device):  # noqa: F811
    x = np.ones((2, 20), np.float32)
    x[1, 3] = np.nan
    found = fft(st.tensor(x)).numpy()
    assert np.isnan(found[1]).all() and not np.isnan(found[0]).any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fft(st.zeros(3, 0)), st.ArgumentError, "at least one point, got n = 0"),
        (lambda: fft(st.ones(3), n=-1), st.ArgumentError, "got n = -1"),
        (lambda: fft(st.ones(3), n=2.0), st.ArgumentError, "the length n is an int"),
        (lambda: fft(st.tensor(1.0)), st.ShapeError, "at least one axis"),
        (lambda: fft(st.ones(3), axis=1), st.ShapeError, "axis 1 does not exist"),
        (lambda: fft(st.ones(3), norm="unitary"), st.ArgumentError, "'backward', 'ortho', 'forward'"),
        (lambda: fft(st.ones(1), n=(1 << 24) + 1), st.ArgumentError, "up to 16,777,216 points"),
        (lambda: rfft(st.ComplexTensor([1j])), st.DTypeError, "rfft transforms real signals"),
        (lambda: rfft(np.array([1j])), st.DTypeError, "rfft transforms real signals"),
        (lambda: irfft(st.ones(1)), st.ArgumentError, "got n = 0"),
        (lambda: fft("text"), st.DTypeError, "made of numbers"),
        (lambda: fft2(st.ones(3)), st.ShapeError, "axis"),
        (lambda: fftn(st.ones(3, 3), s=(2,), axes=(0, 1)), st.ShapeError, "one length per axis"),
        (lambda: fftfreq(0), st.ArgumentError, "at least 1"),
        (lambda: rfftfreq(4, 0), st.ArgumentError, "not 0"),
        (lambda: SpiralKFftPlan(3, 1024, 1), st.ArgumentError, "radix is one of 2, 4, 8, 16; got 3"),
    ],
)
def test_what_cannot_be_transformed_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
