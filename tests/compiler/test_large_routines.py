"""Routines on tensors past one binding, with a binding of 1 KiB: parts give the same values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spiraltorch_web.compiler.build import build_program
from spiraltorch_web.dtypes import float32, int32
from spiraltorch_web.errors import OutOfMemoryError
from spiraltorch_web.ir import node as nodes
from spiraltorch_web.ir.graph import canonical
from spiraltorch_web.kernels.fft.routine import FFT, Transform
from spiraltorch_web.kernels.rankk import RANK_K, RankKind


@pytest.fixture
def caps(bench):
    return replace(bench.gpu.caps, max_binding_bytes=1024)


def cumsum(x, axis):
    return nodes.routine("cumsum", (x,), (axis,), 0, x.shape, x.dtype)


def scattered(index, updates, rows):
    shape = (rows, *updates.shape[index.ndim :])
    return nodes.routine("scatter_add", (index, updates), (rows,), 0, shape, updates.dtype)


@pytest.mark.parametrize("shape", [(40, 33), (3, 50, 9), (2, 256)])
def test_sorting_cuts_rows(bench, caps, shape):
    x = bench.leaf(*shape)
    bench.check([nodes.routine("argsort", (x,), (False,), 0, shape, int32)], caps=caps)


@pytest.mark.parametrize(("shape", "k"), [((40, 33), 4), ((3, 20, 9), 9), ((2, 256), 1)])
def test_selections_cut_rows(bench, caps, shape, k):
    parts = RANK_K(bench.leaf(*shape), params=(RankKind.MIDK, k, True, None))
    bench.check(list(parts), caps=caps)
    graph, _, _ = canonical(list(parts))
    assert sum("rank_k" in line for line in build_program(graph, caps).report) > 1


@pytest.mark.parametrize(("shape", "axis"), [((40, 33), 1), ((40, 33), 0), ((2000,), 0), ((1, 777, 1), 1)])
def test_scans_cut_other_axes_or_their_own(bench, caps, shape, axis):
    bench.check([cumsum(bench.leaf(*shape), axis)], caps=caps, tolerance=1e-5)


@pytest.mark.parametrize(("shape", "axis"), [((40, 16), 1), ((16, 40), 0), ((3, 2, 50), 2), ((2, 7, 11), 1)])
def test_transforms_cut_lines(bench, caps, shape, axis):
    call = Transform("complex", shape[axis], axis)
    parts = FFT(bench.leaf(*shape), bench.leaf(*shape), params=call)
    bench.check(list(parts), caps=caps, tolerance=1e-5)
    graph, _, _ = canonical(list(parts))
    pieces, alone = (
        sum("fft" in line for line in build_program(graph, limits).report) for limits in (caps, bench.gpu.caps)
    )
    others = max(size for place, size in enumerate(shape) if place != axis)
    assert alone < pieces <= others * alone  # both parts of a piece come from one transform


@pytest.mark.parametrize(
    ("count", "rest", "rows"), [(100, (40,), 90), (1000, (), 20), (20, (), 1000), (700, (2,), 600), (9, (3, 50), 7)]
)
def test_scatter_cuts_columns_rows_or_updates(bench, caps, count, rest, rows):
    numbers = np.random.default_rng(0).integers(-3, rows + 3, count).astype(np.int32)
    index = bench.holding(numbers, int32)
    bench.check([scattered(index, bench.leaf(count, *rest), rows)], caps=caps, tolerance=1e-5)


def test_one_row_that_is_too_long_is_refused_with_its_size(bench, caps):
    x = bench.leaf(5000, dtype=float32)
    graph, _, _ = canonical([nodes.routine("argsort", (x,), (False,), 0, (5000,), int32)])
    with pytest.raises(OutOfMemoryError, match=r"argsort needs 20,000 bytes of \(5000,\) at once.*1,024 bytes"):
        build_program(graph, caps)
