"""Hyperbolic cross-entropy against its definition in float64, where float32 points would all be on the boundary."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web import nn
from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.nn.functional import hyperbolic_scores

CURVATURES = (-1e-3, -0.95, -1.0, -4.0, -256.0)


def scores(v: np.ndarray, curvature: float) -> np.ndarray:
    """−d² in float64 (long double where it would overflow), without the summand −a²/c that a row shares far out."""
    v, c = v.astype(np.longdouble), np.longdouble(-curvature)
    norm = np.sqrt((v * v).sum(-1, keepdims=True))
    a, b = 2 * np.sqrt(c) * norm, 2 * np.sqrt(c)
    others = np.stack([(np.delete(v, i, -1) ** 2).sum(-1) for i in range(v.shape[-1])], -1)
    safe = np.where(norm > 0, norm, 1)
    aside = others / (2 * safe * (safe + np.abs(v)))
    t = np.where(norm > 0, np.where(v >= 0, aside, 1 - aside), 0.5)
    z = np.sinh((a - b) / 2) ** 2 + np.sinh(a) * np.sinh(b) * t
    far = b + np.log(t + np.exp(-2 * b) * (1 - t))
    near = -((2 * np.arcsinh(np.sqrt(z))) ** 2) / c
    return np.where(a > 20 + b, -far * (2 * a + far) / c, near)


def log_softmax(values: np.ndarray) -> np.ndarray:
    shifted = values - values.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("scale", [0.0, 1e-5, 0.1, 1.0, 10.0, 1e4])
@pytest.mark.parametrize("curvature", CURVATURES)
def test_scores_are_squared_distances(device, curvature, scale):
    v = (np.random.default_rng(0).standard_normal((40, 6)) * scale).astype(np.float32)
    v[:6] = np.eye(6) * min(scale, 1.0)  # prototypes themselves, and directions without any other component
    found = hyperbolic_scores(st.tensor(v), curvature).numpy().astype(np.float64)
    wanted = scores(v, curvature).astype(np.float64)
    spread = np.abs(wanted - wanted.max(-1, keepdims=True)).max()
    # Rounding of d², which is about b²/c = 4 near the origin, and a relative 1e-5 of the differences.
    np.testing.assert_allclose(
        found - found.max(-1, keepdims=True), wanted - wanted.max(-1, keepdims=True), atol=3e-6 * (1 + spread) * 4
    )
    if scale >= 0.1:
        assert np.array_equal(found.argmax(-1), v.argmax(-1))


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(
    "logits", [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.4, -0.2, 0.0], [30.0, -5.0, 0.0]]
)
@pytest.mark.parametrize("curvature", [-0.95, -4.0])
def test_gradients_are_exact_also_where_distances_are_zero(device, curvature, logits):
    v, target, step = np.array([logits]), 1, 1e-5
    x = st.tensor(logits, requires_grad=True)
    nn.HyperbolicCrossEntropy(curvature)(x.reshape(1, 3), st.tensor([target], dtype="int32")).backward()

    def loss(values: np.ndarray) -> float:
        return -log_softmax(scores(values, curvature))[0, target]

    slopes = [float((loss(v + step * e) - loss(v - step * e)) / (2 * step)) for e in np.eye(3)[:, None]]
    np.testing.assert_allclose(x.grad.numpy(), slopes, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("curvature", CURVATURES)
def test_loss_and_gradients_are_finite_up_to_large_logits(curvature):
    v = np.random.default_rng(1).uniform(-1e4, 1e4, (30, 5)).astype(np.float32)
    v[0], v[1], v[2] = 0.0, 1e4, [1e4, 0, 0, 0, 0]
    for target in (np.zeros(30, np.int32), np.full((30, 5), 0.2, np.float32)):
        x = st.tensor(v, requires_grad=True)
        loss = nn.HyperbolicCrossEntropy(curvature)(x, st.tensor(target))
        loss.backward()
        assert math.isfinite(loss.item()) and np.isfinite(x.grad.numpy()).all()


def test_targets_come_in_three_forms():
    logits = st.tensor(np.random.default_rng(2).standard_normal((4, 3)).astype(np.float32))
    index = np.array([0, 2, 1, 1], np.int32)
    loss = nn.HyperbolicCrossEntropy(-0.95)
    expected = -np.log(np.exp(log_softmax(scores(logits.numpy(), -0.95)))[range(4), index]).mean()
    for target in (index, np.eye(3, dtype=np.float32)[index]):
        assert loss(logits, st.tensor(target)).item() == pytest.approx(float(expected), rel=1e-5)
    mixed = st.full((4, 3), 1 / 3)
    halves = [loss(logits, st.tensor(np.full(4, c, np.int32))).item() for c in range(3)]
    assert loss(logits, mixed).item() == pytest.approx(sum(halves) / 3, rel=1e-5)
    assert loss.forward(logits[:1], mixed[:1]).data()[0] == loss(logits[:1], mixed[:1]).item()


def test_it_trains_a_classifier():
    st.manual_seed(0)
    x = st.randn(90, 2) + st.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 4.0]]).repeat_interleave(30, 0)
    y = st.arange(3).repeat_interleave(30)
    model, loss_of = nn.Linear(2, 3), nn.HyperbolicCrossEntropy(-1.0)
    model.attach_hypergrad(-1.0, 0.05)

    @st.compile
    def step(x, y):
        loss = loss_of(model(x), y)
        loss.backward()
        model.apply_step()
        return loss

    for _ in range(150):
        loss = step(x, y)
    assert loss.item() < 0.1
    assert (model(x).argmax(1) == y).float().mean().item() > 0.96


@pytest.mark.parametrize("curvature", [0.0, 1.0, -257.0, math.nan, True])
def test_curvatures_out_of_range_are_named(curvature):
    with pytest.raises(ArgumentError, match=str(curvature)):
        nn.HyperbolicCrossEntropy(curvature)
