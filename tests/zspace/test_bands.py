"""Roundtable bands against a split by sorting: who belongs where, nothing lost, and what the bands weigh."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import spiraltorch_web as st
from spiraltorch_web.errors import ArgumentError, ShapeError
from spiraltorch_web.zspace import RoundtableConfig, RoundtableSchedule

ENTRIES = some.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, 1e-40, 1e30, math.inf, -math.inf, math.nan])


def count(k: int | float, n: int) -> int:
    return min(k, n) if isinstance(k, int) else min(max(1, math.floor(k * n + 0.5)), n) if k else 0


def places(g: np.ndarray, config: RoundtableConfig) -> tuple[np.ndarray, np.ndarray]:
    """Where Above and Beneath are, by sorting."""
    flat = g.ravel()
    ranked = [i for i in range(flat.size) if np.isfinite(flat[i]) and abs(flat[i]) > config.here_tolerance]
    above = sorted(ranked, key=lambda i: (-abs(flat[i]), i))[: count(config.top_k, flat.size)]
    rest = [i for i in ranked if i not in set(above)]
    beneath = sorted(rest, key=lambda i: (abs(flat[i]), i))[: count(config.bottom_k, flat.size)]
    masks = np.zeros((2, flat.size), bool)
    masks[0, above], masks[1, beneath] = True, True
    return masks[0].reshape(g.shape), masks[1].reshape(g.shape)


def agree(g: np.ndarray, config: RoundtableConfig) -> None:
    bands = RoundtableSchedule(*g.shape, config).split(st.tensor(g))
    above, beneath = places(g, config)
    assert np.array_equal(bands.above_mask.numpy(), above)
    assert np.array_equal(bands.beneath_mask.numpy(), beneath)
    for part, mask in ((bands.above, above), (bands.beneath, beneath), (bands.here, ~(above | beneath))):
        assert np.array_equal(part.numpy(), np.where(mask, g, 0.0), equal_nan=True)
    assert bands.combine().numpy().view(np.uint32).tolist() == g.view(np.uint32).tolist()


@settings(max_examples=60, deadline=None)
@given(
    some.lists(some.lists(ENTRIES, min_size=4, max_size=4), min_size=1, max_size=3),
    some.sampled_from([0, 1, 3, 20, 0.0, 0.25, 0.4, 1.0]),
    some.sampled_from([0, 1, 3, 20, 0.0, 0.25, 0.4, 1.0]),
    some.sampled_from([0.0, 0.5, 1.0]),
)
def test_bands_are_those_of_a_sort(rows, top_k, bottom_k, tolerance):
    agree(np.array(rows, np.float32), RoundtableConfig(top_k, 0.5, bottom_k, tolerance))


@pytest.mark.parametrize("shape", [(1, 2), (3, 7), (64, 50)])
def test_bands_on_every_device(device, shape):
    g = np.random.default_rng(0).integers(-6, 7, shape).astype(np.float32) / 4
    agree(g, RoundtableConfig(0.25, 0.5, 0.25, 0.3))


def test_a_compiled_split_reads_nothing_and_restores_the_bits(device):
    schedule = RoundtableSchedule(4, 8)
    g = st.tensor(np.random.default_rng(1).standard_normal((4, 8)).astype(np.float32))
    combined = st.compile(lambda g: schedule.split(g).combine())(g)
    assert combined.numpy().tobytes() == g.numpy().tobytes()


def test_scaling_scales_each_band(device):
    g = np.array([[4.0, -3.0, 2.0, -1.0]], np.float32)
    bands = RoundtableSchedule(1, 4).split(st.tensor(g))
    assert bands.scale(above=0.5, here=2.0, beneath=st.tensor(0.0)).combine().tolist() == [[2.0, -6.0, 4.0, 0.0]]


def test_energy_is_the_l1_norm_and_drift_how_far_shares_move(device):
    schedule = RoundtableSchedule(1, 4)
    first = schedule.band_energy(st.tensor([[4.0, -3.0, 2.0, -1.0]]))
    assert [float(part) for part in first] == [4.0, 5.0, 1.0, 0.0]
    assert f"{first.above:.3f}" == "4.000"
    measured = schedule.measured(st.tensor([[7.0, 1.0, 1.0, 1.0]]))
    for energy in (measured, schedule.band_energy(st.tensor([[7.0, 1.0, 1.0, 1.0]]))):
        assert float(energy.drift) == pytest.approx(0.3, abs=1e-6)
    assert float(schedule.band_energy(st.tensor([[7.0, 1.0, 1.0, 1.0]])).drift) == 0.0
    assert float(schedule.band_energy(st.zeros(1, 4)).drift) == pytest.approx(0.5)


def test_the_op_module_of_the_roundtable():
    assert st.roundtable.zspace_round.RoundtableSchedule is RoundtableSchedule


def test_plans_are_those_of_rank_k():
    above, here, beneath = RoundtableSchedule(2, 8, RoundtableConfig(3, 0.5, 0)).plans
    assert (above.cols, above.k, here.k, beneath) == (16, 3, 8, None)


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (lambda: RoundtableConfig(top_k=-1), "top_k.*-1"),
        (lambda: RoundtableConfig(bottom_k=1.5), "bottom_k.*1.5"),
        (lambda: RoundtableConfig(mid_k=True), "mid_k.*True"),
        (lambda: RoundtableConfig(here_tolerance=math.nan), "here_tolerance.*nan"),
        (lambda: RoundtableSchedule(0, 4), "rows.*0"),
        (lambda: RoundtableSchedule(1, 4).split(st.ones(1, 5)), r"\(1, 5\)"),
        (lambda: RoundtableSchedule(1, 4).split(st.tensor(1.0)), r"\(\)"),
        (lambda: RoundtableSchedule(1, 4).split(st.ones(0, 4)), r"\(0, 4\)"),
    ],
)
def test_what_does_not_fit_is_named(act, named):
    with pytest.raises((ArgumentError, ShapeError), match=named):
        act()
