"""Reductions, running sums and orders against NumPy in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spiraltorch_web as st
from tests.parity.oracle import agrees, check_gradient, numbers

AXES = [None, 0, -1, (0, 2), (0, 1, 2)]


def _logsumexp(x, axis, keepdims):
    return np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))


REDUCTIONS = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "amax": np.max,
    "amin": np.min,
    "var": lambda x, axis, keepdims: np.var(x, axis=axis, keepdims=keepdims, ddof=1),
    "std": lambda x, axis, keepdims: np.std(x, axis=axis, keepdims=keepdims, ddof=1),
    "logsumexp": _logsumexp,
}


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_over_any_axes(device, name, axes):
    values = numbers(3, 4, 5, low=0.5, high=1.8)
    function = getattr(st, name)
    for keepdim in (False, True):
        wanted = REDUCTIONS[name](values.astype(np.float64), axis=axes, keepdims=keepdim)
        agrees(function(st.tensor(values), dim=axes, keepdim=keepdim), wanted)
        agrees(function(st.tensor(values), axis=axes, keepdim=keepdim), wanted)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_have_right_slopes(device, name):
    check_gradient(lambda x: getattr(st, name)(x, dim=(0, 2)), numbers(2, 3, 4, low=0.5, high=1.8))


def test_products_with_zeros_have_exact_gradients(device):
    x = st.tensor([[2.0, 0.0, 3.0], [0.0, 0.0, 5.0], [1.0, 2.0, 4.0]], requires_grad=True)
    x.prod(1).sum().backward()
    assert x.grad.tolist() == [[0, 6, 0], [0, 0, 0], [8, 4, 2]]
    check_gradient(lambda v: v.prod(1), np.array([[0.7, 0.0, 1.3]], np.float32))


def test_equal_maxima_share_or_not_as_in_pytorch(device):
    x = st.tensor([[1.0, 1.0, 0.0]], requires_grad=True)
    (x.amax(1) + 10 * x.max(1).values).sum().backward()
    assert x.grad.tolist() == [[10.5, 0.5, 0.0]]


@pytest.mark.parametrize("dim", [0, 1])
def test_positions_are_the_first_of_equals(device, dim):
    values = np.array([[3, 1, 3], [3, 0, 7], [2, 1, 7]], np.float32)
    assert st.argmax(st.tensor(values), dim).tolist() == values.argmax(dim).tolist()
    assert st.argmin(st.tensor(values), dim).tolist() == values.argmin(dim).tolist()
    assert st.tensor(values).argmax().item() == values.argmax()
    best = st.tensor(values).max(dim)
    assert best.values.tolist() == values.max(dim).tolist()
    assert best.indices.tolist() == values.argmax(dim).tolist()


def test_any_and_all(device):
    x = st.tensor([[True, False], [True, True]])
    assert x.all(1).tolist() == [False, True]
    assert x.any(0).tolist() == [True, True]
    assert st.zeros(0).all().item() is True
    assert st.zeros(0).any().item() is False


def test_counting_bools(device):
    assert st.tensor([True, False, True]).sum().item() == 2
    assert st.tensor([True, False, True]).mean().item() == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_is_stable(device, name):
    x = np.array([[1e4, 0.0, -1e4], [0.1, 0.2, 0.3]], np.float32)
    shifted = x.astype(np.float64) - x.max(1, keepdims=True)
    log = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    agrees(getattr(st, name)(st.tensor(x), 1), log if name == "log_softmax" else np.exp(log))
    check_gradient(lambda v: getattr(st, name)(v, 1), numbers(3, 5))


def test_logsumexp_of_infinities(device):
    x = st.tensor([[-math.inf, -math.inf], [math.inf, 0.0], [-math.inf, 1.0]])
    assert x.logsumexp(1).tolist() == [-math.inf, math.inf, pytest.approx(1.0)]


@pytest.mark.parametrize("p", [1, 2, 3, math.inf, -math.inf, 0])
def test_norms(device, p):
    values = numbers(3, 4)
    agrees(st.norm(st.tensor(values), p, 1), np.linalg.norm(values.astype(np.float64), p, axis=1))


def test_long_sums_keep_their_accuracy(device):
    values = numbers(100_000, low=0, high=1)
    agrees(st.tensor(values).sum(), values.sum(dtype=np.float64), rtol=3e-6)  # float32 with partial sums


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_running_sums_and_products(device, dim):
    values = numbers(3, 4, 5, low=0.5, high=1.5)
    agrees(st.cumsum(st.tensor(values), dim), np.cumsum(values.astype(np.float64), dim))
    agrees(st.cumprod(st.tensor(values), dim), np.cumprod(values.astype(np.float64), dim))


def test_running_sums_have_right_slopes(device):
    check_gradient(lambda x: st.cumsum(x, 1), numbers(2, 5))
    check_gradient(lambda x: st.cumprod(x, 1), numbers(2, 5, low=0.5, high=1.5))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dim", [0, 1])
def test_sorting_is_stable(device, dim, descending):
    values = np.random.default_rng(0).integers(0, 4, (6, 7)).astype(np.float32)
    order = np.argsort(-values if descending else values, axis=dim, kind="stable")
    got = st.sort(st.tensor(values), dim, descending)
    assert got.indices.tolist() == order.tolist()
    assert got.values.tolist() == np.take_along_axis(values, order, dim).tolist()


def test_sorted_values_have_gradients(device):
    check_gradient(lambda x: st.sort(x, 1).values, numbers(2, 6))
    check_gradient(lambda x: st.topk(x, 2, 1).values, numbers(2, 6))
