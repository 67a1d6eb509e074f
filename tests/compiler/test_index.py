"""Symbolic indices: every rewrite keeps the value, and bounds hold."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some

from spiraltorch_web.compiler.index import flatten, number, strides, unflatten, variable

SIZES = some.integers(1, 12)
FACTORS = some.sampled_from([1, 2, 3, 4, 6, 8, 12, 24])


@settings(max_examples=300, deadline=None)
@given(some.data())
def test_arithmetic_keeps_values_and_bounds(data):
    values: dict[str, int] = {}
    start = number(data.draw(some.integers(0, 20)))
    for i in range(data.draw(some.integers(1, 3))):
        size = data.draw(SIZES)
        values[f"v{i}"] = data.draw(some.integers(0, size - 1))
        start = start + variable(f"v{i}", size) * data.draw(FACTORS)
    pairs = [(start, start.at(values))]
    for _ in range(data.draw(some.integers(1, 5))):
        index, value = data.draw(some.sampled_from(pairs))
        by = data.draw(FACTORS)
        kind = data.draw(some.sampled_from(["divide", "remainder", "add", "recombine"]))
        if kind == "divide":
            pairs.append((index // by, value // by))
        elif kind == "remainder":
            pairs.append((index % by, value % by))
        elif kind == "add":
            other, more = data.draw(some.sampled_from(pairs))
            pairs.append((index + other, value + more))
        else:
            pairs.append(((index // by) * by + index % by, value))
    for index, value in pairs:
        assert index.at(values) == value
        assert index.low <= value <= index.high


@given(some.lists(SIZES, min_size=1, max_size=5), some.data())
def test_flatten_undoes_unflatten(shape, data):
    size = 1
    for length in shape:
        size *= length
    flat = variable("at", size)
    assert flatten(unflatten(flat, shape), shape) == flat


@given(some.lists(SIZES, min_size=1, max_size=4))
def test_unflatten_of_a_position_is_that_position(shape):
    position = tuple(variable(f"i{axis}", length) for axis, length in enumerate(shape))
    assert unflatten(flatten(position, shape), shape) == position


def test_merging_and_splitting_axes_leaves_no_division():
    position = (variable("i", 4), variable("j", 6), variable("k", 5))
    merged = unflatten(flatten(position, (4, 6, 5)), (24, 5))
    assert [str(index) for index in merged] == ["(i * 6u + j)", "k"]
    assert unflatten(flatten(merged, (24, 5)), (4, 6, 5)) == position


def test_strides_are_row_major():
    assert strides((2, 3, 4)) == (12, 4, 1)
