"""Movements, products, convolutions and indexing against NumPy, with derivatives."""

from __future__ import annotations

import numpy as np
import pytest

import spiraltorch_web as st
from tests.parity.oracle import agrees, apart, check_gradient, numbers

MOVEMENTS = {
    "reshape": (lambda x: x.reshape(4, -1), lambda x: x.reshape(4, -1)),
    "permute": (lambda x: x.permute(2, 0, 1), lambda x: x.transpose(2, 0, 1)),
    "expand": (lambda x: x[:, :1].expand(3, 6, 5), lambda x: np.broadcast_to(x[:, :1], (3, 6, 5))),
    "flip": (lambda x: x.flip(0, 2), lambda x: x[::-1, :, ::-1]),
    "roll": (lambda x: x.roll((1, -2), (0, 2)), lambda x: np.roll(x, (1, -2), (0, 2))),
    "pad": (
        lambda x: st.pad(x, (1, 2, 0, 1), value=0.5),
        lambda x: np.pad(x, ((0, 0), (0, 1), (1, 2)), constant_values=0.5),
    ),
    "reflect": (lambda x: st.pad(x, (2, 1), "reflect"), lambda x: np.pad(x, ((0, 0), (0, 0), (2, 1)), "reflect")),
    "edge": (lambda x: st.pad(x, (2, 1), "replicate"), lambda x: np.pad(x, ((0, 0), (0, 0), (2, 1)), "edge")),
    "wrap": (lambda x: st.pad(x, (2, 1), "circular"), lambda x: np.pad(x, ((0, 0), (0, 0), (2, 1)), "wrap")),
    "slice": (lambda x: x[1:, ::2, 3:0:-1], lambda x: x[1:, ::2, 3:0:-1]),
    "cat": (lambda x: st.cat([x, x[:, :2]], 1), lambda x: np.concatenate([x, x[:, :2]], 1)),
    "stack": (lambda x: st.stack([x, 2 * x], 1), lambda x: np.stack([x, 2 * x], 1)),
    "repeat": (lambda x: x.repeat(2, 1, 3), lambda x: np.tile(x, (2, 1, 3))),
    "interleave": (lambda x: x.repeat_interleave(2, 1), lambda x: np.repeat(x, 2, 1)),
    "tril": (lambda x: x.tril(1), lambda x: np.tril(x, 1)),
    "triu": (lambda x: x.triu(-1), lambda x: np.triu(x, -1)),
    "diagonal": (lambda x: x.diagonal(1, 1, 2), lambda x: np.diagonal(x, 1, 1, 2)),
    "windows apart": (lambda x: x.unfold(2, 2, 3), lambda x: np.stack([x[:, :, :2], x[:, :, 3:5]], 2)),
    "windows together": (
        lambda x: x.unfold(2, 3, 1),
        lambda x: np.lib.stride_tricks.sliding_window_view(x, 3, 2),
    ),
    "split": (lambda x: x.split([1, 3], 1)[1], lambda x: x[:, 1:]),
    "movedim": (lambda x: x.movedim(0, -1), lambda x: np.moveaxis(x, 0, -1)),
}


@pytest.mark.parametrize("name", MOVEMENTS)
def test_movements(device, name):
    ours, theirs = MOVEMENTS[name]
    values = numbers(3, 4, 5)
    agrees(ours(st.tensor(values)), theirs(values))
    check_gradient(lambda x: ours(x * x), values)


INDEX = np.array([[0, 2], [1, -1]], np.int32)
INDEXED = {
    "rows": lambda x, i: x[i],
    "columns": lambda x, i: x[:, i],
    "two axes": lambda x, i: x[:, i, i],
    "apart": lambda x, i: x[i, :, i],
    "after a slice": lambda x, i: x[1:, i, ::2],
    "new axis": lambda x, i: x[:, None, i],
    "list": lambda x, i: x[[0, 2, 0]],
}


@pytest.mark.parametrize("name", INDEXED)
def test_indexing_with_tensors(device, name):
    values = numbers(3, 4, 5)
    agrees(INDEXED[name](st.tensor(values), st.tensor(INDEX)), INDEXED[name](values, INDEX))
    check_gradient(lambda x: INDEXED[name](x * x, st.tensor(INDEX)), values)


def test_masks_select(device):
    values = numbers(3, 4)
    x = st.tensor(values)
    agrees(x[x > 0], values[values > 0])
    x[x > 0] = 0.0
    agrees(x, np.minimum(values, 0))


def test_assignment_by_index(device):
    values = numbers(4, 5)
    x = st.tensor(values)
    wanted = values.copy()
    x[1:3, ::2] = st.tensor([1.0, 2.0, 3.0])
    wanted[1:3, ::2] = [1, 2, 3]
    x[[3, 0], [4, 1]] = st.tensor([7.0, 8.0])
    wanted[[3, 0], [4, 1]] = [7, 8]
    x[-1] += 1
    wanted[-1] += 1
    agrees(x, wanted)


def test_the_last_of_repeated_assignments_stays(device):
    x = st.zeros(3)
    x[[1, 1, 1]] = st.tensor([5.0, 6.0, 7.0])
    assert x.tolist() == [0, 7, 0]


def test_gather_and_scatter_are_adjoint(device):
    index = np.random.default_rng(0).integers(0, 3, (2, 5)).astype(np.int32)
    values = numbers(3, 5)
    picked = st.gather(st.tensor(values), 0, st.tensor(index))
    agrees(picked, np.take_along_axis(values, index.astype(np.int64), 0))
    wanted = np.zeros((3, 5), np.float32)
    np.add.at(wanted, (index, np.arange(5)), 1)
    agrees(st.zeros(3, 5).scatter_add(0, st.tensor(index), st.ones(2, 5)), wanted)
    check_gradient(lambda x: st.gather(x * x, 0, st.tensor(index)), values)


def test_embedding_sums_repeated_rows(device):
    weight = st.tensor(numbers(5, 3), requires_grad=True)
    st.embedding(st.tensor([1, 1, 4]), weight).sum().backward()
    assert weight.grad.tolist() == [[0] * 3, [2] * 3, [0] * 3, [0] * 3, [1] * 3]


PRODUCTS = [((3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((2, 3, 4), (4, 5)), ((2, 1, 3, 4), (5, 4, 2))]


@pytest.mark.parametrize(("left", "right"), PRODUCTS)
def test_products(device, left, right):
    a, b = numbers(*left), numbers(*right, seed=1)
    agrees(st.matmul(st.tensor(a), st.tensor(b)), a.astype(np.float64) @ b.astype(np.float64))
    check_gradient(st.matmul, a, b)


def test_products_of_transposed_operands(device):
    a, b = numbers(4, 3), numbers(5, 4, seed=1)
    agrees(st.tensor(a).T @ st.tensor(b).T, a.T.astype(np.float64) @ b.T)


EQUATIONS = {
    "ij,jk->ik": ((3, 4), (4, 5)),
    "bij,bkj->bik": ((2, 3, 4), (2, 5, 4)),
    "ii->i": ((4, 4),),
    "i,j->ij": ((3,), (4,)),
    "...ij,jk": ((2, 3, 4), (4, 5)),
    "ij,jk,kl->il": ((3, 4), (4, 5), (5, 2)),
    "ijk,jil->kl": ((3, 4, 5), (4, 3, 2)),
    "ij,ij->": ((3, 4), (3, 4)),
}


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum(device, equation):
    arrays = [numbers(*shape, seed=place) for place, shape in enumerate(EQUATIONS[equation])]
    wanted = np.einsum(equation, *(array.astype(np.float64) for array in arrays))
    agrees(st.einsum(equation, *map(st.tensor, arrays)), wanted)
    check_gradient(lambda *x: st.einsum(equation, *x), *arrays)


def _convolve(x, w, stride, padding, dilation, groups):
    """The definition, one product at a time."""
    n, c, height, width = x.shape
    o, per_group, kh, kw = w.shape
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = (height + 2 * padding - (kh - 1) * dilation - 1) // stride + 1
    columns = (width + 2 * padding - (kw - 1) * dilation - 1) // stride + 1
    result = np.zeros((n, o, rows, columns))
    for out in range(o):
        first = out // (o // groups) * per_group
        for i in range(kh):
            for j in range(kw):
                patch = x[:, first : first + per_group, i * dilation :, j * dilation :]
                patch = patch[:, :, : (rows - 1) * stride + 1 : stride, : (columns - 1) * stride + 1 : stride]
                result[:, out] += np.einsum("nchw,c->nhw", patch, w[out, :, i, j].astype(np.float64))
    return result


CONVOLUTIONS = [(1, 0, 1, 1), (2, 1, 1, 1), (1, 2, 2, 2), (3, 1, 1, 4), (3, 3, 1, 1)]


@pytest.mark.parametrize(("stride", "padding", "dilation", "groups"), CONVOLUTIONS)
def test_convolutions(device, stride, padding, dilation, groups):
    x, w = numbers(2, 4, 7, 8), numbers(8, 4 // groups, 3, 2, seed=1)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    agrees(st.conv2d(st.tensor(x), st.tensor(w), **options), _convolve(x, w, **options), rtol=1e-4, atol=1e-5)
    check_gradient(lambda a, b: st.conv2d(a, b, **options), x, w)


@pytest.mark.parametrize(("stride", "padding", "groups"), [(1, 0, 1), (2, 1, 2), (2, 3, 1)])
def test_transposed_convolution_is_the_adjoint(device, stride, padding, groups):
    x, w = numbers(2, 4, 9, 9), numbers(6, 4 // groups, 3, 3, seed=1)
    options = {"stride": stride, "padding": padding, "groups": groups}
    y, pull = st.vjp(lambda a: st.conv2d(a, st.tensor(w), **options), st.tensor(x))
    g = st.tensor(numbers(*y.shape, seed=2))
    missing = x.shape[2] - ((y.shape[2] - 1) * stride + 3 - 2 * padding)
    back = st.conv_transpose2d(g, st.tensor(w), output_padding=missing, **options)
    agrees(back, pull(g)[0].numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("size", "stride", "padding"), [(2, None, 0), (3, 2, 1), (2, 3, 0)])
def test_pooling(device, size, stride, padding):
    values = numbers(2, 3, 7, 8)
    step = stride or size
    for pool, fill, reduce in ((st.max_pool2d, -np.inf, np.max), (st.avg_pool2d, 0.0, np.mean)):
        padded = np.pad(values, ((0, 0), (0, 0), (padding, padding), (padding, padding)), constant_values=fill)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (2, 3))[:, :, ::step, ::step]
        agrees(pool(st.tensor(values), size, stride, padding), reduce(windows, axis=(-2, -1)))
        check_gradient(lambda x, pool=pool: pool(x, size, stride, padding) ** 2, apart(2, 3, 7, 8))
