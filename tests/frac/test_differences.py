"""Grünwald–Letnikov differences: binomial sums in float64, laws of orders, derivatives and the true adjoint."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import spiraltorch_web as st
from spiraltorch_web.frac import gl_diff, gl_weights
from tests.parity.oracle import check_gradient, numbers
from tests.support.sessions import cpu_unless_asked, device  # noqa: F401  fixtures


def weights(alpha: float, count: int) -> np.ndarray:
    found = [1.0]
    for k in range(1, count):
        found.append(found[-1] * (k - 1 - alpha) / k)
    return np.array(found)


def reference(x: np.ndarray, alpha: float, step: float = 1.0, padding: str = "zero") -> np.ndarray:
    """The sum, along the last axis."""
    n = x.shape[-1]
    w, wide = weights(alpha, n), np.moveaxis(x.astype(float), -1, 0)
    result = np.zeros_like(wide)
    for i in range(n):
        for k in range(n):
            if i >= k or padding == "reflect":
                result[i] += w[k] * wide[abs(i - k)]
    return np.moveaxis(result, 0, -1) / step**alpha


def agrees(found: st.Tensor, wanted: np.ndarray, alpha: float, n: int) -> None:
    """Within 1e-6 of the largest sum of absolute terms (|x| ≤ 2): float32 transforms err by 2e-7 of their size."""
    np.testing.assert_allclose(found.numpy(), wanted, rtol=0, atol=1e-6 * 2 * np.abs(weights(alpha, n)).sum())


@settings(max_examples=40, deadline=None)
@given(
    some.integers(1, 90),
    some.floats(-1.5, 3.0) | some.sampled_from([0, 1, 2, -1]),
    some.sampled_from(["zero", "reflect"]),
    some.booleans(),
)
def test_equals_the_sum(n, alpha, padding, as_tensor):
    x = numbers(2, n)
    found = gl_diff(st.tensor(x), st.tensor(float(alpha)) if as_tensor else alpha, padding=padding)
    agrees(found, reference(x, alpha, padding=padding), alpha, n)


@pytest.mark.parametrize("n", [20, 300])
def test_on_every_device_along_any_axis(device, n):  # noqa: F811
    x = numbers(n, 3)
    found = gl_diff(st.tensor(x), 0.7, 0, step=0.5, padding="reflect")
    agrees(found, reference(x.T, 0.7, 0.5, "reflect").T, 0.7, n)
    alpha = st.tensor(-0.4)
    agrees(gl_diff(st.tensor(x), alpha, 0), reference(x.T, -0.4).T, -0.4, n)


def test_whole_orders_are_differences_and_sums():
    x = numbers(100)
    np.testing.assert_array_equal(gl_diff(st.tensor(x), 1).numpy(), np.diff(x, prepend=np.float32(0)))
    np.testing.assert_array_equal(gl_diff(st.tensor(x), 0).numpy(), x)
    np.testing.assert_allclose(gl_diff(st.tensor(x), -1).numpy(), np.cumsum(x.astype(float)), atol=5e-5)


def test_orders_add_up():
    x = st.tensor(numbers(128))
    twice = gl_diff(gl_diff(x, 0.4), 0.5)
    np.testing.assert_allclose(twice.numpy(), gl_diff(x, 0.9).numpy(), atol=1e-5)


def test_derivative_of_a_power():
    # D^α t² = 2/Γ(3 − α) · t^(2 − α), and the difference is of first order in the step.
    step, alpha = 1e-3, 0.5
    t = np.arange(1000) * step
    found = gl_diff(st.tensor((t**2).astype(np.float32)), alpha, step=step).numpy()
    np.testing.assert_allclose(found, 2 / math.gamma(3 - alpha) * t ** (2 - alpha), atol=2e-3)


@pytest.mark.parametrize("padding", ["zero", "reflect"])
@pytest.mark.parametrize("n", [6, 70])
def test_gradients_in_x_and_alpha(n, padding):
    x, alpha = numbers(2, n), np.array(0.6, np.float32)
    check_gradient(lambda t, a: gl_diff(t, a, step=0.5, padding=padding), x, alpha)


def test_slope_in_alpha_where_weights_vanish():
    # At α = 1 all weights from the third on are 0, but not their slopes.
    check_gradient(lambda a: gl_weights(a, 6), np.array(1.0, np.float32))


def test_adjoint():
    x, y = numbers(90), numbers(90, seed=1)
    for padding in ("zero", "reflect"):
        forward = gl_diff(st.tensor(x), 0.3, padding=padding).numpy().astype(float)
        _, pull = st.vjp(lambda t, padding=padding: gl_diff(t, 0.3, padding=padding), st.tensor(x))
        (backward,) = pull(st.tensor(y))
        assert abs(forward @ y - x.astype(float) @ backward.numpy()) < 1e-4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gl_diff(st.ones(3), math.nan), "has to be finite, got nan"),
        (lambda: gl_diff(st.ones(300), 1e9), "weights of order 1e\\+09 are too large for float32"),
        (lambda: gl_diff(st.ones(3), "half"), "a number or a tensor with one entry"),
        (lambda: gl_diff(st.ones(3), st.ones(2)), "an order is one float"),
        (lambda: gl_diff(st.ones(3), 0.5, padding="wrap"), "'zero', 'reflect'"),
        (lambda: gl_diff(st.ones(3), 0.5, step=0), "step has to be a positive number"),
        (lambda: gl_diff(st.tensor(1.0), 0.5), "at least one entry along an axis"),
        (lambda: gl_diff(st.zeros(2, 0), 0.5), "at least one entry along an axis"),
        (lambda: gl_diff(st.ones(3), 0.5, 1), "axis 1 does not exist"),
    ],
)
def test_what_has_no_derivative_is_refused(call, message):
    with pytest.raises(st.ArgumentError, match=message):
        call()
