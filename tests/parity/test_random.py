"""Random numbers: known answers, the same on every device, and right distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spiraltorch_web as st


def _reference_uniforms(seed: int, draw: int, count: int) -> np.ndarray:
    """`rand` spelled out with the block cipher alone."""
    from spiraltorch_web.device.cpu_special import threefry

    with np.errstate(over="ignore"):
        key = [np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32)]
        zero = np.uint32(0)
        own = [threefry(*key, np.uint32(2 * draw + word), zero)[0] for word in range(2)]
        bits = threefry(*own, np.arange(count, dtype=np.uint32), zero)[0]
    return (bits >> np.uint32(8)).astype(np.float32) * np.float32(2**-24)


@pytest.mark.parametrize("seed", [0, 1, 2**40 + 3])
def test_uniforms_are_the_same_bits_everywhere(device, seed):
    st.manual_seed(seed)
    for draw in range(3):
        assert st.rand(1000).numpy().tobytes() == _reference_uniforms(seed, draw, 1000).tobytes()


def test_symmetric_uniforms_are_the_same_bits_everywhere(device):
    st.manual_seed(5)
    bound = 1 / math.sqrt(784)
    got = st.zeros(1000).uniform_(-bound, bound).numpy()
    whole = (_reference_uniforms(5, 0, 1000) * np.float32(2**25)).astype(np.int64) - 2**24
    assert got.tobytes() == (whole.astype(np.float32) * np.float32(bound * 2**-24)).tobytes()


def test_normals_agree_with_box_and_muller_in_float64(device):
    st.manual_seed(0)
    got = st.randn(20_000).numpy()
    both = _reference_uniforms(0, 0, 40_000).astype(np.float64)
    wanted = np.sqrt(-2 * np.log(both[:20_000] + 2**-24)) * np.cos(2 * np.pi * both[20_000:])
    np.testing.assert_allclose(got, wanted, rtol=0, atol=4e-6)


def test_distributions(device):
    st.manual_seed(1)
    normal = st.randn(50_000).numpy()
    assert abs(normal.mean()) < 0.02
    assert abs(normal.std() - 1) < 0.02
    assert abs((normal**3).mean()) < 0.06
    uniform = st.rand(50_000).numpy()
    assert 0 <= uniform.min() and uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01
    whole = st.randint(-2, 3, (10_000,)).numpy()
    assert sorted(set(whole.tolist())) == [-2, -1, 0, 1, 2]
    coins = st.bernoulli(st.full((10_000,), 0.3)).numpy()
    assert abs(coins.mean() - 0.3) < 0.02


def test_permutations(device):
    st.manual_seed(2)
    first, second = st.randperm(500).tolist(), st.randperm(500).tolist()
    assert sorted(first) == sorted(second) == list(range(500))
    assert first != second


def test_states_can_be_kept(device):
    generator = st.Generator(9)
    st.rand(3, generator=generator)
    state = generator.get_state()
    first = st.randn(4, generator=generator).tolist()
    generator.set_state(state)
    assert st.randn(4, generator=generator).tolist() == first


def test_draws_in_a_compiled_step_go_on_with_the_stream(device):
    @st.compile
    def step():
        return st.rand(5)

    st.manual_seed(3)
    compiled = [step().tolist() for _ in range(3)]
    st.manual_seed(3)
    assert compiled == [st.rand(5).tolist() for _ in range(3)]


def test_dropout_scales_what_it_keeps(device):
    st.manual_seed(4)
    kept = st.dropout(st.ones(10_000), 0.25).numpy()
    assert set(np.unique(kept).tolist()) == {0.0, np.float32(1 / 0.75)}
    assert abs((kept == 0).mean() - 0.25) < 0.02
    x = st.ones(3)
    assert st.dropout(x, 0.25, training=False) is x


def test_draws_without_replacement_are_distinct(device):
    weights = st.tensor([[0.0, 1.0, 2.0, 3.0]])
    for seed in range(5):
        st.manual_seed(seed)
        drawn = st.multinomial(weights, 3).tolist()[0]
        assert sorted(drawn) == [1, 2, 3]
