"""The ring: bounded whatever is pushed, checked at the door, and folded as the formula says."""

from __future__ import annotations

import asyncio
import gc
import math
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st_

import spiraltorch_web as st
from spiraltorch_web.errors import ArgumentError, ShapeError
from spiraltorch_web.zspace import FractalPatch, UringFractalScheduler
from tests.support.waiting import finish
from tests.zspace.fractal import reference

# Sums of up to 40 shares of unit relations in float32.
TOLERANCE = 1e-6
POSITIVE = st_.floats(1e-6, 1e6)


def patches_of(count: int, shape=(5, 7), seed: int = 0) -> list[tuple[np.ndarray, float, float, int]]:
    """Random patches; one relation is zero, and magnitudes run from 1e-30 to 1e30, whose squares float32 lacks."""
    draw = np.random.default_rng(seed)
    found = []
    for index in range(count):
        relation = (draw.normal(size=shape) * 10.0 ** draw.integers(-30, 30)).astype(np.float32)
        relation *= index != 2
        found.append((relation, draw.uniform(0.1, 2), draw.uniform(0.1, 2), int(draw.integers(3, 40))))
    return found


def ring_of(capacity: int, patches, **options) -> UringFractalScheduler:
    ring = UringFractalScheduler(capacity, **options)
    for relation, *facts in patches:
        ring.push(FractalPatch(st.tensor(relation), *facts))
    return ring


@pytest.mark.parametrize(("capacity", "count"), [(1, 1), (4, 3), (6, 20), (70, 40)])
def test_fold_is_the_formula(device, capacity, count):
    patches = patches_of(count)
    folded = ring_of(capacity, patches).fold_coherence()
    np.testing.assert_allclose(folded.tolist(), reference.fold(patches[-capacity:]), rtol=0, atol=TOLERANCE)


@settings(max_examples=30, deadline=None)
@given(st_.lists(st_.tuples(POSITIVE, POSITIVE, st_.integers(0, 10**9)), min_size=1, max_size=6))
def test_weights_of_any_size_give_a_finite_mean(facts):
    ring = UringFractalScheduler(6)
    for coherence, tension, depth in facts:
        ring.push(FractalPatch([[3.0, 4.0]], coherence, tension, depth))
    np.testing.assert_allclose(ring.fold_coherence().tolist(), [[0.6, 0.8]], rtol=1e-6)
    shallowest = min(depth for *_, depth in facts)
    total = sum(c / (1 + t) * 2.0 ** ((shallowest - depth) / 8) for c, t, depth in facts)
    assert math.isclose(ring.total_weight(), total, rel_tol=1e-12)


def test_one_program_folds_a_ring_that_fills_and_turns(device):
    ring = UringFractalScheduler(5)
    patches = patches_of(12)
    for count, (relation, *facts) in enumerate(patches, start=1):
        ring.push(FractalPatch(st.tensor(relation), *facts))
        expected = reference.fold(patches[max(count - 5, 0) : count])
        np.testing.assert_allclose(ring.fold_coherence().tolist(), expected, rtol=0, atol=TOLERANCE)
    assert len(ring._blend.programs()) == len(ring._normalise.programs()) == 1


def test_later_patches_take_over_the_buffers_of_earlier_ones(device):
    """So that a device finds what it has bound for an earlier fold."""
    ring = ring_of(3, patches_of(3))
    ring.fold()
    handles = {place: unit._node.buffer.handle for place, unit in ring._units.items()}
    for relation, *facts in patches_of(7, seed=1):
        ring.push(FractalPatch(st.tensor(relation), *facts))
        ring.fold()
    assert {place: unit._node.buffer.handle for place, unit in ring._units.items()} == handles


def test_a_million_pushes_keep_the_latest_in_order():
    supply = [FractalPatch([[float(index), 1.0]]) for index in range(1000)]
    ring = UringFractalScheduler(32)
    for _ in range(1000):
        for patch in supply:
            ring.push(patch)
    assert (len(ring), ring.pushed, ring.dropped) == (32, 1_000_000, 1_000_000 - 32)
    assert [ring.pop() for _ in range(32)] == supply[-32:]


def test_memory_is_that_of_the_ring(device):
    ring, seen = UringFractalScheduler(8), []
    for index in range(200):
        patch = FractalPatch(st.full((16, 16), float(index + 1)))
        seen.append(weakref.ref(patch))
        ring.push(patch)
        if index == 50:
            ring.fold_coherence().tolist()
            before = st.memory()["buffers"]
    ring.fold_coherence().tolist()
    del patch
    gc.collect()
    assert [reference() is not None for reference in seen] == [False] * 192 + [True] * 8
    assert st.memory()["buffers"] <= before


def test_the_oldest_is_popped_first_and_the_rest_fold():
    ring = ring_of(4, patches := patches_of(4))
    assert len(ring) == ring.len() == 4
    assert np.array_equal(ring.pop().relation.tolist(), patches[0][0])
    expected = reference.fold(patches[1:])
    np.testing.assert_allclose(ring.fold_coherence().tolist(), expected, rtol=0, atol=TOLERANCE)
    ring.clear()
    ring.push(FractalPatch([1.0, 2.0, 2.0]))
    np.testing.assert_allclose(ring.fold_coherence().tolist(), [[1 / 3, 2 / 3, 2 / 3]], rtol=1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_named_and_nothing_is_lost(device, value):
    ring = ring_of(3, patches := patches_of(3))
    relation = np.ones((5, 7), np.float32)
    relation[4, 2] = value
    with pytest.raises(ArgumentError, match=f"got {value} at row 4, column 2"):
        ring.push(FractalPatch(st.tensor(relation)))
    assert (len(ring), ring.dropped) == (3, 0)
    np.testing.assert_allclose(ring.fold_coherence().tolist(), reference.fold(patches), rtol=0, atol=TOLERANCE)


def test_without_strictness_the_fold_stays_finite_and_the_next_read_raises(device):
    ring = ring_of(4, patches := patches_of(3), strict=False)
    ring.push(FractalPatch(st.full((5, 7), math.nan)))
    folded = ring.fold_coherence()
    with pytest.raises(ArgumentError, match="patch number 4 of a ring holds NaN or infinity"):
        folded.tolist()
    weights = [c / (1 + t) * 2.0 ** (-depth / 8) for _, c, t, depth in [*patches, (None, 1.0, 1.0, 0)]]
    alone = reference.fold(patches) * (sum(weights[:3]) / sum(weights))
    np.testing.assert_allclose(folded.tolist(), alone, rtol=0, atol=TOLERANCE)


def test_relations_of_another_shape_are_refused():
    ring = UringFractalScheduler(2)
    ring.push(FractalPatch(st.ones(2, 3)))
    with pytest.raises(ShapeError, match=r"shape \(2, 3\); got \(3, 2\)"):
        ring.push(FractalPatch(st.ones(3, 2)))
    assert len(ring) == 1


@pytest.mark.parametrize("capacity", [0, -1, 2.0, True, "3", None])
def test_capacities_that_hold_nothing_are_refused(capacity):
    with pytest.raises(ArgumentError, match="capacity is an int from 1 on; got"):
        UringFractalScheduler(capacity)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"coherence": 0.0}, "coherence is a finite number above 0; got 0.0"),
        ({"coherence": math.nan}, "coherence .* got nan"),
        ({"tension": -1.0}, "tension is a finite number above 0; got -1.0"),
        ({"tension": math.inf}, "tension .* got inf"),
        ({"tension": "1"}, "tension .* got '1'"),
        ({"depth": -1}, "depth is an int from 0 on; got -1"),
        ({"depth": 1.5}, "depth .* got 1.5"),
        ({"relation": st.ones(2, 2, 2)}, r"shape \(rows, columns\).*got \(2, 2, 2\)"),
        ({"relation": st.zeros(0, 3)}, r"got \(0, 3\)"),
        ({"relation": []}, r"got \(0,\)"),
    ],
)
def test_facts_that_fit_no_patch_are_named(facts, message):
    with pytest.raises(ArgumentError, match=message):
        FractalPatch(**{"relation": [[1.0]], **facts})


def test_an_empty_ring_neither_folds_nor_pops():
    ring = UringFractalScheduler(3)
    assert ring.total_weight() == 0.0
    with pytest.raises(ArgumentError, match="the ring is empty: push a patch before folding"):
        ring.fold_coherence()
    with pytest.raises(ArgumentError, match="the ring is empty: push a patch before pop"):
        ring.pop()
    with pytest.raises(ArgumentError, match="push takes a FractalPatch; got Tensor"):
        ring.push(st.ones(2, 2))


def test_a_patch_keeps_the_values_it_was_given(device):
    source = st.tensor([[3.0, 4.0]])
    ring = UringFractalScheduler(1)
    ring.push(FractalPatch(source))
    source.mul_(-100.0)
    np.testing.assert_allclose(ring.fold_coherence().tolist(), [[0.6, 0.8]], rtol=1e-6)


def test_streams_push_side_by_side(device):
    ring = UringFractalScheduler(32)

    async def stream(relations):
        for depth, relation in enumerate(relations):
            await ring.push_async(FractalPatch(st.tensor(relation), 0.9, 0.7, depth))

    async def both():
        await asyncio.gather(stream(relations[:6]), stream(relations[6:]))
        with pytest.raises(ArgumentError, match="got nan at row 0, column 0"):
            await ring.push_async(FractalPatch(st.full((5, 7), math.nan)))

    relations = [relation for relation, *_ in patches_of(12)]
    finish(both())
    expected = reference.fold([(relation, 0.9, 0.7, place % 6) for place, relation in enumerate(relations)])
    np.testing.assert_allclose(ring.fold_coherence().tolist(), expected, rtol=0, atol=TOLERANCE)
