"""Fused programs give the CPU device's values, in as few launches as promised."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from spiraltorch_web.dtypes import bool_, float32, int32, uint32
from spiraltorch_web.ir import node as ir
from spiraltorch_web.ir.node import ConvSpec
from spiraltorch_web.ir.ops import Op

E = ir.elementwise


def across(x, shape):
    """Broadcast with axes added in front."""
    return ir.expand(ir.reshape(x, (1,) * (len(shape) - x.ndim) + x.shape), shape)


def along_rows(x, shape):
    return ir.expand(ir.reshape(x, (*x.shape, 1)), shape)


def transposed(x):
    return ir.permute(x, (1, 0))


def filled(like, value):
    return ir.const(value, like.dtype, like.shape)


def test_bias_and_activation_join_the_product(bench):
    x, w, b = bench.leaf(33, 50), bench.leaf(40, 50), bench.leaf(40)
    z = E(Op.ADD, ir.matmul(x, transposed(w)), across(b, (33, 40)))
    program = bench.check([E(Op.MAXIMUM, z, filled(z, 0))])
    assert len(program.dispatches) == 1


def test_softmax_is_one_kernel(bench):
    x = bench.leaf(37, 10)
    top = along_rows(ir.reduce(Op.MAX, x, (1,)), x.shape)
    e = E(Op.EXP, E(Op.SUB, x, top))
    total = ir.reduce(Op.SUM, e, (1,))
    program = bench.check([E(Op.DIV, e, along_rows(total, x.shape)), E(Op.LOG, total)])
    assert len(program.dispatches) == 1


def test_layer_norm_is_one_kernel(bench):
    x, gain = bench.leaf(6, 7, 96), bench.leaf(96)
    shape = x.shape
    mean = E(Op.MUL, ir.reduce(Op.SUM, x, (2,)), ir.const(1 / 96, float32, (6, 7)))
    centred = E(Op.SUB, x, along_rows(mean, shape))
    variance = E(Op.MUL, ir.reduce(Op.SUM, E(Op.MUL, centred, centred), (2,)), ir.const(1 / 96, float32, (6, 7)))
    scale = E(Op.RSQRT, E(Op.ADD, variance, filled(variance, 1e-5)))
    program = bench.check([E(Op.MUL, E(Op.MUL, centred, along_rows(scale, shape)), across(gain, shape))])
    assert len(program.dispatches) == 1


def test_an_update_joins_the_gradient_it_needs(bench):
    x, g = bench.leaf(64, 24), bench.leaf(64, 32)
    w, m, rate = bench.leaf(32, 24), bench.leaf(32, 24), bench.leaf()
    gradient = ir.matmul(transposed(g), x)
    momentum = E(Op.ADD, E(Op.MUL, m, filled(m, 0.9)), gradient)
    updated = E(Op.SUB, w, E(Op.MUL, across(rate, w.shape), momentum))
    program = bench.check([updated, momentum], [w, m])
    assert len(program.dispatches) == 1
    assert program.temporary_bytes == 0


def test_an_update_waits_for_readers_of_the_old_value(bench):
    x, w = bench.leaf(8, 16), bench.leaf(16, 16)
    forward = ir.matmul(x, w)
    gradient = ir.matmul(transposed(x), forward)
    back = ir.matmul(forward, transposed(w))
    program = bench.check([E(Op.SUB, w, gradient), back], [w, None])
    assert len(program.dispatches) == 3


def test_swapping_two_buffers_in_place(bench):
    a, b = bench.leaf(100), bench.leaf(100)
    bench.check([E(Op.NEG, b), E(Op.NEG, a)], [a, b])
    bench.check([b, a], [a, b])


def test_overwriting_with_a_view_of_itself(bench):
    a = bench.leaf(12, 12)
    bench.check([E(Op.ADD, transposed(a), a)], [a])


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("op", [Op.SUM, Op.MAX, Op.MIN, Op.PROD])
def test_reductions_over_any_axes(bench, op, axes):
    x = bench.leaf(5, 33, 7)
    if op is Op.PROD:
        x = E(Op.TANH, x)
    bench.check([ir.reduce(op, x, axes)], tolerance=1e-5)


@pytest.mark.parametrize("op", [Op.ARGMAX, Op.ARGMIN])
@pytest.mark.parametrize("dtype", [float32, int32])
def test_the_first_of_equal_extremes_wins(bench, op, dtype):
    x = bench.leaf(9, 70, 3, dtype=dtype)
    for axis in range(3):
        bench.check([ir.reduce(op, x, (axis,))])


def test_nan_is_the_largest(bench):
    x = np.zeros((4, 6), np.float32)
    x[1, 3] = np.nan
    x[2, 2] = np.inf
    leaf = bench.holding(x)
    bench.check([ir.reduce(Op.MAX, leaf, (1,)), ir.reduce(Op.ARGMAX, leaf, (1,)), ir.reduce(Op.MIN, leaf, (1,))])


def test_long_reductions_run_in_two_stages(bench):
    x = bench.leaf(300, 1000)
    assert len(bench.check([ir.reduce(Op.SUM, x, (0, 1))], tolerance=1e-5).dispatches) == 2
    y = bench.leaf(40000, 3)
    assert len(bench.check([ir.reduce(Op.MAX, y, (0,))]).dispatches) == 2


@pytest.mark.parametrize("software", [True, False])
def test_row_layouts_of_both_kinds_of_device(bench, software):
    caps = replace(bench.gpu.caps, software=software)
    for shape, axes in [((3, 1000), (1,)), ((1000, 3), (0,)), ((70, 16), (1,)), ((16, 70), (0,)), ((2, 9, 40), (0, 2))]:
        x = bench.leaf(*shape)
        total = ir.reduce(Op.SUM, x, axes)
        shares = E(
            Op.SUB, x, ir.expand(ir.reshape(total, tuple(1 if i in axes else n for i, n in enumerate(shape))), shape)
        )
        bench.check([shares, ir.reduce(Op.MAX, shares, axes), total], caps=caps, tolerance=1e-5)


@pytest.mark.parametrize("software", [True, False])
def test_random_numbers_are_written_once_for_software_adapters(bench, software):
    caps = replace(bench.gpu.caps, software=software)
    key, counter = bench.leaf(4096, dtype=uint32), bench.leaf(4096, dtype=uint32)
    drawn = E(Op.THREEFRY, key, key, counter)
    program = bench.check([E(Op.SHR, drawn, ir.const(8, uint32, drawn.shape))], caps=caps)
    (kernel,) = program.kernels
    calls = kernel.source.count("st_threefry(") - 1
    assert calls == (1 if software else 4)


def test_views_compose_without_copies(bench):
    x = bench.leaf(6, 8, 10)
    y = ir.flip(ir.pad(x, [(1, 2, 0), (0, 0, 1), (0, 3, 2)], 7.0), (0, 2))
    y = ir.shrink(y, [(1, 8, 2), (0, 15, 3), (2, 30, 1)])
    y = ir.reshape(ir.permute(y, (2, 0, 1)), (28 * 4, 5))
    assert len(bench.check([E(Op.EXP, y)]).dispatches) == 1


def test_reductions_of_one_space_part_where_they_need_too_many_buffers(bench):
    # The biases' gradients of equal layers, each with its update.
    updates = []
    for _ in range(7):
        gradient = ir.reduce(Op.SUM, bench.leaf(40, 12), (0,))
        updates += [E(Op.SUB, bench.leaf(12), gradient), E(Op.MUL, gradient, gradient)]
    program = bench.check(updates, caps=replace(bench.gpu.caps, max_storage_buffers=8))
    assert len(program.dispatches) <= 5


def test_no_variable_is_called_like_a_type(bench):
    # A 32nd name that is an index must not be i32, which would hide the type.
    piece = bench.leaf(3)
    for count in range(8, 24):
        for output in (ir.concat([piece] * count, 0), E(Op.NEG, ir.concat([piece] * count, 0))):
            (kernel,) = bench.program([output]).kernels
            assert not re.search(r"\blet [fiu](16|32)\b", kernel.source)


def test_concat_of_many_pieces_fits_the_default_limits(bench):
    pieces = [bench.leaf(3, 1 + i % 4) for i in range(20)]
    bench.check([ir.concat(pieces, 1)], caps=replace(bench.gpu.caps, max_storage_buffers=8))


def test_a_sum_of_many_operands_fits_the_default_limits(bench):
    total = bench.leaf(50)
    for _ in range(30):
        total = E(Op.ADD, total, bench.leaf(50))
    program = bench.check([total], caps=replace(bench.gpu.caps, max_storage_buffers=8), tolerance=1e-5)
    assert all(len(dispatch.buffers) <= 8 for dispatch in program.dispatches)


def test_gather_clamps_and_composes(bench):
    x = bench.leaf(10, 7)
    index = bench.holding(np.array([[0, 9, 25], [-3, 4, 4]], np.int32), int32)
    rows = ir.gather(E(Op.MUL, x, x), index)
    bench.check([rows, ir.gather(ir.permute(x, (1, 0)), index)])


@pytest.mark.parametrize("groups", [1, 2])
def test_convolution_is_one_kernel(bench, groups):
    x, w = bench.leaf(2, 4, 9, 8), bench.leaf(6, 4 // groups, 3, 2)
    spec = ConvSpec((2, 1), ((1, 0), (2, 1)), (1, 2), (1, 2), groups)
    assert len(bench.check([ir.conv(x, w, spec)], tolerance=1e-5).dispatches) == 1


@pytest.mark.parametrize("m, k, n", [(1, 65, 31), (65, 33, 1), (33, 1, 17), (4, 4, 4), (31, 64, 33)])
def test_products_of_every_form(bench, m, k, n):
    a, b = bench.leaf(3, m, k), bench.leaf(3, k, n)
    at, bt = ir.permute(bench.leaf(3, k, m), (0, 2, 1)), ir.permute(bench.leaf(3, n, k), (0, 2, 1))
    bench.check([ir.matmul(a, b), ir.matmul(at, b), ir.matmul(a, bt), ir.matmul(at, bt)], tolerance=1e-5)


def test_empty_operands(bench):
    x = bench.leaf(0, 5)
    bench.check([ir.reduce(Op.SUM, x, (0,)), E(Op.EXP, x), ir.matmul(bench.leaf(3, 0), bench.leaf(0, 4))])


def test_bool_results_are_stored_as_words(bench):
    x, y = bench.leaf(30, 5), bench.leaf(30, 5)
    less = E(Op.LT, x, y)
    assert less.dtype is bool_
    bench.check([less, E(Op.NOT, less), E(Op.WHERE, less, x, y), ir.cast(less, float32)])


def test_a_buffer_larger_than_one_binding(bench):
    caps = replace(bench.gpu.caps, max_binding_bytes=1024)
    x, y = bench.leaf(1000), bench.leaf(1000)
    program = bench.check(
        [E(Op.ADD, x, E(Op.MUL, ir.flip(y, (0,)), y)), ir.reduce(Op.SUM, x, (0,))], caps=caps, tolerance=1e-5
    )
    assert max(len(dispatch.buffers) for dispatch in program.dispatches) > 8


def test_grids_fold_at_the_limit_of_a_dimension(bench):
    caps = replace(bench.gpu.caps, max_groups=3)
    x = bench.leaf(5000)
    program = bench.check([E(Op.NEG, x), ir.reduce(Op.MAX, ir.reshape(x, (500, 10)), (1,))], caps=caps)
    assert all(max(dispatch.grid) <= max(3, dispatch.grid[1]) for dispatch in program.dispatches)
    assert any(dispatch.grid[1] > 1 for dispatch in program.dispatches)


def test_deep_chains_are_cut(bench):
    x = bench.leaf(64)
    y = x
    for _ in range(600):
        y = E(Op.ADD, E(Op.MUL, y, filled(y, 0.999)), filled(y, 1e-3))
    program = bench.check([y], tolerance=1e-4)
    assert 2 <= len(program.dispatches) <= 40


def test_temporaries_share_memory(bench):
    x = bench.leaf(64, 64)
    for _ in range(8):
        # A gain below 1, so that rounding does not grow from layer to layer.
        x = E(Op.TANH, E(Op.MUL, ir.matmul(x, bench.leaf(64, 64)), filled(x, 0.1)))
    program = bench.check([x], tolerance=1e-5)
    assert program.temporary_bytes == 2 * 64 * 64 * 4


def test_transpositions_run_in_squares(bench):
    caps = replace(bench.gpu.caps, software=False)
    x = bench.leaf(256, 272)
    program = bench.check([E(Op.ADD, transposed(x), bench.leaf(272, 256))], caps=caps)
    assert "let tile" in program.kernels[0].source


def test_updates_of_all_parameters_share_a_launch(bench):
    rate = bench.leaf()
    weights = [bench.leaf(*shape) for shape in ((40, 64), (40,), (3, 5), (7,), (1024,))]
    slopes = [bench.leaf(*weight.shape) for weight in weights]
    updated = [
        E(Op.SUB, w, E(Op.MUL, ir.expand(ir.reshape(rate, (1,) * w.ndim), w.shape), g))
        for w, g in zip(weights, slopes, strict=True)
    ]
    assert len(bench.check(updated, weights).dispatches) == 1
    few = bench.check(updated, weights, caps=replace(bench.gpu.caps, max_storage_buffers=8))
    assert 1 < len(few.dispatches) < len(weights)
    assert all(len(dispatch.buffers) <= 8 for dispatch in few.dispatches)


def test_what_waits_for_another_loop_has_its_own_launch(bench):
    a, b = bench.leaf(64), bench.leaf(8, 8)
    program = bench.check([E(Op.NEG, a), E(Op.ADD, ir.reshape(a, (8, 8)), b)], [a, b])
    assert len(program.dispatches) == 2
