"""Optimisers on manifolds: closed forms in the ball, the flat ones elsewhere, and gradients that are no numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web import nn, optim
from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.zspace import PoincareBall, geometry
from tests.support.ball import Ball, dot, points

K = -0.8
TRUTH = Ball(-K)


def placed(seed: int = 0, rows: int = 7) -> nn.Parameter:
    return nn.Parameter(points(np.random.default_rng(seed), (rows, 3), K), manifold=PoincareBall(K))


def gradients(steps: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((steps, 7, 3)).astype(np.float32)


def descended(x: np.ndarray, steps: np.ndarray, lr: float, momentum: float, nesterov: bool) -> np.ndarray:
    """Riemannian SGD in float64."""
    buffer = np.zeros_like(x)
    for gradient in steps.astype(float):
        slope = TRUTH.egrad_to_rgrad(x, gradient)
        buffer = momentum * buffer + slope
        following = TRUTH.expmap(x, -lr * (slope + momentum * buffer if nesterov else buffer))
        buffer = TRUTH.parallel_transport(x, following, buffer)
        x = following
    return x


def adapted(x: np.ndarray, steps: np.ndarray, lr: float, amsgrad: bool) -> np.ndarray:
    """Riemannian Adam in float64."""
    mean, square, largest = np.zeros_like(x), np.zeros((len(x), 1)), np.zeros((len(x), 1))
    for number, gradient in enumerate(steps.astype(float), start=1):
        slope = TRUTH.egrad_to_rgrad(x, gradient)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * TRUTH.conformal(x) ** 2 * dot(slope, slope)
        largest = np.maximum(largest, square)
        scale = np.sqrt((largest if amsgrad else square) / (1 - 0.999**number)) + 1e-8
        following = TRUTH.expmap(x, -lr * mean / (1 - 0.9**number) / scale)
        mean = TRUTH.parallel_transport(x, following, mean)
        x = following
    return x


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_sgd_follows_geodesics_and_carries_its_momentum(device, momentum, nesterov):
    weight, steps = placed(), gradients(5)
    wanted = descended(weight.numpy().astype(float), steps, 0.2, momentum, nesterov)
    optimizer = optim.RiemannianSGD([weight], lr=0.2, momentum=momentum, nesterov=nesterov)
    for gradient in steps:
        weight.grad = st.tensor(gradient)
        optimizer.step()
    np.testing.assert_allclose(weight.numpy(), wanted, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("amsgrad", [False, True])
def test_adam_shares_one_second_moment_per_point(device, amsgrad):
    weight, steps = placed(), gradients(5)
    wanted = adapted(weight.numpy().astype(float), steps, 0.1, amsgrad)
    optimizer = optim.RiemannianAdam([weight], lr=0.1, amsgrad=amsgrad)
    for gradient in steps:
        weight.grad = st.tensor(gradient)
        optimizer.step()
    np.testing.assert_allclose(weight.numpy(), wanted, rtol=1e-4, atol=5e-6)
    assert optimizer.state[weight]["exp_avg_sq"].shape == (7, 1)


@pytest.mark.parametrize(
    ("curved", "flat", "options"),
    [
        (optim.RiemannianSGD, optim.SGD, {"momentum": 0.9, "weight_decay": 0.1}),
        (optim.RiemannianAdam, optim.Adam, {"amsgrad": True, "weight_decay": 0.1}),
    ],
)
def test_in_flat_space_they_are_the_flat_ones(curved, flat, options):
    start = np.random.default_rng(2).standard_normal((7, 3)).astype(np.float32)
    found = []
    for kind in (curved, flat):
        weight = nn.Parameter(start)
        optimizer = kind([weight], lr=0.05, **options)
        for gradient in gradients(4):
            weight.grad = st.tensor(gradient)
            optimizer.step()
        found.append(weight.numpy())
    assert found[0].tobytes() == found[1].tobytes()


@pytest.mark.parametrize("make", [optim.RiemannianSGD, optim.RiemannianAdam])
def test_points_without_a_gradient_keep_every_bit(device, make):
    weight = placed()
    before = weight.numpy()
    gradient = gradients(1)[0]
    gradient[::2] = 0.0
    weight.grad = st.tensor(gradient)
    optimizer = make([weight], lr=0.3)
    optimizer.step()
    after = weight.numpy()
    assert after[::2].tobytes() == before[::2].tobytes()
    assert (after[1::2] != before[1::2]).any(axis=1).all()


@pytest.mark.parametrize("make", [optim.RiemannianSGD, optim.RiemannianAdam])
@pytest.mark.parametrize(("bad", "word"), [(math.nan, "nan"), (-math.inf, "inf")])
def test_gradients_that_are_no_numbers_move_nothing_and_are_named(device, make, bad, word):
    weight, flat = placed(), nn.Parameter(np.ones(3, np.float32))
    optimizer = make([flat, weight], lr=0.1)

    before = weight.numpy()

    @st.compile
    def step(factor):
        optimizer.zero_grad()
        (weight[1] * factor + flat).sum().backward()
        optimizer.step()
        return flat.sum() * 1.0

    result = step(st.tensor([1.0, bad, 1.0]))
    with pytest.raises(ArgumentError, match=rf"the gradient of parameter 1 of shape \(7, 3\) holds {word}"):
        result.item()
    assert weight.numpy().tobytes() == before.tobytes()
    step(st.tensor([1.0, 1.0, 1.0])).item()  # and training goes on
    assert (weight.numpy()[1] != before[1]).any()


def test_flat_optimisers_refuse_points_of_a_ball():
    for kind in (optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad):
        with pytest.raises(
            ArgumentError, match=f"{kind.__name__} would move as in flat space; use optim.RiemannianSGD"
        ):
            kind([placed()])


def test_state_resumes_bit_for_bit(tmp_path):
    weight, steps = placed(), gradients(6)
    optimizer = optim.RiemannianAdam([weight], lr=0.1)

    def run(weight, optimizer, some):
        for gradient in some:
            weight.grad = st.tensor(gradient)
            optimizer.step()

    run(weight, optimizer, steps[:3])
    st.save({"weight": weight.detach(), "optimizer": optimizer.state_dict()}, tmp_path / "run.safetensors")
    run(weight, optimizer, steps[3:])
    kept = st.load(tmp_path / "run.safetensors")
    other = nn.Parameter(kept["weight"], manifold=PoincareBall(K))
    resumed = optim.RiemannianAdam([other], lr=0.1)
    resumed.load_state_dict(kept["optimizer"])
    run(other, resumed, steps[3:])
    assert other.numpy().tobytes() == weight.numpy().tobytes()


def test_a_tree_finds_room_in_the_disk(device):
    """A binary tree of 63 nodes: after training, the nearest nodes of each are mostly its neighbours."""
    parents = [(child, (child - 1) // 2) for child in range(1, 63)]
    links = st.tensor(parents, dtype=st.int32)
    tree = nn.PoincareEmbedding(63, 2)
    optimizer = optim.RiemannianSGD(tree.parameters(), lr=0.3)

    @st.compile
    def step():
        others = st.randint(0, 63, (62, 10))
        candidates = st.cat([links[:, 1:], others], dim=1)
        far = geometry.distance(tree(links[:, :1]), tree(candidates))
        loss = (far[:, 0] + (-far).logsumexp(dim=1)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss / 62

    losses = [step() for _ in range(300)]
    assert losses[-1].item() < 0.5 * losses[0].item()
    depth = np.linalg.norm(tree.weight.numpy(), axis=1)
    assert depth[:3].mean() < depth[31:].mean() < 1
