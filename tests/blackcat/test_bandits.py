"""Bandits: their posterior against linear algebra, their regret against ε-greedy's, and what they refuse."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from spiraltorch_web.blackcat import BayesianLinear, LinUCB, ThompsonSampling
from spiraltorch_web.blackcat.linear import PRIOR_PRECISION, PRIOR_SCALE, PRIOR_SHAPE
from spiraltorch_web.errors import ArgumentError

from .synthetic import EpsilonGreedy, exponent, play

SEEDS = range(4)


@pytest.fixture(scope="module")
def baseline():
    return [play(EpsilonGreedy, seed) for seed in SEEDS]


@pytest.mark.parametrize("make", [ThompsonSampling, LinUCB])
def test_regret_is_sublinear_and_a_third_of_epsilon_greedys_at_most(make, baseline):
    curves = [play(make, seed) for seed in SEEDS]
    assert sum(curve.total for curve in curves) <= sum(curve.total for curve in baseline) / 3
    assert exponent(curves) < 0.5 < exponent(baseline)


def test_the_posterior_is_that_of_the_closed_form():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(40, 3)), random.normal(size=40)
    model = BayesianLinear(3)
    for row, value in zip(x.tolist(), y.tolist(), strict=True):
        model.update(row, value)
    precision = PRIOR_PRECISION * np.eye(3) + x.T @ x
    mean = np.linalg.solve(precision, x.T @ y)
    shape = PRIOR_SHAPE + 20
    scale = PRIOR_SCALE + (y @ y - mean @ precision @ mean) / 2
    np.testing.assert_allclose(model.mean, mean, rtol=1e-10)
    assert model.noise == pytest.approx(math.sqrt(scale / shape))
    at = [0.3, -1.0, 2.0]
    assert model.deviation(at) == pytest.approx(math.sqrt(at @ np.linalg.solve(precision, at)))
    generator = Random(1)
    draws = np.array([model.sample(generator) for _ in range(8000)])
    # The marginal is Student's t: its covariance is b/(a − 1)·Λ⁻¹.
    covariance = scale / (shape - 1) * np.linalg.inv(precision)
    np.testing.assert_allclose(draws.mean(0), mean, atol=5 * math.sqrt(covariance.max() / 8000))
    np.testing.assert_allclose(np.cov(draws.T), covariance, atol=0.1 * covariance.max())


@pytest.mark.parametrize("make", [ThompsonSampling, LinUCB])
@pytest.mark.parametrize("size", [1e-30, 1.0, 1e9, 1e99])
def test_features_that_depend_on_each_other_are_survived(make, size):
    """Their matrix is singular but for the prior, which rounding loses beside large numbers."""
    bandit, random = make(2, 3, seed=1), Random(0)
    for _ in range(200):
        level = size * random.uniform(0.5, 1.0)
        arm = bandit.choose([level, level, 2 * level])
        bandit.update(arm, [level, level, 2 * level], float(arm))
    if size >= 1:  # what is next to nothing tells nothing
        assert bandit.models[1].count > bandit.models[0].count


@pytest.mark.parametrize("make", [ThompsonSampling, LinUCB])
@pytest.mark.parametrize(
    ("act", "named"),
    [
        (lambda make: make(1, 8), "arms.*≥ 2, got 1"),
        (lambda make: make(2, 0), "features.*≥ 1, got 0"),
        (lambda make: make(2, 2).choose(None), "2 finite numbers, got None"),
        (lambda make: make(2, 2).choose([]), "2 finite numbers, got 0"),
        (lambda make: make(2, 2).choose([1.0]), "2 finite numbers, got 1"),
        (lambda make: make(2, 2).choose([1.0, math.nan]), "nan"),
        (lambda make: make(2, 2).update(2, [1.0, 0.0], 1.0), "0 to 1, got 2"),
        (lambda make: make(2, 2).update(0, [1.0, 0.0], math.nan), "reward.*nan"),
        (lambda make: make(2, 2).update(0, [1.0, 0.0], -1e200), "up to 1e\\+100.*-1e\\+200"),
        (lambda make: make(2, 2).choose([1.0, 1e200]), "up to 1e\\+100.*1e\\+200"),
    ],
)
def test_what_does_not_fit_is_named(make, act, named):
    with pytest.raises(ArgumentError, match=named):
        act(make)
