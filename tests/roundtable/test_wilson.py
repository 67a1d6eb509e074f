"""The Wilson interval against published figures and against the equation that it solves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.roundtable.wilson import wilson_interval

# R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998),
# 857-872, table I, method 3; four digits.
NEWCOMBE = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


@pytest.mark.parametrize(("wins", "trials", "low", "high"), NEWCOMBE)
def test_published_intervals(wins, trials, low, high):
    assert wilson_interval(wins, trials) == pytest.approx((low, high), abs=5e-5)  # half of the last digit


@st.composite
def counts(draw):
    trials = draw(st.integers(1, 10_000))
    return draw(st.integers(0, trials)), trials


@given(counts(), st.floats(0.1, 6))
def test_its_ends_are_where_the_score_test_changes_its_mind(count, z):
    """Wilson's definition: (p̂ − p)² = z²·p(1−p)/n at both ends."""
    wins, trials = count
    low, high = wilson_interval(wins, trials, z)
    assert 0 <= low <= wins / trials <= high <= 1
    for p in (low, high):
        gap = (wins / trials - p) ** 2 - z * z * p * (1 - p) / trials
        assert math.isclose(gap, 0, abs_tol=1e-12 * max(1, z * z))  # a handful of roundings of numbers up to z²


@given(counts())
def test_wins_and_losses_mirror_each_other(count):
    wins, trials = count
    low, high = wilson_interval(wins, trials)
    assert wilson_interval(trials - wins, trials) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_counts_may_come_from_numpy():
    won = np.array([1, 1, 0, 1]) > 0
    found = wilson_interval(won.sum(), np.int32(won.size), np.float32(2))
    assert found == wilson_interval(3, 4, 2.0)
    assert all(type(end) is float for end in found)


def test_no_trial_says_nothing():
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("wins", "trials", "z"),
    [(-1, 5, 1.96), (6, 5, 1.96), (1, -1, 1.96), (1.0, 2, 1.96), (True, 2, 1.96), (1, 2, 0), (1, 2, math.nan)],
)
def test_bad_counts_are_refused(wins, trials, z):
    with pytest.raises(ArgumentError, match="wilson_interval"):
        wilson_interval(wins, trials, z)
