"""Loops beyond the 65,535 turns after which Mesa's CPU driver silently stops."""

from __future__ import annotations

import numpy as np
import pytest

from spiraltorch_web.dtypes import int32
from spiraltorch_web.ir import node as nodes
from spiraltorch_web.ir.ops import Op

LONG = 300_001


PLACES = [((LONG,), (0,)), ((LONG, 2), (0,)), ((70, LONG), (1,))]
RANKED = (Op.ARGMAX, Op.ARGMIN)


@pytest.mark.parametrize(
    ("op", "shape", "axes"),
    [
        *((op, *place) for op in (Op.SUM, Op.MAX, *RANKED) for place in PLACES),
        *((op, (3, 3, 99_999), (0, 2)) for op in (Op.SUM, Op.MAX)),
    ],
)
def test_long_reductions(bench, op, shape, axes):
    values = np.random.default_rng(0).integers(-9, 10, shape)
    for array, dtype in ((values.astype(np.float32), None), (values.astype(np.int32), int32)):
        leaf = bench.holding(array, *(() if dtype is None else (dtype,)))
        bench.check([nodes.reduce(op, leaf, axes)])


def test_nan_wins_in_long_rows(bench):
    values = np.zeros((2, LONG), np.float32)
    values[1, LONG - 5], values[1, 7] = np.nan, 3
    values[0, LONG - 1] = 1
    bench.check([nodes.reduce(op, bench.holding(values), (1,)) for op in RANKED])


@pytest.mark.parametrize(("m", "n"), [(1, 9), (9, 1), (5, 7), (20, 24)])
def test_long_products(bench, m, n):
    random = np.random.default_rng(0)
    a = bench.holding(random.integers(-3, 4, (2, m, LONG)).astype(np.float32))
    b = bench.holding(random.integers(-3, 4, (2, LONG, n)).astype(np.float32))
    bench.check([nodes.matmul(a, b)])


def test_many_updates_of_one_row(bench):
    index = bench.holding((np.arange(LONG) % 3).astype(np.int32), int32)
    updates = bench.holding(np.ones(LONG, np.float32))
    bench.check([nodes.routine("scatter_add", (index, updates), (4,), 0, (4,), updates.dtype)])
