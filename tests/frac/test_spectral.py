"""The fractional Laplacian, the fractional Fourier transform and the Mellin transform against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import spiraltorch_web as st
from spiraltorch_web.frac import fractional_laplacian, frft, inverse_mellin, log_grid, mellin
from tests.parity.oracle import check_gradient, numbers
from tests.support.sessions import cpu_unless_asked, device  # noqa: F401  fixtures

ADDITIVE = 1e-5  # relative in L2


def signal(*shape: int, seed: int = 0) -> np.ndarray:
    real, imag = numbers(2, *shape, seed=seed)
    return (real + 1j * imag).astype(np.complex64)


def near(found: object, wanted: np.ndarray, error: float = ADDITIVE) -> None:
    got = found.numpy().astype(complex)
    assert got.shape == wanted.shape
    assert np.linalg.norm(got - wanted) <= error * np.linalg.norm(wanted)


# --- fractional Laplacian -----------------------------------------------------------------------------------------


def laplacian(x: np.ndarray, alpha: float, axes: tuple[int, ...], spacing: float) -> np.ndarray:
    squares = np.zeros([1] * x.ndim)
    for axis in axes:
        shape = [1] * x.ndim
        shape[axis] = -1
        squares = squares + (2 * np.pi * np.fft.fftfreq(x.shape[axis], spacing)).reshape(shape) ** 2
    return np.fft.ifftn(np.fft.fftn(x.astype(float), axes=axes) * squares ** (alpha / 2), axes=axes).real


@pytest.mark.parametrize(("shape", "axes"), [((16,), (0,)), ((3, 12), (1,)), ((8, 5, 6), (0, 2))], ids=str)
@pytest.mark.parametrize("alpha", [0, 0.7, 2])
def test_laplacian_equals_numpy(device, shape, axes, alpha):  # noqa: F811
    x = numbers(*shape)
    near(fractional_laplacian(st.tensor(x), alpha, axes, spacing=0.5), laplacian(x, alpha, axes, 0.5), 2e-6)
    near(fractional_laplacian(st.tensor(x), st.tensor(float(alpha)), axes, spacing=0.5), laplacian(x, alpha, axes, 0.5))


def test_laplacian_of_a_wave_has_the_factor_of_its_frequency():
    n, length, waves = 64, 3.0, 5
    t = np.arange(n) * length / n
    wave = np.sin(2 * np.pi * waves * t / length)
    found = fractional_laplacian(st.tensor(wave.astype(np.float32)), 1.3, spacing=length / n)
    near(found, (2 * np.pi * waves / length) ** 1.3 * wave, 3e-6)


def test_gradients_of_the_laplacian_in_x_and_alpha():
    alpha = np.array(0.8, np.float32)
    check_gradient(lambda t, a: fractional_laplacian(t, a, spacing=2.0), numbers(9), alpha)
    check_gradient(lambda t, a: fractional_laplacian(t, a, (0, 1), spacing=(2.0, 1.5)), numbers(4, 5), alpha)


# --- fractional Fourier transform ---------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(some.integers(1, 40), some.floats(-3, 3), some.floats(-3, 3), some.booleans())
def test_orders_of_frft_add_up(n, a, b, as_tensors):
    z = st.ComplexTensor(signal(n))
    first, second = (st.tensor(a), st.tensor(b)) if as_tensors else (a, b)
    near(frft(frft(z, first), second), frft(z, a + b).numpy())
    near(frft(z, a), frft(z, a + 4).numpy())
    assert abs(np.linalg.norm(frft(z, a).numpy()) / np.linalg.norm(z.numpy()) - 1) < ADDITIVE


@pytest.mark.parametrize("n", [5, 64])
def test_whole_orders_of_frft(device, n):  # noqa: F811
    x = signal(3, n)
    z, wide = st.ComplexTensor(x), x.astype(complex)
    spectrum = np.fft.fft(wide, norm="ortho")
    near(frft(z, 0), wide)
    near(frft(z, 1), spectrum)
    near(frft(z, st.tensor(1.0)), spectrum)
    near(frft(z, -1), np.fft.ifft(wide, norm="ortho"))
    near(frft(z, 2), np.roll(wide[:, ::-1], 1, 1))
    near(frft(st.tensor(x.real.copy()).T, 1, axis=0), np.fft.fft(x.real.astype(float), norm="ortho").T)


def test_orders_of_frft_add_up_at_the_longest():
    x = signal(1024)
    once = frft(st.ComplexTensor(x), 0.83)
    near(frft(once, 0.17), np.fft.fft(x.astype(complex), norm="ortho"))
    near(frft(once, -0.83), x.astype(complex))


def test_gradients_of_frft_in_x_and_a():
    def flat(x, y, a):
        z = frft(st.ComplexTensor(x, y), a)
        return st.cat([z.real, z.imag])

    check_gradient(flat, numbers(5), numbers(5, seed=1), np.array(0.4, np.float32))


# --- Mellin -------------------------------------------------------------------------------------------------------


def test_mellin_of_a_decay_is_the_gamma_function(device):  # noqa: F811
    # |Γ(1/2 + iω)|² = π / cosh πω. From e^−25 to e^7 the integrand vanishes at both ends.
    count, step = 1024, 32 / 1024
    start = math.exp(-25)
    found = mellin((-log_grid(start, step, count)).exp(), step, start=start)
    omega = 2 * np.pi * np.fft.fftfreq(count, step)
    some_of_them = np.abs(omega) < 3
    wanted = np.sqrt(np.pi / np.cosh(np.pi * omega[some_of_them]))
    # The integral's tail below e^−25 is 2·e^−12.5 = 7e-6.
    np.testing.assert_allclose(abs(found).numpy()[some_of_them], wanted, atol=2e-5)
    assert found[0].item() == pytest.approx(math.sqrt(math.pi), abs=2e-5)


def test_mellin_of_a_stretched_signal_is_turned():
    # f(t/a) has the transform a^s · M(s).
    count, step, shift = 256, 0.1, 20
    start = math.exp(-12.8)
    t = log_grid(start, step, count).numpy().astype(float)
    a = math.exp(step * shift)

    def bump(t):
        return np.exp(-(np.log(t) ** 2))

    found = mellin(st.tensor(bump(t / a).astype(np.float32)), step, sigma=0.3, start=start)
    plain = mellin(st.tensor(bump(t).astype(np.float32)), step, sigma=0.3, start=start).numpy()
    s = 0.3 + 2j * np.pi * np.fft.fftfreq(count, step)
    near(found, plain * a**s)


def test_mellin_and_back_along_any_axis(device):  # noqa: F811
    x = signal(2, 12, 3)
    options = {"sigma": 0.7, "start": 0.3, "axis": 1}
    near(inverse_mellin(mellin(st.ComplexTensor(x), 0.2, **options), 0.2, **options), x.astype(complex))


def test_gradients_of_mellin():
    def flat(x, y):
        z = mellin(st.ComplexTensor(x, y), 0.3, start=0.5)
        return st.cat([z.real, z.imag])

    check_gradient(flat, numbers(6), numbers(6, seed=1))


def test_the_package_is_also_the_function_of_its_name():
    assert st.frac(st.tensor([1.5, -2.25])).tolist() == [0.5, -0.25] == st.tensor([1.5, -2.25]).frac().tolist()


def test_compiled(device):  # noqa: F811
    @st.compile
    def step(x, a):
        return frft(x, a).real + fractional_laplacian(x, a) + mellin(x, 0.1).imag + st.frac.gl_diff(x, a)

    x, a = st.tensor(numbers(24)), st.tensor(0.6)
    once = step(x, a).numpy()
    wanted = frft(x, a).real + fractional_laplacian(x, a) + mellin(x, 0.1).imag + st.frac.gl_diff(x, a)
    np.testing.assert_allclose(once, wanted.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("operator", "order", "message"),
    [
        (fractional_laplacian, -3.0, "fractional_laplacian: the order has to be finite and at least 0, got -3"),
        (fractional_laplacian, math.nan, "got nan"),
        (frft, math.nan, "frft: the order has to be finite, got nan"),
        (frft, -math.inf, "got inf"),
        (st.frac.gl_diff, math.nan, "gl_diff: the order has to be finite, got nan"),
    ],
)
def test_an_order_on_the_device_is_watched(device, operator, order, message):  # noqa: F811
    """Also in a compiled step, whose order may leave the domain while it is learnt: the next read tells."""
    step = st.compile(lambda x, a: abs(operator(x, a)).sum())
    good, bad = st.tensor(1.5), st.tensor(order)
    step(st.ones(8), good).item()
    step(st.ones(8), bad)
    with pytest.raises(st.ArgumentError, match=message):
        step(st.ones(8), good).item()
    assert math.isfinite(step(st.ones(8), good).item())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fractional_laplacian(st.ones(4), -0.5), "finite and at least 0, got -0.5"),
        (lambda: fractional_laplacian(st.ones(4), math.inf), "got inf"),
        (lambda: fractional_laplacian(st.ones(4), 1.0, spacing=-1), "spacing has to be a positive number"),
        (lambda: fractional_laplacian(st.ones(4, 4), 1.0, spacing=(1.0,)), "2 axes need one spacing or 2, got 1"),
        (lambda: fractional_laplacian(st.zeros(0), 1.0), "at least one entry"),
        (lambda: frft(st.ones(1025), 0.5), "1 to 1,024 entries along an axis, got 1,025"),
        (lambda: frft(st.tensor(1.0), 0.5), "at least one axis"),
        (lambda: frft(st.ones(4), math.nan), "has to be finite"),
        (lambda: mellin(st.ones(4), 0), "step has to be a positive number"),
        (lambda: mellin(st.ones(4), 1.0, start=-1), "start has to be a positive number"),
        (lambda: mellin(st.ones(4), 1e4), "too large at the end of the grid"),
        (lambda: log_grid(1.0, 1.0, 0), "at least one point"),
        (lambda: log_grid(1.0, 1e3, 10), "too large"),
    ],
)
def test_what_does_not_exist_is_refused(call, message):
    with pytest.raises(st.ArgumentError, match=message):
        call()
