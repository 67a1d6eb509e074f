"""Strided views: places and segments against NumPy's strides, guarded at both ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import spiraltorch_web as st
from tests.parity.oracle import check_gradient, numbers
from tests.support.sessions import cpu_unless_asked, device  # noqa: F401  fixtures

VIEWS = some.lists(some.tuples(some.integers(0, 4), some.integers(-5, 5)), max_size=4)


@settings(max_examples=60, deadline=None)
@given(VIEWS, some.integers(-9, 9), some.none() | some.integers(0, 12), some.integers(0, 3))
def test_equals_numpy(view, offset, limit, segment_axes):
    _compare([size for size, _ in view], [step for _, step in view], offset, limit, segment_axes)


def _compare(size: list[int], stride: list[int], offset: int, limit: int | None, segment_axes: int) -> None:
    found = st.nd_index(size, stride, offset, limit=limit, segment_axes=segment_axes)
    axes = min(segment_axes, len(size))
    wanted, segments = np.full(size, offset), np.zeros(size, int)
    for where in np.ndindex(*size):
        place = offset + sum(i * step for i, step in zip(where, stride, strict=True))
        wanted[where] = -1 if not 0 <= place < (2**31 if limit is None else limit) else place
        segments[where] = np.ravel_multi_index(where[:axes], size[:axes]) if axes else 0
    np.testing.assert_array_equal(found.places.numpy(), wanted)
    np.testing.assert_array_equal(found.segments.numpy(), segments)


def test_on_every_device(device):  # noqa: F811
    _compare([3, 70, 5], [-11, 3, 0], 20, 100, 2)
    assert st.nd_index((2, 3)).places.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_frames_overlap_and_their_slopes_add_up(device):  # noqa: F811
    x = numbers(20)
    frames = st.as_strided(st.tensor(x), (4, 8), (4, 1)).numpy()
    np.testing.assert_array_equal(frames, np.lib.stride_tricks.sliding_window_view(x, 8)[::4])
    slope = st.grad(lambda t: t.as_strided((4, 8), (4, 1)).sum())(st.tensor(x)).numpy()
    np.testing.assert_array_equal(slope, [1] * 4 + [2] * 12 + [1] * 4)


def test_segments_are_rows_of_index_add():
    index = st.nd_index((3, 4), (4, 1), limit=12)
    sums = st.zeros(3).index_add(0, index.segments.reshape(-1), st.arange(12).to(st.float32))
    assert sums.tolist() == [6, 22, 38]


def test_gradient_of_repeated_entries():
    check_gradient(lambda t: st.as_strided(t, (2, 3, 2), (2, 0, 3), 1).square(), numbers(9))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: st.nd_index((2, 3), (1,)), "a stride for each size"),
        (lambda: st.nd_index((2,), (1,), segment_axes=-1), "segment axes"),
        (lambda: st.nd_index((2,), (2**31,)), "32 bits"),
        (lambda: st.nd_index((2,), limit=-1), "limit is a number of entries"),
        (lambda: st.nd_index((-2,)), "not negative"),
        (lambda: st.as_strided(st.ones(4), (2, 3), (2, 1)), "places 0 to 4"),
        (lambda: st.as_strided(st.ones(4), (2,), (-1,)), "places -1 to 0"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(st.ArgumentError, match=message):
        call()
