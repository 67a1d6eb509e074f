"""topk, midk and bottomk on tensors of any number of axes: values, indices, ties, derivatives, compiled steps."""

from __future__ import annotations

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web.errors import ArgumentError, DTypeError
from spiraltorch_web.kernels.rankk.choice import RankKind
from spiraltorch_web.kernels.rankk.problem import RankProblem
from spiraltorch_web.kernels.rankk.reference import rank_reference
from tests.parity.oracle import check_gradient
from tests.support.sessions import cpu_unless_asked, device  # noqa: F401  fixtures

SELECTIONS = {"topk": RankKind.TOPK, "midk": RankKind.MIDK, "bottomk": RankKind.BOTTOMK}
INFINITY, NAN = np.float32("inf"), np.float32("nan")


def expected(kind: RankKind, x: np.ndarray, k: int, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Values and indices by NumPy along an axis."""
    moved = np.moveaxis(x, axis, -1)
    rows = moved.reshape(-1, moved.shape[-1])
    found = rank_reference(np, rows, RankProblem(kind, *rows.shape, k))
    return tuple(np.moveaxis(part.reshape(*moved.shape[:-1], k), -1, axis) for part in found)


def numbers(*shape: int) -> np.ndarray:
    """Few different values, so that ties decide; some are not numbers."""
    random = np.random.default_rng(len(shape))
    x = random.integers(-4, 5, shape).astype(np.float32)
    x[random.random(shape) < 0.1] = NAN
    x[random.random(shape) < 0.05] = INFINITY
    return x


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize(
    ("shape", "dim", "k"),
    [((33,), 0, 5), ((5, 40), -1, 40), ((5, 40), 0, 3), ((2, 3, 17), 1, 2), ((2, 3, 4, 19), -1, 1), ((4, 1), -1, 1)],
)
def test_selections_along_any_axis_match_numpy(device, name, shape, dim, k):  # noqa: F811
    x = numbers(*shape)
    values, indices = getattr(st, name)(st.tensor(x), k, dim)
    right_values, right_indices = expected(SELECTIONS[name], x, k, dim)
    np.testing.assert_array_equal(values.numpy(), right_values)
    np.testing.assert_array_equal(indices.numpy(), right_indices)
    assert indices.dtype is st.int32


def test_methods_and_pytorchs_arguments_mean_the_same(device):  # noqa: F811
    x = st.tensor(numbers(4, 20))
    smallest = st.bottomk(x, 3)
    for found in (x.bottomk(3), x.topk(3, largest=False), st.topk(x, 3, -1, False), st.topk(x, 3, largest=False)):
        assert found.indices.tolist() == smallest.indices.tolist()
    assert x.topk(3, 0).indices.tolist() == st.topk(x, 3, dim=0).indices.tolist()
    assert x.midk(2).values.shape == (4, 2)


@pytest.mark.parametrize("name", SELECTIONS)
def test_unsorted_selections_hold_the_same_entries(device, name):  # noqa: F811
    x = np.random.default_rng(3).standard_normal((6, 500)).astype(np.float32)
    ordered = getattr(st, name)(st.tensor(x), 50).indices.numpy()
    anyhow = getattr(st, name)(st.tensor(x), 50, sorted=False)
    assert np.array_equal(np.sort(anyhow.indices.numpy(), 1), np.sort(ordered, 1))
    assert np.array_equal(np.take_along_axis(x, anyhow.indices.numpy(), 1), anyhow.values.numpy())


@pytest.mark.parametrize("dtype", [st.int32, st.uint32, st.float16])
def test_other_dtypes_keep_their_values(device, dtype):  # noqa: F811
    x = np.random.default_rng(4).permutation(60).reshape(3, 20)
    given = st.tensor(x).to(dtype)
    for name, places in (("topk", [17, 18, 19][::-1]), ("midk", [8, 9, 10]), ("bottomk", [0, 1, 2])):
        values, indices = getattr(st, name)(given, 3)
        assert values.dtype is dtype
        assert values.int().tolist() == np.sort(x, 1)[:, places].tolist()
        assert np.take_along_axis(x, indices.numpy(), 1).tolist() == values.int().tolist()


def test_large_integers_are_told_apart(device):  # noqa: F811
    x = st.tensor([2**24, 2**24 + 1, 2**24 - 1])
    assert st.topk(x, 1).values.tolist() == [2**24 + 1]


@pytest.mark.parametrize("name", SELECTIONS)
def test_values_are_differentiable(device, name):  # noqa: F811
    x = np.random.default_rng(5).permutation(24).reshape(2, 12).astype(np.float32)
    check_gradient(lambda t: getattr(st, name)(t, 4).values, x)
    check_gradient(lambda t: getattr(st, name)(t * t, 2, 0).values, x / 10)


def test_the_derivative_goes_to_the_entries_that_were_taken(device):  # noqa: F811
    x = st.tensor([[1.0, 5.0, 5.0, 0.0], [NAN, 2.0, NAN, NAN]], requires_grad=True)
    values, indices = st.topk(x, 2)
    assert indices.tolist() == [[1, 2], [1, -1]]
    (st.tensor([[1.0, 10.0], [100.0, 1000.0]]) * st.where(indices < 0, 0.0, values)).sum().backward()
    assert x.grad.tolist() == [[0, 1, 10, 0], [0, 100, 0, 0]]


def test_selection_works_in_a_compiled_step(device):  # noqa: F811
    weight = st.ones(30, requires_grad=True)

    @st.compile
    def step(x):
        values, indices = st.topk(x * weight, 3)
        loss = values.sum()
        loss.backward()
        gradient = weight.grad
        weight.grad = None
        return loss, indices, gradient

    for rows in (2, 2, 5):
        x = np.random.default_rng(rows).standard_normal((rows, 30)).astype(np.float32)
        loss, indices, gradient = step(st.tensor(x))
        order = np.argsort(-x, 1, kind="stable")[:, :3]
        assert indices.tolist() == order.tolist()
        assert loss.item() == pytest.approx(np.take_along_axis(x, order, 1).sum(), rel=1e-5)
        counted = np.zeros(30, np.float32)
        np.add.at(counted, order, np.take_along_axis(x, order, 1))
        np.testing.assert_allclose(gradient.numpy(), counted, rtol=1e-6)


def test_nothing_is_selected_from_nothing(device):  # noqa: F811
    assert st.topk(st.zeros(3, 4), 0).values.shape == (3, 0)
    assert st.midk(st.zeros(0, 4), 2).indices.shape == (0, 2)
    assert st.topk(st.zeros(2, 3, 0), 0).values.shape == (2, 3, 0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: st.topk(st.ones(2, 3), 4), "topk needs 0 ≤ k ≤ the length of axis -1 of (2, 3), got k = 4"),
        (lambda: st.midk(st.ones(2, 3), -1), "midk needs 0 ≤ k"),
        (lambda: st.bottomk(st.ones(3), 1.5), "got k = 1.5"),
        (lambda: st.topk(st.ones(3), True), "got k = True"),
        (lambda: st.topk(st.tensor(1.0), 1), "()"),
        (lambda: st.topk(st.ones(2, 3), 1, 2), "topk"),
    ],
)
def test_bad_arguments_are_named(call, said):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert said in str(caught.value)


def test_a_plan_runs_on_float32_alone():
    plan = st.plan_rank(RankKind.TOPK, 2, 3, 1)
    with pytest.raises(DTypeError, match="int32"):
        plan.execute(st.tensor([[1, 2, 3], [4, 5, 6]]))
