"""Hypergrad tapes: steps that equal closed forms, zeros that keep every bit, and faults that change nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web import nn
from spiraltorch_web.errors import ArgumentError, ShapeError, TraceError
from spiraltorch_web.zspace import AmegaHypergrad, Hypergrad, LanguageWaveEncoder, OpenCartesianTopos, PoincareBall


def points(rows: int, cols: int, curvature: float, largest: float = 0.95, seed: int = 0) -> np.ndarray:
    """float32 points inside the ball, up to a share ``largest`` of its radius."""
    random = np.random.default_rng(seed)
    directions = random.standard_normal((rows, cols))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return (directions * random.uniform(0, largest, (rows, 1)) / math.sqrt(-curvature)).astype(np.float32)


def stepped(x: np.ndarray, gradient: np.ndarray, lr: float, curvature: float) -> np.ndarray:
    """exp_x(−lr·rgrad) in float64, from the textbook formulas."""
    x, gradient, c = x.astype(np.float64), gradient.astype(np.float64), -curvature
    gap = 1 - c * (x * x).sum(-1, keepdims=True)
    v = -lr * (gap / 2) ** 2 * gradient
    norm = np.linalg.norm(v, axis=-1, keepdims=True)
    unit = v / np.where(norm > 0, norm, 1)
    y = np.tanh(math.sqrt(c) * norm / gap) * unit / math.sqrt(c)
    xy, xx, yy = (x * y).sum(-1, keepdims=True), (x * x).sum(-1, keepdims=True), (y * y).sum(-1, keepdims=True)
    return ((1 + 2 * c * xy + c * yy) * x + (1 - c * xx) * y) / (1 + 2 * c * xy + c * c * xx * yy)


def bits(tensor) -> list[int]:
    return np.asarray(tensor.numpy()).view(np.uint32).tolist()


@pytest.mark.parametrize("curvature", [-1.0, -0.3, -4.0])
def test_a_step_follows_the_geodesic(device, curvature):
    x, gradient = points(20, 5, curvature), np.random.default_rng(1).standard_normal((20, 5)).astype(np.float32)
    tape, weights = Hypergrad(curvature, 0.3, 20, 5), st.tensor(x)
    tape.accumulate_wave(st.tensor(gradient))
    tape.apply(weights)
    np.testing.assert_allclose(weights.numpy(), stepped(x, gradient, 0.3, curvature), rtol=2e-5, atol=2e-6)
    assert tape.depth == 0 and not np.any(tape.gradient().numpy())


@pytest.mark.parametrize("manifold", ["ball", "flat"])
def test_a_zero_gradient_keeps_every_bit(device, manifold):
    x = points(8, 3, -1.0, 0.9999, seed=2)
    x[0] = [-0.0, 1e-40, 0.5]
    gradient = np.random.default_rng(3).standard_normal((8, 3)).astype(np.float32)
    gradient[::2] = 0.0
    gradient[0, 1] = -0.0
    weights = st.tensor(x) if manifold == "ball" else nn.Parameter(st.tensor(x))
    tape = Hypergrad(-1.0, 0.1, 8, 3)
    before = bits(weights)
    tape.accumulate_wave(st.zeros(8, 3))
    tape.apply(weights)
    assert bits(weights) == before
    tape.accumulate_wave(st.tensor(gradient))
    tape.apply(weights)
    after = bits(weights)
    assert after[::2] == before[::2]
    assert all(new != old for new, old in zip(after[1::2], before[1::2], strict=True))


def test_a_tape_on_a_flat_parameter_learns_a_line():
    """y = 2x + 1: forced into a ball this stalls at an error of 2.62."""
    st.manual_seed(0)
    model = nn.Linear(1, 1)
    model.attach_hypergrad(-1.0, 0.1)
    x = st.linspace(-1, 1, 32).reshape(-1, 1)
    y = 2.0 * x + 1.0

    @st.compile
    def step(x, y):
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        model.apply_step()
        return loss

    for _ in range(200):
        loss = step(x, y)
    assert loss.item() < 1e-4
    assert model.weight.item() == pytest.approx(2.0, abs=1e-2) and model.bias.item() == pytest.approx(1.0, abs=1e-2)


def test_text_is_absorbed_and_reached():
    """The seed's first snippet, repeated: weights in the ball arrive at the text's point."""
    encoder = LanguageWaveEncoder(-1.0, 0.6)
    target = encoder.encode_z_space("SpiralTorch dances in Z-space")
    weights = st.Tensor(*target.shape())
    tape = AmegaHypergrad(-1.0, 1.0, *target.shape())
    for _ in range(80):
        tape.accumulate_pair(weights, target)
        tape.apply(weights)
    assert st.zspace.geometry.distance(weights, target).item() < 1e-4
    tape.absorb_text(encoder, "SpiralTorch dances in Z-space")
    np.testing.assert_allclose(tape.gradient().numpy(), target.numpy(), atol=1e-6)
    wide = Hypergrad(-1.0, 0.1, 3, 8)
    wide.absorb_text(encoder, "any length")
    np.testing.assert_allclose(
        wide.gradient().numpy(), np.repeat(encoder.encode_z_space("any length", width=8).numpy(), 3, 0), atol=1e-6
    )


def test_complex_waves_enter_as_pairs(device):
    wave = LanguageWaveEncoder(-1.0, 0.5).encode_wave("wave")
    tape = Hypergrad(-1.0, 0.1, 1, 8)
    tape.accumulate_complex_wave(wave)
    tape.accumulate_complex_wave(wave)
    z = wave.numpy()[0]
    np.testing.assert_allclose(tape.gradient().numpy()[0], 2 * np.stack([z.real, z.imag], -1).ravel(), rtol=1e-6)
    assert tape.depth == 2


def test_the_summary_leaves_out_what_is_not_finite():
    values = np.array([[1.0, -2.0, 3e30], [math.nan, math.inf, 0.5]], np.float32)
    tape = Hypergrad(-1.0, 0.1, 2, 3)
    tape.accumulate_wave(st.tensor(values))
    found, fine = tape.summary(), values[np.isfinite(values)].astype(np.float64)
    assert found.nonfinite == 2
    assert found.l1 == pytest.approx(np.abs(fine).sum()) and found.linf == pytest.approx(3e30)
    assert found.l2 == pytest.approx(np.linalg.norm(fine)) and found.mean == pytest.approx(fine.mean())
    assert Hypergrad(-1.0, 0.1, 1, 1).summary() == Hypergrad(-1.0, 0.1, 4, 4).summary()


def test_a_compiled_step_is_an_eager_one(device):
    """One recording takes a new learning rate, and what a tape holds lives and ends within the step."""
    x, gradient = points(6, 4, -1.0), st.tensor(np.random.default_rng(5).standard_normal((6, 4)).astype(np.float32))
    tape, eager = Hypergrad(-1.0, 0.2, 6, 4), Hypergrad(-1.0, 0.2, 6, 4)
    weights, expected = st.tensor(x), st.tensor(x)

    @st.compile
    def step(gradient):
        tape.accumulate_wave(gradient)
        tape.accumulate_wave(gradient * 0.5)
        tape.apply(weights)

    for lr in (0.2, 0.2, 0.05):
        tape.lr = eager.lr = lr
        step(gradient)
        eager.accumulate_wave(gradient * 1.5)
        eager.apply(expected)
    np.testing.assert_allclose(weights.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)
    assert len(step.programs()) == 1


def test_a_compiled_step_cannot_keep_or_find_gradients():
    tape, weights = Hypergrad(-1.0, 0.1, 1, 2), st.zeros(1, 2)

    @st.compile
    def keep(gradient):
        tape.accumulate_wave(gradient)
        return gradient.sum()

    @st.compile
    def use(gradient):
        tape.accumulate_wave(gradient)
        tape.apply(weights)

    keep(st.ones(1, 2))
    with pytest.raises(TraceError, match="without applying"):
        tape.gradient()
    tape.reset()
    tape.accumulate_wave(st.ones(1, 2))
    with pytest.raises(TraceError, match="before the compiled step"):
        use(st.ones(1, 2))
    tape.apply(weights)
    use(st.ones(1, 2))
    assert np.isfinite(weights.numpy()).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("manifold", ["ball", "flat"])
def test_a_gradient_that_is_not_finite_changes_nothing(device, manifold, bad):
    x = points(4, 3, -1.0)
    weights = st.tensor(x) if manifold == "ball" else nn.Parameter(st.tensor(x))
    tape = Hypergrad(-1.0, 0.1, 4, 3)
    gradient = np.ones((4, 3), np.float32)
    gradient[2, 1] = bad
    tape.accumulate_wave(st.tensor(gradient))
    tape.apply(weights)
    with pytest.raises(ArgumentError, match="1 "):
        weights.tolist()
    assert np.array_equal(weights.numpy(), x)
    tape.accumulate_wave(st.ones(4, 3))
    tape.apply(weights)
    assert np.isfinite(weights.numpy()).all() and not np.array_equal(weights.numpy(), x)


def test_points_outside_of_the_ball_are_named():
    weights, tape = st.tensor([[0.9, 0.9]]), Hypergrad(-1.0, 0.1, 1, 2)
    tape.accumulate_wave(st.ones(1, 2))
    tape.apply(weights)
    with pytest.raises(ArgumentError, match="1.27279|outside"):
        weights.tolist()
    assert np.array_equal(weights.numpy(), np.array([[0.9, 0.9]], np.float32))


def test_the_topos_limits_what_is_accumulated():
    topos = OpenCartesianTopos(-1.0, saturation=2.0, max_depth=2, max_volume=12)
    tape = Hypergrad(-1.0, 0.1, 3, 4, topos)
    tape.accumulate_wave(st.full((3, 4), 1.5))
    tape.accumulate_wave(st.full((3, 4), math.inf))
    assert tape.gradient().tolist() == [[2.0] * 4] * 3
    with pytest.raises(ArgumentError, match="number 3 .* at most 2"):
        tape.accumulate_wave(st.ones(3, 4))
    tape.reset()
    tape.accumulate_wave(st.ones(3, 4))
    with pytest.raises(ShapeError, match="20 entries"):
        Hypergrad(-1.0, 0.1, 5, 4, topos).accumulate_wave(st.ones(5, 4))


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (lambda: Hypergrad(0.0, 0.1, 1, 1), "0.0"),
        (lambda: Hypergrad(-1.0, -0.1, 1, 1), "-0.1"),
        (lambda: Hypergrad(-1.0, math.nan, 1, 1), "nan"),
        (lambda: Hypergrad(-1.0, 0.1, 0, 1), "rows.*0"),
        (lambda: Hypergrad(-1.0, 0.1, 1, 2.0), "cols.*2.0"),
        (lambda: Hypergrad(-1.0, 0.1, 1, 1, OpenCartesianTopos(-0.5)), "-0.5"),
        (lambda: Hypergrad(-1.0, 0.1, 2, 2).accumulate_wave(st.ones(2, 3)), r"\(2, 3\)"),
        (lambda: Hypergrad(-1.0, 0.1, 2, 2).accumulate_pair(st.ones(2, 2), st.ones(2, 1)), r"\(2, 1\)"),
        (lambda: Hypergrad(-1.0, 0.1, 2, 2).apply(st.ones(3, 2)), r"\(3, 2\)"),
        (lambda: Hypergrad(-1.0, 0.1, 1, 4).absorb_text(LanguageWaveEncoder(-1.001), "ab"), "-1.001"),
        (lambda: Hypergrad(-1.0, 0.1, 1, 4).load_state_dict({"depth": st.tensor(1)}), "curvature, gradient, lr"),
        (
            lambda: Hypergrad(-1.0, 0.1, 1, 4).load_state_dict(Hypergrad(-0.9, 0.1, 1, 4).state_dict()),
            "-0.9",
        ),
    ],
)
def test_what_does_not_fit_is_named(act, named):
    with pytest.raises(ArgumentError, match=named):
        act()


def test_curvatures_of_parameter_and_tape_have_to_agree():
    weights = nn.Parameter(st.zeros(2, 3), manifold=PoincareBall(-0.5))
    tape = Hypergrad(-1.0, 0.1, 2, 3)
    tape.accumulate_wave(st.ones(2, 3))
    with pytest.raises(ArgumentError, match="-0.5"):
        tape.apply(weights)
    assert tape.depth == 1
    model = nn.Linear(3, 2)
    model.points = weights
    with pytest.raises(ArgumentError, match="points.*-0.5.*-1"):
        model.attach_hypergrad(-1.0, 0.1)
    assert not model.hypergrads()


@pytest.mark.parametrize("suffix", ["safetensors", "json", "npz"])
def test_a_tape_goes_on_from_a_file(tmp_path, suffix):
    tape = Hypergrad(-0.9, 0.05, 2, 3)
    tape.accumulate_wave(st.tensor([[1.0, -2.0, 0.25], [0.0, 3.0, -1.5]]))
    tape.accumulate_wave(st.ones(2, 3))
    st.save(tape, tmp_path / f"tape.{suffix}")
    other = Hypergrad(-0.9, 1.0, 2, 3)
    other.load_state_dict(st.load(tmp_path / f"tape.{suffix}"))
    assert (other.depth, other.gradient().tolist()) == (2, tape.gradient().tolist())
    weights, expected = st.zeros(2, 3), st.zeros(2, 3)
    other.apply(weights)
    tape.apply(expected)
    assert bits(weights) == bits(expected)
