"""First and second derivatives of whole layers against central differences, on every device."""

from __future__ import annotations

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web.nn import functional as F
from tests.parity.oracle import apart, check_gradient, numbers

LABELS = [0, 2, 1, 2]


def attention(q, k, v):
    causal = st.ones(5, 5).tril() > 0
    return st.where(causal, q @ k.transpose(-1, -2) / 2, -1e9).softmax(-1) @ v


def recurrence(x, w):
    hidden = st.zeros(3, 4)
    for step in range(4):
        hidden = (x[:, step] + hidden @ w).tanh()
    return hidden


CASES = {
    "convolution": (
        lambda x, w, b: st.conv2d(x, w, b, stride=2, padding=1).tanh(),
        (numbers(2, 2, 5, 5), numbers(3, 2, 3, 3, seed=1), numbers(3, seed=2)),
    ),
    "transposed convolution": (
        lambda x, w: st.conv_transpose1d(x, w, stride=2, padding=1).sin(),
        (numbers(2, 3, 4), numbers(3, 2, 3, seed=1)),
    ),
    "max pooling": (lambda x: st.max_pool2d(x, 2).square(), (apart(1, 2, 4, 4),)),
    "attention": (attention, tuple(numbers(2, 5, 4, seed=seed, low=-1, high=1) for seed in range(3))),
    "layer norm": (
        lambda x, w, b: F.layer_norm(x, (6,), w, b),
        (numbers(4, 6), numbers(6, seed=1), numbers(6, seed=2)),
    ),
    "batch norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        (numbers(6, 3), numbers(3, seed=1), numbers(3, seed=2)),
    ),
    "cross entropy": (
        lambda x: F.cross_entropy(x, st.tensor(LABELS), label_smoothing=0.1),
        (numbers(4, 3),),
    ),
    "embedding": (
        lambda table, w: (st.embedding(st.tensor([[1, 0], [3, 1]]), table) @ w).sigmoid(),
        (numbers(4, 3), numbers(3, 2, seed=1)),
    ),
    "recurrence": (recurrence, (numbers(3, 4, 4, low=-1, high=1), numbers(4, 4, seed=1, low=-0.7, high=0.7))),
    "sorting": (lambda x: (st.sort(x).values * st.arange(6)).sin(), (apart(3, 6) * np.float32(3),)),
}


@pytest.mark.parametrize("name", CASES)
def test_derivatives_of_networks(device, name):
    function, arrays = CASES[name]
    check_gradient(function, *arrays)
