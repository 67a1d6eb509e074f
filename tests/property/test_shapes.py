"""Shapes, broadcasting, dtypes and indexing: for any input the same as NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

import spiraltorch_web as st

QUICK = settings(max_examples=60, deadline=None)
SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
FILLED = arrays.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


@pytest.fixture(autouse=True, scope="module")
def cpu():
    st.set_device("cpu")


def _counting(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)


def _same(result: st.Tensor, wanted: np.ndarray) -> None:
    got = result.numpy()
    assert got.shape == wanted.shape
    np.testing.assert_array_equal(got, wanted)


@QUICK
@given(arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=0))
def test_any_two_shapes_that_broadcast(shapes):
    left, right = map(_counting, shapes.input_shapes)
    _same(st.tensor(left) + st.tensor(right), left + right)
    _same(st.where(st.tensor(left) > 2, st.tensor(left), st.tensor(right)), np.where(left > 2, left, right))


@QUICK
@given(SHAPES, SHAPES)
def test_shapes_that_do_not_broadcast_are_refused(left, right):
    try:
        np.broadcast_shapes(left, right)
    except ValueError:
        with pytest.raises(st.ShapeError, match="broadcast"):
            st.zeros(left) + st.zeros(right)


@QUICK
@given(arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3))
def test_gradients_have_the_shape_of_their_tensor(shapes):
    a, b = (st.ones(shape, requires_grad=True) for shape in shapes.input_shapes)
    (a * b).sum().backward()
    assert (a.grad.shape, b.grad.shape) == (a.shape, b.shape)
    count = int(np.prod(shapes.result_shape))
    assert a.grad.sum().item() == b.grad.sum().item() == count


@QUICK
@given(some.data(), FILLED)
def test_basic_indexing(data, shape):
    values = _counting(shape)
    index = data.draw(arrays.basic_indices(shape, allow_newaxis=True))
    _same(st.tensor(values)[index], np.asarray(values[index]))


@QUICK
@given(some.data(), FILLED)
def test_assignment_to_basic_indices(data, shape):
    values = _counting(shape)
    index = data.draw(arrays.basic_indices(shape, allow_newaxis=True))
    x = st.tensor(values)
    x[index] = -1.0
    values[index] = -1
    _same(x, values)


@QUICK
@given(some.data(), FILLED)
def test_indexing_with_integer_tensors(data, shape):
    values = _counting(shape)
    index = data.draw(arrays.integer_array_indices(shape, dtype=np.int32))
    _same(st.tensor(values)[tuple(map(st.tensor, index))], values[index])


@QUICK
@given(some.data(), FILLED)
def test_gradient_of_indexing_counts_uses(data, shape):
    index = data.draw(arrays.integer_array_indices(shape, dtype=np.int32))
    x = st.zeros(shape, requires_grad=True)
    x[tuple(map(st.tensor, index))].sum().backward()
    wanted = np.zeros(shape, np.float32)
    np.add.at(wanted, index, 1)
    _same(x.grad, wanted)


@QUICK
@given(some.data(), FILLED)
def test_masks(data, shape):
    values = _counting(shape)
    mask = data.draw(arrays.arrays(bool, shape))
    _same(st.tensor(values)[st.tensor(mask)], values[mask])


@QUICK
@given(some.data(), SHAPES)
def test_reductions_over_any_axes(data, shape):
    values = _counting(shape)
    axes = tuple(data.draw(some.sets(some.integers(0, len(shape) - 1)))) if shape else ()
    assume(axes)
    keepdim = data.draw(some.booleans())
    _same(st.tensor(values).sum(axes, keepdim), values.sum(axis=axes, keepdims=keepdim))
    if all(shape[axis] for axis in axes):
        _same(st.tensor(values).amax(axes, keepdim), values.max(axis=axes, keepdims=keepdim))


@QUICK
@given(some.data(), SHAPES)
def test_reshape_and_back(data, shape):
    values = _counting(shape)
    order = data.draw(some.permutations(range(len(shape))))
    moved = st.tensor(values).permute(order)
    _same(moved, values.transpose(order))
    _same(moved.reshape(-1) if values.size else moved.flatten(), values.transpose(order).reshape(-1))
    _same(moved.permute([order.index(axis) for axis in range(len(shape))]), values)


@QUICK
@given(some.data(), FILLED)
def test_padding_and_cutting_are_inverse(data, shape):
    values = _counting(shape)
    widths = [data.draw(some.tuples(some.integers(0, 3), some.integers(0, 3))) for _ in shape]
    flat = [width for pair in reversed(widths) for width in pair]
    padded = st.pad(st.tensor(values), flat, value=7.0)
    _same(padded, np.pad(values, widths, constant_values=7))
    _same(st.pad(padded, [-width for width in flat]), values)


@QUICK
@given(some.data(), FILLED, some.integers(1, 4))
def test_splitting_and_joining_are_inverse(data, shape, parts):
    values = _counting(shape)
    axis = data.draw(some.integers(-len(shape), len(shape) - 1))
    _same(st.cat(st.tensor(values).chunk(parts, axis), axis), values)
    _same(st.stack(st.tensor(values).unbind(axis), axis), values)


@QUICK
@given(
    *(some.integers(1, 3), some.integers(5, 9), some.integers(1, 3), some.integers(1, 3), some.integers(0, 3)),
    *(some.integers(1, 3), some.sampled_from([1, 2])),
)
def test_a_convolution_and_its_derivatives_are_adjoint(batch, size, kernel, stride, padding, dilation, groups):
    """⟨conv(x, w), g⟩ = ⟨x, dx⟩ = ⟨w, dw⟩, since a convolution is linear in x and in w."""
    assume((kernel - 1) * dilation + 1 <= size + 2 * padding)
    random = np.random.default_rng(0)
    x = st.tensor(random.integers(-3, 4, (batch, 2 * groups, size)).astype(np.float32), requires_grad=True)
    w = st.tensor(random.integers(-3, 4, (2 * groups, 2, kernel)).astype(np.float32), requires_grad=True)
    y = st.conv1d(x, w, None, stride, padding, dilation, groups)
    g = st.tensor(random.integers(-3, 4, tuple(y.shape)).astype(np.float32))
    y.backward(g)
    inner = (y * g).sum().item()
    assert (x.grad * x).sum().item() == inner
    assert (w.grad * w).sum().item() == inner


@QUICK
@given(arrays.arrays(np.float32, FILLED, elements=some.floats(-3, 3, width=16)), some.booleans())
def test_sorting(values, descending):
    order = np.argsort(-values if descending else values, axis=-1, kind="stable")
    result = st.sort(st.tensor(values), -1, descending)
    _same(result.indices, order)
    _same(result.values, np.take_along_axis(values, order, -1))


@QUICK
@given(some.integers(-5, 5), some.integers(-5, 5), some.integers(-3, 3))
def test_ranges(start, end, step):
    assume(step)
    _same(st.arange(start, end, step), np.arange(start, end, step, dtype=np.int32))


@QUICK
@given(some.integers(0, 2**64 - 1), some.integers(1, 50))
def test_streams_depend_on_the_seed_alone(seed, count):
    st.manual_seed(seed)
    first = st.rand(count).tolist()
    st.manual_seed(seed)
    assert st.rand(count).tolist() == first
    assert all(0 <= value < 1 for value in first)
