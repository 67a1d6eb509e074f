"""Hyperbolic layers: their formulas in float64, their gradients, their flat limits, and a training."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web import nn, optim
from spiraltorch_web.errors import ArgumentError, ShapeError
from spiraltorch_web.zspace import Euclidean, PoincareBall, geometry
from tests.parity.oracle import check_gradient
from tests.support.ball import Ball, dot, points

K = -0.7
TRUTH = Ball(-K)
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def moved(layer: nn.Module) -> nn.Module:
    """The layer with a bias that is not at rest."""
    with st.no_grad():
        layer.bias.copy_(st.tensor(points(np.random.default_rng(5), tuple(layer.bias.shape), K, 0.6)))
    return layer


def logits(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Shimizu et al. 2021, equation 6."""
    root = math.sqrt(-K)
    length = np.linalg.norm(weight, axis=1)
    factor = TRUTH.conformal(x)
    along = root * x @ (weight / length[:, None]).T
    inner = factor * along * np.cosh(2 * root * bias) - (factor - 1) * np.sinh(2 * root * bias)
    return 2 * length / root * np.arcsinh(inner)


def test_poincare_embedding_gives_points_of_its_ball(device):
    layer = nn.PoincareEmbedding(9, 4, curvature=-2.0, name="kinds")
    assert layer.weight.manifold == PoincareBall(-2.0) and layer.curvature == -2.0 and layer.name == "kinds"
    weight = layer.weight.numpy()
    assert 0.0005 < abs(weight).max() <= 0.001
    rows = st.tensor([[3, 3], [0, 8]], dtype=st.int32)
    assert layer(rows).tolist() == weight[[[3, 3], [0, 8]]].tolist()
    with pytest.raises(ArgumentError, match="holds points of curvature -2"):
        geometry.logmap0(layer(rows))


def test_hyperbolic_linear_is_the_mobius_form_of_a_dense_layer(device):
    layer = moved(nn.HyperbolicLinear(5, 3, curvature=K))
    assert layer.bias.manifold == PoincareBall(K) and layer.weight.manifold == Euclidean()
    x = points(np.random.default_rng(0), (20, 5), K)
    weight, bias = layer.weight.numpy().astype(float), layer.bias.numpy().astype(float)
    wanted = TRUTH.mobius_add(TRUTH.expmap0(TRUTH.logmap0(x.astype(float)) @ weight.T), bias)
    np.testing.assert_allclose(layer(st.tensor(x)).numpy(), wanted, **CLOSE)


def test_hyperbolic_mlr_measures_distances_to_hyperplanes(device):
    layer = moved(nn.HyperbolicMLR(5, 4, curvature=K))
    x = points(np.random.default_rng(0), (20, 5), K)
    weight, bias = layer.weight.numpy().astype(float), layer.bias.numpy().astype(float)
    found = layer(st.tensor(x)).numpy()
    np.testing.assert_allclose(found, logits(x.astype(float), weight, bias), **CLOSE)
    # On the hyperplane itself, which passes through exp0(r·z/‖z‖) with normal z, the logit is 0.
    foot = TRUTH.expmap0(bias[:, None] * weight / np.linalg.norm(weight, axis=1, keepdims=True))
    at_foot = layer(st.tensor(foot.astype(np.float32))).numpy()
    np.testing.assert_allclose(np.diag(at_foot), 0, atol=1e-6)


def test_with_little_curvature_the_layers_are_flat():
    x = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
    dense = nn.HyperbolicLinear(4, 3, curvature=-1e-6)
    with st.no_grad():
        dense.bias.copy_(st.tensor([0.5, -1.0, 2.0]))
    flat = x @ dense.weight.numpy().T + dense.bias.numpy()
    np.testing.assert_allclose(dense(st.tensor(x)).numpy(), flat, rtol=1e-4, atol=1e-4)
    readout = nn.HyperbolicMLR(4, 3, curvature=-1e-6)
    np.testing.assert_allclose(readout(st.tensor(x)).numpy(), 4 * x @ readout.weight.numpy().T, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make", [nn.HyperbolicLinear, nn.HyperbolicMLR])
def test_gradients_through_the_layers(make):
    layer = moved(make(3, 2, curvature=K))
    x = points(np.random.default_rng(1), (4, 3), K, 0.8)

    def output(x, weight, bias):
        layer.__dict__.update(weight=weight, bias=bias)
        return layer(x)

    check_gradient(output, x, layer.weight.numpy(), layer.bias.numpy())


def test_gradients_through_the_embedding():
    layer = nn.PoincareEmbedding(5, 3, curvature=K)
    rows = st.tensor([0, 2, 2, 4], dtype=st.int32)
    layer(rows).square().sum().backward()
    weight = layer.weight.numpy()
    np.testing.assert_allclose(layer.weight.grad.numpy(), 2 * weight * np.array([[1], [0], [2], [0], [1]]), **CLOSE)


def test_a_class_without_a_normal_has_logit_and_slope_zero():
    layer = nn.HyperbolicMLR(3, 2)
    with st.no_grad():
        layer.weight.zero_()
    result = layer(st.tensor([[0.1, 0.2, 0.3]]))
    result.sum().backward()
    assert result.tolist() == [[0.0, 0.0]] and np.isfinite(layer.weight.grad.numpy()).all()


def test_a_hyperbolic_network_learns_what_is_inside_a_circle(device):
    x = st.randn(128, 2)
    inside = (x.square().sum(1) < 1.2).int()
    layers = [nn.HyperbolicLinear(2, 6, curvature=K), nn.HyperbolicMLR(6, 2, curvature=K)]
    model = nn.ModuleList(layers)
    optimizer = optim.RiemannianAdam(model.parameters(), lr=0.05)

    @st.compile
    def step():
        hidden = layers[0](geometry.expmap0(x, curvature=K))
        loss = nn.functional.cross_entropy(layers[1](hidden), inside)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    losses = [step() for _ in range(150)]
    assert losses[-1].item() < 0.25 < losses[0].item()
    assert dot(layers[0].bias.numpy(), layers[0].bias.numpy())[0] < 1 / -K


BAD = {
    "K": (lambda: nn.PoincareEmbedding(3, 2, curvature=1.0), ArgumentError, "got 1.0"),
    "K of linear": (lambda: nn.HyperbolicLinear(3, 2, curvature=0.0), ArgumentError, "got 0.0"),
    "K of mlr": (lambda: nn.HyperbolicMLR(3, 2, curvature=math.nan), ArgumentError, "got nan"),
    "width": (lambda: nn.HyperbolicMLR(3, 2)(st.tensor([[0.1]])), ShapeError, r"points \[…, 3\], got \(1, 1\)"),
    "other ball": (
        lambda: nn.HyperbolicLinear(2, 2, curvature=-1.0)(geometry.expmap0(st.ones(1, 2), curvature=-2.0)),
        ArgumentError, "holds points of curvature -2",
    ),
    "outside": (lambda: nn.HyperbolicMLR(2, 2)(st.tensor([[2.0, 0.0]])).tolist(), ArgumentError, "point of norm 2"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_refused(case):
    call, kind, words = BAD[case]
    with pytest.raises(kind, match=words):
        call()
