"""Random small expression graphs: what the compiler makes of them, against NumPy in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import spiraltorch_web as st
from spiraltorch_web.runtime.session import session
from tests.support.adapters import note_adapter
from tests.support.sessions import opened

# Kernels are compiled for every example: few, but deep. Derandomised, so that a run takes the same time each time.
BOUNDED = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
MOST_ENTRIES = 4096


@dataclass(frozen=True)
class Pair:
    """One value twice: as the library and as NumPy in float64 compute it."""

    ours: st.Tensor
    wanted: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.wanted.shape


def leaf(shape: tuple[int, ...], seed: int) -> Pair:
    values = np.random.default_rng(seed).uniform(-1.5, 1.5, shape).astype(np.float32)
    return Pair(st.tensor(values), values.astype(np.float64))


# Smooth functions that keep values near 1, so that float32 stays close to float64 however deep they are nested.
UNARY: dict[str, tuple[Callable, Callable]] = {
    "neg": (lambda x: -x, np.negative),
    "tanh": (lambda x: x.tanh(), np.tanh),
    "sin": (lambda x: x.sin(), np.sin),
    "sigmoid": (lambda x: x.sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
    "relu": (lambda x: x.relu(), lambda x: np.maximum(x, 0)),
    "square root": (lambda x: (x * x + 0.25).sqrt(), lambda x: np.sqrt(x * x + 0.25)),
    "exponential": (lambda x: (-x.abs()).exp(), lambda x: np.exp(-np.abs(x))),
    "halved": (lambda x: x / 2 + 0.125, lambda x: x / 2 + 0.125),
}
BINARY: dict[str, tuple[Callable, Callable]] = {
    "mean": (lambda x, y: (x + y) / 2, lambda x, y: (x + y) / 2),
    "product": (lambda x, y: x * y.tanh(), lambda x, y: x * np.tanh(y)),
    "maximum": (st.maximum, np.maximum),
    "chosen": (lambda x, y: st.where(y > 0.1, x, y), lambda x, y: np.where(y > 0.1, x, y)),
}
REDUCTIONS: dict[str, tuple[Callable, Callable]] = {
    "mean": (lambda x, axes, keep: x.mean(axes, keep), lambda x, axes, keep: x.mean(axes, keepdims=keep)),
    "amax": (lambda x, axes, keep: x.amax(axes, keep), lambda x, axes, keep: x.max(axes, keepdims=keep)),
    "amin": (lambda x, axes, keep: x.amin(axes, keep), lambda x, axes, keep: x.min(axes, keepdims=keep)),
    "deviation": (lambda x, axes, keep: x.var(axes, False, keep), lambda x, axes, keep: x.var(axes, keepdims=keep)),
}


def unary(data, x: Pair) -> Pair:
    ours, numpys = UNARY[data.draw(some.sampled_from(sorted(UNARY)))]
    return Pair(ours(x.ours), numpys(x.wanted))


def binary(data, x: Pair, y: Pair) -> Pair:
    """Broadcasts where the shapes allow it; else y is turned into a number first."""
    ours, numpys = BINARY[data.draw(some.sampled_from(sorted(BINARY)))]
    try:
        size = int(np.prod(np.broadcast_shapes(x.shape, y.shape)))
    except ValueError:
        size = MOST_ENTRIES + 1
    if size > MOST_ENTRIES:
        y = Pair(y.ours.mean(), y.wanted.mean())
    return Pair(ours(x.ours, y.ours), numpys(x.wanted, y.wanted))


def reduced(data, x: Pair) -> Pair:
    if not x.shape:
        return x
    ours, numpys = REDUCTIONS[data.draw(some.sampled_from(sorted(REDUCTIONS)))]
    axes = tuple(sorted(data.draw(some.sets(some.integers(0, len(x.shape) - 1), min_size=1))))
    keep = data.draw(some.booleans())
    return Pair(ours(x.ours, axes, keep), numpys(x.wanted, axes, keep))


def moved(data, x: Pair) -> Pair:
    kind = data.draw(some.sampled_from(["permute", "flip", "cut", "pad", "flatten", "join", "softmax", "running"]))
    if not x.shape:
        return Pair(x.ours[None], x.wanted[None])
    axis = data.draw(some.integers(0, len(x.shape) - 1))
    match kind:
        case "permute":
            order = data.draw(some.permutations(range(len(x.shape))))
            return Pair(x.ours.permute(order), x.wanted.transpose(order))
        case "flip":
            return Pair(x.ours.flip(axis), np.flip(x.wanted, axis))
        case "cut":
            part = (*(slice(None) for _ in range(axis)), slice(x.shape[axis] // 2, None))
            return Pair(x.ours[part], x.wanted[part])
        case "pad":
            widths = [(1, 2) if place == axis else (0, 0) for place in range(len(x.shape))]
            flat = [width for pair in reversed(widths) for width in pair]
            return Pair(st.pad(x.ours, flat), np.pad(x.wanted, widths))
        case "flatten":
            return Pair(x.ours.reshape(-1, 1), x.wanted.reshape(-1, 1))
        case "join":
            return Pair(st.cat([x.ours, -x.ours], axis), np.concatenate([x.wanted, -x.wanted], axis))
        case "softmax":
            powers = np.exp(x.wanted - x.wanted.max(axis, keepdims=True))
            return Pair(x.ours.softmax(axis), powers / powers.sum(axis, keepdims=True))
        case _:
            scale = 1 / x.shape[axis]
            return Pair(x.ours.cumsum(axis) * scale, x.wanted.cumsum(axis) * scale)


def multiplied(data, x: Pair, y: Pair) -> Pair:
    """A matrix product of what the values can be reshaped into."""
    inner = x.shape[-1] if x.shape else 1
    rows = y.wanted.size // inner
    if rows == 0:
        return x
    left = Pair(x.ours.reshape(-1, inner), x.wanted.reshape(-1, inner))
    flat = y.ours.reshape(-1)[: rows * inner], y.wanted.reshape(-1)[: rows * inner]
    right = Pair(flat[0].reshape(rows, inner).transpose(0, 1), flat[1].reshape(rows, inner).T)
    if left.shape[0] * rows > MOST_ENTRIES:
        return x
    return Pair(left.ours @ right.ours / inner, left.wanted @ right.wanted / inner)


def build(data, leaves: list[Pair]) -> list[Pair]:
    """A graph of a few steps; each takes values made so far, and some are results."""
    values = list(leaves)
    for _ in range(data.draw(some.integers(2, 9))):
        kind = data.draw(some.sampled_from(["unary", "unary", "binary", "binary", "reduced", "moved", "multiplied"]))
        x, y = (values[data.draw(some.integers(0, len(values) - 1))] for _ in range(2))
        if kind in ("binary", "multiplied"):
            made = (binary if kind == "binary" else multiplied)(data, x, y)
        else:
            made = {"unary": unary, "reduced": reduced, "moved": moved}[kind](data, x)
        if 0 < made.wanted.size <= MOST_ENTRIES:
            values.append(made)
    return [values[-1], *values[len(leaves) : -1 : 3]]


SHAPES = some.sampled_from(
    [(), (1,), (5,), (64,), (3, 1), (1, 7), (4, 4), (8, 16), (2, 3, 4), (1, 5, 1), (3, 2, 1, 6), (33, 65)]
)


@pytest.fixture(params=["cpu", "webgpu"])
def device(request):
    chosen = opened(request.param)
    if request.param == "webgpu":
        note_adapter(request.node, f"{chosen.info.adapter} ({chosen.info.backend})")
    session().use_device(chosen)
    yield chosen
    session().use_device(opened("cpu"))


@BOUNDED
@given(some.data())
def test_any_graph_computes_what_numpy_computes(device, data):
    """Absolute error at most 3e-5, for values near 1."""
    results = build(data, [leaf(data.draw(SHAPES), seed) for seed in range(3)])
    st.realize(*(result.ours for result in results))
    for result in results:
        np.testing.assert_allclose(result.ours.numpy(), result.wanted, rtol=3e-5, atol=3e-5)


@BOUNDED
@given(some.data())
def test_any_gradient_is_the_slope_along_a_direction(device, data):
    """The gradient's product with a random direction, against differences of a float64 run of the same graph."""
    shape = data.draw(SHAPES)
    draws = Replayed(data)
    start = leaf(shape, 1)

    def mean_of(x: Pair) -> Pair:
        draws.rewind()
        result = build(draws, [x, leaf((4, 4), 2)])[0]
        return Pair((result.ours * result.ours).mean(), np.asarray((result.wanted**2).mean()))

    variable = Pair(start.ours.requires_grad_(), start.wanted)
    output = mean_of(variable).ours
    if not output.requires_grad:
        return
    output.backward()
    if variable.ours.grad is None:
        return
    direction = np.random.default_rng(5).normal(size=shape)
    direction /= max(1.0, np.linalg.norm(direction))
    found = float((variable.ours.grad.numpy().astype(np.float64) * direction).sum())
    slopes = []
    for step in (1e-4, 5e-5):
        ahead, behind = (mean_of(Pair(start.ours.detach(), start.wanted + sign * step * direction)) for sign in (1, -1))
        slopes.append(float(ahead.wanted - behind.wanted) / (2 * step))
    # A kink between the two points shows as two different slopes: there the derivative is a matter of taste.
    if abs(slopes[0] - slopes[1]) < 1e-6:
        assert found == pytest.approx(slopes[1], rel=1e-3, abs=1e-4)


class Replayed:
    """Draws that give the same answers again after `rewind`."""

    def __init__(self, data) -> None:
        self._data = data
        self._answers: list = []
        self._place = 0

    def rewind(self) -> None:
        self._place = 0

    def draw(self, strategy):
        if self._place == len(self._answers):
            self._answers.append(self._data.draw(strategy))
        self._place += 1
        return self._answers[self._place - 1]
