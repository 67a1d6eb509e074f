"""Hyper-gradients against closed forms in float64 (ridge regression) and against finite differences (a network)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import spiraltorch_web as st

CLOSED_FORM = 1e-4  # relative; float32 has 6e-8, the conditioning of the problems below some 10
RATE = 0.3


@dataclass(frozen=True)
class Ridge:
    """Least squares with a weight decay per column and a weight per example; the outer loss is on other examples."""

    x: np.ndarray
    y: np.ndarray
    outer_x: np.ndarray
    outer_y: np.ndarray

    @classmethod
    def drawn(cls, rows: int, columns: int, seed: int) -> Ridge:
        draw = np.random.default_rng(seed)
        x, outer_x = draw.standard_normal((2, rows, columns))
        truth = draw.standard_normal(columns)
        y, outer_y = (a @ truth + draw.standard_normal(rows) for a in (x, outer_x))
        return cls(x, y, outer_x, outer_y)

    def solved(self, decay: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The solution w of (Xᵀ diag(weights) X / n + diag(decay)) w = …, and the gradients in decay and weights."""
        n = len(self.y)
        matrix = self.x.T @ (weights[:, None] * self.x) / n + np.diag(decay)
        w = np.linalg.solve(matrix, self.x.T @ (weights * self.y) / n)
        v = np.linalg.solve(matrix, 2 * self.outer_x.T @ (self.outer_x @ w - self.outer_y) / n)
        return w, -v * w, -(self.x @ v) * (self.x @ w - self.y) / n

    def functions(self, rate: float = RATE):
        """(inner step of gradient descent, outer loss) on the current device."""
        x, y, outer_x, outer_y = (as_tensor(a) for a in (self.x, self.y, self.outer_x, self.outer_y))

        def inner_step(w, hyper):
            def loss(w):
                return (hyper["weights"] * (x @ w - y).square()).mean() / 2 + (hyper["decay"] * w * w).sum() / 2

            return w - rate * st.grad(loss)(w)

        return inner_step, lambda w, hyper: (outer_x @ w - outer_y).square().mean()


def as_tensor(values: np.ndarray) -> st.Tensor:
    return st.tensor(values.astype(np.float32))


def distance(found: st.Tensor, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found.numpy() - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("method", ["neumann", "cg", "unrolled"])
def test_ridge_agrees_with_the_closed_form(device, method):
    ridge, decay, weights = Ridge.drawn(40, 5, 0), np.linspace(0.2, 0.8, 5), np.linspace(0.5, 1.5, 40)
    hypergradient = (
        st.hypergrad.unrolled(*ridge.functions(), 150)
        if method == "unrolled"
        else st.hypergrad.implicit(*ridge.functions(), method=method)
    )
    found = hypergradient(st.zeros(5), {"decay": as_tensor(decay), "weights": as_tensor(weights)})
    w, in_decay, in_weights = ridge.solved(decay, weights)
    assert distance(found.state, w) < CLOSED_FORM
    assert distance(found.gradient["decay"], in_decay) < CLOSED_FORM
    assert distance(found.gradient["weights"], in_weights) < CLOSED_FORM


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=some.integers(8, 30), columns=some.integers(1, 8), seed=some.integers(0, 2**31))
def test_any_ridge_problem_by_both_methods(rows, columns, seed):
    ridge, decay, weights = Ridge.drawn(rows, columns, seed), np.full(columns, 0.5), np.ones(rows)
    hyper = {"decay": as_tensor(decay), "weights": as_tensor(weights)}
    w, in_decay, in_weights = ridge.solved(decay, weights)
    for method in ("neumann", "cg"):
        found = st.hypergrad.implicit(*ridge.functions(rate=0.1), method=method, iterations=3000)(as_tensor(w), hyper)
        # The solution comes rounded to float32, and the error is amplified by 1 / (rate · smallest curvature) ≤ 20.
        scale = np.linalg.norm(np.concatenate([in_decay, in_weights]))
        assert np.linalg.norm(found.gradient["decay"].numpy() - in_decay) < CLOSED_FORM * scale
        assert np.linalg.norm(found.gradient["weights"].numpy() - in_weights) < CLOSED_FORM * scale


def test_a_step_that_does_not_contract():
    ridge, ones = Ridge.drawn(40, 5, 0), np.ones(40)
    hyper = {"decay": st.full((5,), 0.5), "weights": st.ones(40)}
    functions = ridge.functions(rate=2.5)  # above 2 / the largest curvature
    w, in_decay, _ = ridge.solved(np.full(5, 0.5), ones)

    with pytest.raises(st.ConvergenceError, match="the inner problem did not reach") as caught:
        st.hypergrad.implicit(*functions)(st.zeros(5), hyper)
    assert caught.value.residuals[0] == 1  # from zero, the first step is all there is

    # At the solution itself the inner problem has nothing to do, and the series alone grows.
    with pytest.raises(st.ConvergenceError, match=r"Neumann series.*method='cg'") as caught:
        st.hypergrad.implicit(*functions)(as_tensor(w), hyper)
    history = caught.value.residuals
    assert history[-1] > 100 > history[0] and f"{history[0]:.3g}, {history[1]:.3g}" in str(caught.value)

    found = st.hypergrad.implicit(*functions, method="cg")(as_tensor(w), hyper)
    assert distance(found.gradient["decay"], in_decay) < CLOSED_FORM


def test_a_state_that_grows_without_end_is_no_solution():
    """Each step doubles it: the residual stays at one half until lengths overflow, which is no convergence either."""
    with pytest.raises(st.ConvergenceError, match="the inner problem did not reach") as caught:
        st.hypergrad.implicit(lambda w, h: 2 * h * w, lambda w, h: (w * w).sum())(st.ones(2), st.tensor(1.0))
    assert caught.value.residuals[:9] == (0.5,) * 9


@pytest.mark.parametrize("method", ["neumann", "cg"])
def test_a_step_without_a_single_fixed_point(method):
    """s ← s has J = 1, so that (I − J)ᵀv = g has no solution."""
    with pytest.raises(st.ConvergenceError, match="in 30 iterations") as caught:
        st.hypergrad.implicit(lambda s, h: s, lambda s, h: (h * s).sum(), method=method, iterations=30)(
            st.ones(3), st.ones(3)
        )
    assert caught.value.residuals == (1.0,) * 30


def test_a_flat_outer_loss_has_gradient_zero():
    for method in ("neumann", "cg"):
        found = st.hypergrad.implicit(lambda s, h: s / 2 + h, lambda s, h: (s * 0).sum(), method=method)(
            st.ones(3), st.ones(3)
        )
        assert found.gradient.tolist() == [0, 0, 0]
        assert found.state.tolist() == pytest.approx([2, 2, 2], rel=1e-5)


# --- a network, by finite differences ---------------------------------------------------------------------------

STEPS = 11  # the default keeps every fourth state, so that the last stretch is a shorter one
# The difference of two losses is off by the square of the stride: 7e-5 of the terms here, and 16 times that at 0.02.
STRIDE, DIFFERENCE = 0.005, 3e-4


class Network:
    """A network trained with momentum, on batches with noise; hyper-parameters of every kind that is promised."""

    def __init__(self) -> None:
        draw = np.random.default_rng(1)
        self.x, self.outer_x = (as_tensor(draw.uniform(-1, 1, (12, 2))) for _ in range(2))
        self.y, self.outer_y = ((x[:, :1] * 2).sin() * x[:, 1:] for x in (self.x, self.outer_x))
        shapes = ((2, 8), (8,), (8, 1), (1,))
        self.parameters = [as_tensor(0.5 * draw.standard_normal(shape)) for shape in shapes]
        self.state = {"parameters": self.parameters, "velocity": [st.zeros(shape) for shape in shapes]}
        self.batches = [as_tensor(draw.standard_normal((12, 2))) for _ in range(STEPS)]
        self.hyper = {
            "rate": st.tensor(0.1),
            "decay": [st.tensor(0.01), st.tensor(0.05)],
            "weights": as_tensor(draw.uniform(0.5, 1.5, (12, 1))),
            "noise": st.tensor(0.2),
        }

    @staticmethod
    def predict(parameters: Sequence[st.Tensor], x: st.Tensor) -> st.Tensor:
        inner, inner_bias, outer, outer_bias = parameters
        return (x @ inner + inner_bias).tanh() @ outer + outer_bias

    def inner_step(self, state, hyper, noise):
        def loss(*parameters):
            errors = self.predict(parameters, self.x + hyper["noise"] * noise) - self.y
            decays = sum(
                decay * layer.square().sum() for decay, layer in zip(hyper["decay"], parameters[::2], strict=True)
            )
            return (hyper["weights"] * errors.square()).mean() + decays

        slopes = st.grad(loss, range(4))(*state["parameters"])
        velocity = [0.9 * v + slope for v, slope in zip(state["velocity"], slopes, strict=True)]
        moved = [p - hyper["rate"] * v for p, v in zip(state["parameters"], velocity, strict=True)]
        return {"parameters": moved, "velocity": velocity}

    def outer_loss(self, state, hyper):
        return (self.predict(state["parameters"], self.outer_x) - self.outer_y).square().mean()

    def loss_at(self, hyper) -> float:
        state = self.state
        for batch in self.batches:
            state = self.inner_step(state, hyper, batch)
        return self.outer_loss(state, hyper).item()


def flat(hyper) -> np.ndarray:
    return np.concatenate([hyper["rate"].numpy().ravel(), *(d.numpy().ravel() for d in hyper["decay"]),
                           hyper["weights"].numpy().ravel(), hyper["noise"].numpy().ravel()])  # fmt: skip


def unflat(values: np.ndarray) -> dict:
    rate, first, second, *weights, noise = (float(value) for value in values)
    return {
        "rate": st.tensor(rate),
        "decay": [st.tensor(first), st.tensor(second)],
        "weights": st.tensor(weights).reshape(-1, 1),
        "noise": st.tensor(noise),
    }


def test_a_network_agrees_with_finite_differences(device):
    network = Network()
    found = st.hypergrad.unrolled(network.inner_step, network.outer_loss, STEPS)(
        network.state, network.hyper, network.batches
    )
    gradient, at = flat(found.gradient), flat(network.hyper)
    assert found.value.item() == pytest.approx(network.loss_at(network.hyper), rel=1e-5)
    draw = np.random.default_rng(2)
    scale = np.array([0.1, 0.05, 0.05, *[1.0] * 12, 0.3])  # so that each kind has its say
    for _ in range(2):
        direction = scale * draw.choice([-1, 1], len(at))
        ends = [network.loss_at(unflat(at + sign * STRIDE * direction)) for sign in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * STRIDE)
        assert gradient @ direction == pytest.approx(slope, abs=DIFFERENCE * np.abs(gradient * direction).sum())


@pytest.mark.parametrize("every", [1, 3, 4, STEPS, 2 * STEPS])
def test_checkpoints_do_not_change_the_gradient(every):
    network = Network()
    expected, found = (
        st.hypergrad.unrolled(network.inner_step, network.outer_loss, STEPS, checkpoint_every=k)(
            network.state, network.hyper, network.batches
        )
        for k in (None, every)
    )
    np.testing.assert_array_equal(flat(found.gradient), flat(expected.gradient))
    assert found.value.item() == expected.value.item()


def test_the_state_is_left_alone_by_a_step_that_works_in_place():
    def inner_step(w, rate):
        w -= rate * st.grad(lambda w: (w * w).sum())(w)
        return w

    start, rate = st.ones(2, requires_grad=True), st.tensor(0.1, requires_grad=True)
    found = st.hypergrad.unrolled(inner_step, lambda w, rate: w.sum(), 3)(start, rate)
    assert found.gradient.item() == pytest.approx(2 * 3 * 0.8**2 * -2, rel=1e-6)
    assert start.tolist() == [1, 1] and start.grad is None and not found.gradient.requires_grad


class Watched:
    """Batches that note how much memory is in use whenever one of them is asked for."""

    def __init__(self, count: int) -> None:
        self.batch, self.count, self.seen = st.ones(1), count, []

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, t: int) -> st.Tensor:
        self.seen.append(st.memory()["allocated"])
        return self.batch


def states_kept(count: int, **options: int) -> float:
    """The most memory in use while going through ``count`` updates, in states."""
    entries = 4096
    watched, start, rate = Watched(count), st.ones(entries), st.tensor(0.1)
    hypergradient = st.hypergrad.unrolled(
        lambda w, rate, batch: w - rate * batch * w.sin(), lambda w, rate: w.sum(), count, **options
    )
    st.realize(start, rate, watched.batch)
    before = st.memory()["allocated"]
    hypergradient(start, rate, watched).gradient.item()
    return (max(watched.seen) - before) / (4 * entries)


def test_memory_grows_with_the_square_root(device):
    few, many = states_kept(16), states_kept(256)
    assert few <= 2 * 4 + 4 and many <= 2 * 16 + 4  # checkpoints, a stretch between two, and the cotangents
    assert states_kept(256, checkpoint_every=1) > 250


# --- bad input --------------------------------------------------------------------------------------------------


def identity(state, hyper):
    return state


def total(state, hyper):
    return state.sum()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: st.hypergrad.unrolled(identity, total, 0), st.ArgumentError, "T must be an int of at least 1, got 0"),
        (lambda: st.hypergrad.unrolled(3, total, 2), st.ArgumentError, "inner_step must be a function, got int"),
        (lambda: st.hypergrad.unrolled(identity, total, 4, checkpoint_every=0), st.ArgumentError, "checkpoint_every"),
        (lambda: st.hypergrad.unrolled(identity, total, 4)(st.ones(1), 0.1), st.ArgumentError, "hyper holds 0.1"),
        (lambda: st.hypergrad.unrolled(identity, total, 4)(st.ones(1), []), st.ArgumentError, "hyper holds no tensor"),
        (
            lambda: st.hypergrad.unrolled(identity, total, 4)(st.tensor([1]), st.ones(1)),
            st.ArgumentError, "the state holds a tensor of int32",
        ),
        (
            lambda: st.hypergrad.unrolled(identity, total, 4)(st.ones(1), st.ones(1), [1, 2]),
            st.ArgumentError, "2 batches for T = 4",
        ),
        (
            lambda: st.hypergrad.unrolled(lambda s, h: s[:1], total, 4)(st.ones(2), st.ones(1)),
            st.ShapeError, r"\[\(2,\)\] and returned one of \[\(1,\)\]",
        ),
        (
            lambda: st.hypergrad.unrolled(identity, lambda s, h: s, 4)(st.ones(2), st.ones(1)),
            st.AutogradError, r"an output of shape \(2,\)",
        ),
        (lambda: st.hypergrad.implicit(identity, total, method="lu"), st.ArgumentError, "neumann, cg; got 'lu'"),
        (lambda: st.hypergrad.implicit(identity, total, tolerance=0), st.ArgumentError, "tolerance must be between"),
        (lambda: st.hypergrad.implicit(identity, total, iterations=0), st.ArgumentError, "iterations must be"),
    ],
)  # fmt: skip
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_nan_is_found_and_named():
    with pytest.raises(st.ConvergenceError, match="relative residuals nan"):
        st.hypergrad.implicit(lambda s, h: s / 2 + h, total)(st.ones(2), st.tensor([1.0, float("nan")]))
