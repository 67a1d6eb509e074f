"""The tuner's judge and the benchmark's: both accept NumPy's answer on every distribution and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.kernels.rankk.choice import RankKind
from spiraltorch_web.kernels.rankk.problem import RankProblem
from spiraltorch_web.kernels.rankk.reference import rank_reference
from spiraltorch_web.tensor import tensor
from spiraltorch_web.tuning.check import wrong_rows
from spiraltorch_web.tuning.inputs import DISTRIBUTIONS, matrix
from tests.bench.rankk_shapes import wrong_rows as wrong_rows_in_numpy
from tests.support.sessions import cpu_unless_asked, device  # noqa: F401  fixtures

ROWS, COLS = 5, 37
kinds = some.sampled_from(RankKind)


def both(kind: RankKind, x: np.ndarray, values: np.ndarray, indices: np.ndarray) -> set[int]:
    """What the two judges say."""
    on_device = wrong_rows(kind, tensor(x), tensor(values), tensor(indices))
    return {on_device, wrong_rows_in_numpy(kind, x, values, indices)}


def right(kind: RankKind, x: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    return rank_reference(np, x, RankProblem(kind, *x.shape, k))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_the_right_answer_is_accepted_everywhere(device, distribution):  # noqa: F811
    x = matrix(distribution, ROWS, COLS)
    for kind in RankKind:
        for k in (1, 2, 36, 37):
            assert both(kind, x.numpy(), *right(kind, x.numpy(), k)) == {0}, (kind, k)


SPECIAL = np.array([0.0, -0.0, 1e-40, -1e-40, 3e-45, np.inf, -np.inf, np.nan, 1.0, -1.0, 3.4e38], np.float32)


@settings(max_examples=60, deadline=None)
@given(kinds, some.lists(some.sampled_from(range(len(SPECIAL))), min_size=1, max_size=12), some.data())
def test_special_values_are_judged_by_their_bits(kind, picked, data):
    x = SPECIAL[picked][None]
    k = data.draw(some.integers(1, x.shape[1]))
    assert both(kind, x, *right(kind, x, k)) == {0}


@settings(max_examples=80, deadline=None)
@given(kinds, some.integers(1, 9), some.integers(0, 2**32), some.data())
def test_any_change_of_an_answer_is_found(kind, k, seed, data):
    random = np.random.default_rng(seed)
    x = random.integers(0, 6, (3, 9)).astype(np.float32)
    x[random.random(x.shape) < 0.2] = np.nan
    values, indices = right(kind, x, k)
    row, slot = data.draw(some.integers(0, 2)), data.draw(some.integers(0, k - 1))
    changed_values, changed_indices = values.copy(), indices.copy()
    changed_indices[row, slot] = data.draw(some.integers(-2, 9).filter(lambda i: i != indices[row, slot]))
    assert both(kind, x, values, changed_indices) == {1}
    changed_values[row, slot] = data.draw(some.sampled_from([-7.0, 7.0, 0.5]))
    assert both(kind, x, changed_values, indices) == {1}
    if k > 1:
        other = (slot + 1) % k
        swapped_values, swapped_indices = values.copy(), indices.copy()
        swapped_values[row, [slot, other]] = values[row, [other, slot]]
        swapped_indices[row, [slot, other]] = indices[row, [other, slot]]
        missing = indices[row, slot] < 0 and indices[row, other] < 0
        assert both(kind, x, swapped_values, swapped_indices) == {0 if missing else 1}


def test_a_distribution_that_is_not_there_is_named():
    with pytest.raises(ArgumentError, match="'sawtooth'; there are normal"):
        matrix("sawtooth", 2, 2)
