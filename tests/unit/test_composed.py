"""Functions composed of others, copies of tensors, and steps that are compiled."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web.runtime.session import session
from tests.parity.oracle import check_gradient, numbers


@pytest.fixture(autouse=True)
def cpu():
    st.set_device("cpu")


def test_logaddexp_is_stable():
    x, y = st.tensor([1000.0, -math.inf, 0.0, math.inf]), st.tensor([1000.0, -math.inf, -1e4, 1.0])
    assert st.logaddexp(x, y).tolist() == [pytest.approx(1000 + math.log(2)), -math.inf, 0.0, math.inf]


def test_nan_to_num():
    x = st.tensor([math.nan, math.inf, -math.inf, 1.5])
    assert st.nan_to_num(x, 7.0).tolist() == [
        7.0,
        float(np.float32(3.4028234e38)),
        -float(np.float32(3.4028234e38)),
        1.5,
    ]


def test_distances_have_finite_slopes():
    x = st.tensor([[0.0, 0.0], [3.0, 4.0]], requires_grad=True)
    distances = st.cdist(x, x)
    assert distances.tolist() == [[0.0, 5.0], [5.0, 0.0]]
    distances.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    check_gradient(st.cdist, numbers(3, 2), numbers(4, 2, seed=1))


def test_medians_are_the_lower_middle():
    x = st.tensor([[4.0, 1.0, 3.0, 2.0]])
    values, indices = x.median(1)
    assert (values.tolist(), indices.tolist(), x.median().item()) == ([2.0], [3], 2.0)


def test_searching_and_counting():
    edges = st.tensor([1.0, 3.0, 3.0, 5.0])
    assert st.searchsorted(edges, st.tensor([0.0, 3.0, 9.0])).tolist() == [0, 1, 4]
    assert st.searchsorted(edges, st.tensor([3.0]), right=True).tolist() == [3]
    assert st.tensor([1, 1, 4]).bincount().tolist() == [0, 2, 0, 0, 1]
    assert st.tensor([1, 1, 3]).bincount(st.tensor([0.5, 1.0, 2.0]), minlength=5).tolist() == [0, 1.5, 0, 2, 0]
    assert st.tensor([3, 1, 3]).unique().tolist() == [1, 3]


def test_copies_and_pickles_are_tensors_of_their_own():
    x = st.tensor([[1.0, 2.0]], requires_grad=True)
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert (twin.tolist(), twin.requires_grad, twin.is_leaf) == ([[1.0, 2.0]], True, True)
        with st.no_grad():
            twin.zero_()
    assert x.tolist() == [[1.0, 2.0]]


def test_gradients_accumulate_in_a_compiled_step():
    w = st.ones(3, requires_grad=True)

    @st.compile
    def step(x):
        (w * x).sum().backward()

    (w * 2).sum().backward()
    for _ in range(3):
        step(st.tensor([1.0, 2.0, 3.0]))
    assert w.grad.tolist() == [5.0, 8.0, 11.0]


def test_the_default_generator_may_be_made_in_a_compiled_step():
    draw = st.compile(lambda: st.rand(3))
    session().generator = None
    compiled = [draw().tolist() for _ in range(2)]
    session().generator = None
    assert compiled == [st.rand(3).tolist() for _ in range(2)]


def test_reading_in_a_compiled_step_names_the_line():
    with pytest.raises(st.TraceError, match=r"test_composed.py, line \d+: .*x.sum\(\).item\(\)"):
        st.compile(lambda x: x.sum().item())(st.ones(2))


def test_masks_in_a_compiled_step():
    x = st.tensor([-1.0, 2.0])

    def clip(v):
        result = v.clone()
        result[v < 0] = 0.0
        return result

    assert st.compile(clip)(x).tolist() == [0.0, 2.0]
    with pytest.raises(st.TraceError):
        st.compile(lambda v: v[v > 0])(x)
