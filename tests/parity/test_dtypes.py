"""Storage types, empty tensors and many small things at once, on every device."""

from __future__ import annotations

import numpy as np
import pytest

import spiraltorch_web as st


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_half_precision_is_stored_and_read_back(device, count):
    values = np.linspace(-2, 2, count).astype(np.float16)
    x = st.tensor(values)
    assert x.dtype is st.float16
    assert x.tolist() == values.tolist()
    assert (x * 2 + 1).tolist() == (values * 2 + 1).tolist()
    assert (x.float() * 0.5).tolist() == (values.astype(np.float32) * 0.5).tolist()


def test_half_precision_is_computed_in_full(device):
    x = st.full((3,), 300.0, dtype=st.float16)
    assert ((x * x) / 300).tolist() == [300.0] * 3  # 90,000 would overflow in half


def test_sums_of_half_precision(device):
    x = st.tensor(np.full((3, 5), 0.1, np.float16), requires_grad=True)
    total = x.sum(1)
    assert total.dtype is st.float16
    np.testing.assert_allclose(total.numpy(), np.full(3, 0.5), rtol=2e-3)
    (x * x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.full((3, 5), 0.2), rtol=2e-3)


def test_unsigned_integers_use_all_bits(device):
    x = st.tensor([2**32 - 1, 2**31, 5], dtype=st.uint32)
    assert (x >> 1).tolist() == [2**31 - 1, 2**30, 2]
    assert (x // 3).tolist() == [(2**32 - 1) // 3, 2**31 // 3, 1]
    assert (x > 7).tolist() == [True, True, False]
    assert (x + 1).tolist() == [0, 2**31 + 1, 6]
    assert x.max().item() == 2**32 - 1


def test_integers_sum_and_multiply_exactly(device):
    x = st.arange(1, 100_001)
    assert x.sum().item() == (5_000_050_000 + 2**31) % 2**32 - 2**31
    assert (x.reshape(-1, 10).amax(1)[-1]).item() == 100_000
    assert st.arange(1, 13).prod().item() == 479_001_600


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_empty_tensors(device, shape):
    x = st.zeros(shape)
    assert (x * 2 + 1).tolist() == np.zeros(shape).tolist()
    assert x.sum().item() == 0
    assert x.sum(0).tolist() == np.zeros(shape).sum(0).tolist()
    assert x.prod().item() == 1
    assert st.cat([x, x]).shape == (2 * shape[0], *shape[1:])
    assert (st.ones(4, 0) @ st.ones(0, 3)).tolist() == [[0.0] * 3] * 4
    with pytest.raises(st.ShapeError, match="no entries"):
        x.amax()


def test_tensors_without_axes(device):
    x = st.tensor(2.5, requires_grad=True)
    ((x * x).sqrt() + x.sum() + x.reshape(1, 1).squeeze()).backward()
    assert x.grad.item() == pytest.approx(3.0)
    assert x.unsqueeze(0).tolist() == [2.5]
    assert x.softmax(0).item() == 1.0


def test_many_results_at_once(device):
    """More outputs than a kernel has bindings."""
    x = st.tensor([1.0, 2.0, 3.0])
    results = [x * k + k for k in range(20)]
    st.realize(*results)
    assert [result.tolist() for result in results] == [[k * v + k for v in (1, 2, 3)] for k in range(20)]


def test_in_place_changes_wait_and_arrive_together(device):
    x, y = st.zeros(3), st.ones(3)
    for _ in range(10):
        x.add_(y)
        y.mul_(2)
    assert x.tolist() == [1023.0] * 3
    assert y.tolist() == [1024.0] * 3


def test_old_values_survive_changes_in_place(device):
    x = st.tensor([1.0, 2.0])
    before = x * 1
    x.add_(10)
    assert (x.tolist(), before.tolist()) == ([11.0, 12.0], [1.0, 2.0])
