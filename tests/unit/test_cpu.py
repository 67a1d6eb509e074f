"""The CPU device by itself: plans, buffers and the functions that NumPy lacks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spiraltorch_web.device.cpu import CpuDevice
from spiraltorch_web.device.cpu_elementwise import UFUNCS
from spiraltorch_web.device.cpu_ops import BUILDERS
from spiraltorch_web.device.cpu_plan import ALIASES, plan
from spiraltorch_web.device.cpu_pool import ArrayPool
from spiraltorch_web.device.cpu_special import erf, threefry
from spiraltorch_web.dtypes import bool_, float16, float32
from spiraltorch_web.errors import DeviceError, OutOfMemoryError
from spiraltorch_web.ir import algebra as al
from spiraltorch_web.ir import node as nodes
from spiraltorch_web.ir.graph import canonical
from spiraltorch_web.ir.ops import Op


@pytest.fixture
def cpu():
    return CpuDevice()


def _leaf(name: str, *shape: int) -> nodes.Node:
    return nodes.buffer(name, shape, float32)


def test_every_operation_has_a_function():
    leaves = {Op.BUFFER, Op.CONST, Op.IOTA}
    assert set(UFUNCS) | set(BUILDERS) | ALIASES | leaves == set(Op)
    assert not set(UFUNCS) & set(BUILDERS)


# Known answers of the Random123 distribution for threefry2x32, 20 rounds: (key, counter, result).
KNOWN_ANSWERS = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


@pytest.mark.parametrize(("key", "counter", "wanted"), KNOWN_ANSWERS)
def test_threefry_gives_the_known_answers(key, counter, wanted):
    words = [np.array([word], np.uint32) for word in (*key, *counter)]
    assert tuple(int(word[0]) for word in threefry(*words)) == wanted


def test_erf_is_accurate_everywhere():
    x = np.concatenate([np.linspace(-6, 6, 20_001), 10.0 ** np.arange(-30, 0)]).astype(np.float32)
    exact = np.array([math.erf(value) for value in x.astype(np.float64)])
    np.testing.assert_allclose(erf(x), exact, rtol=2e-7, atol=0)
    assert np.isnan(erf(np.array([math.nan], np.float32)))[0]


def test_temporaries_are_dropped_after_their_last_use():
    x = _leaf("x", 8)
    graph, _, _ = canonical([al.plus(nodes.elementwise(Op.EXP, al.times(x, 2)), 1)])
    steps = plan(graph).steps
    assert [len(step.dead) for step in steps] == [0, 1, 1]


def test_large_results_overwrite_dead_operands():
    x = _leaf("x", 100, 100)
    graph, _, _ = canonical([al.plus(nodes.elementwise(Op.EXP, al.times(x, 2)), 1)])
    values = np.random.default_rng(0).normal(size=(100, 100)).astype(np.float32)
    before = values.copy()
    program = plan(graph)
    assert [step.into for step in program.steps] == [-1, program.steps[0].result, program.steps[1].result]
    (result,) = program.run([values], ArrayPool())
    np.testing.assert_allclose(result, np.exp(2 * before) + 1, rtol=1e-6)
    assert (values == before).all()


def test_arrays_are_used_again(cpu):
    """A step that updates a large matrix settles on the arrays of its first two runs."""
    x = _leaf("x", 300, 300)
    graph, _, _ = canonical([al.plus(nodes.matmul(al.times(x, 0.5), al.times(x, 0.25)), 1)], ["x"])
    number, handle = cpu.load(graph), cpu.alloc(4 * 90_000)
    pooled = []
    for _ in range(5):
        cpu.submit(number, [handle])
        pooled.append(cpu.memory()["pooled"])
    assert pooled[2:] == pooled[1:2] * 3


def test_an_array_in_two_buffers_is_not_used_again(cpu):
    x = _leaf("x", 100, 100)
    handles = {name: cpu.alloc(40_000) for name in "xyz"}
    cpu.write(handles["x"], np.full((100, 100), 3, np.float32))
    share, _, _ = canonical([nodes.Node(Op.RESHAPE, (x,), (), x.shape, x.dtype)], ["y"])
    cpu.submit(cpu.load(share), [handles["x"], handles["y"]])
    change, _, _ = canonical([al.plus(x, 1)], ["x"])
    number = cpu.load(change)
    for _ in range(3):
        cpu.submit(number, [handles["x"]])
    read = [np.frombuffer(data, np.float32)[0] for data in cpu.read([(handles["x"], 4), (handles["y"], 4)])]
    assert read == [6, 3]


def test_outputs_never_share_memory():
    x = _leaf("x", 100, 100)
    doubled = al.times(x, 2)
    outputs = [doubled, nodes.reshape(doubled, (10_000,)), nodes.permute(x, (1, 0)), nodes.const(1, float32, (3,))]
    graph, _, _ = canonical([*outputs, al.detach(doubled)])
    values = np.ones((100, 100), np.float32)
    results = plan(graph).run([values], ArrayPool())
    arrays = [values, *results]
    for place, array in enumerate(arrays):
        assert not any(np.shares_memory(array, other) for other in arrays[place + 1 :])


def test_constants_beyond_float32_are_infinite(cpu):
    graph, _, _ = canonical([nodes.const(1e39, float32, (2,))])
    handle = cpu.alloc(8)
    cpu.submit(cpu.load(graph), [handle])
    assert np.frombuffer(cpu.read([(handle, 8)])[0], np.float32).tolist() == [math.inf, math.inf]


def test_where_may_overwrite_any_operand():
    x = _leaf("x", 100, 100)
    a, b = al.times(x, 2), al.times(x, 3)
    positive = nodes.elementwise(Op.LT, al.filled(x, 0), x)
    values = np.random.default_rng(0).normal(size=(100, 100)).astype(np.float32)
    for chosen, wanted in (
        (al.select(positive, a, x), np.where(values > 0, 2 * values, values)),
        (al.select(positive, x, b), np.where(values > 0, values, 3 * values)),
        (al.select(positive, a, b), np.where(values > 0, 2 * values, 3 * values)),
    ):
        (result,) = plan(canonical([chosen])[0]).run([values], ArrayPool())
        np.testing.assert_array_equal(result, wanted)


def test_products_between_chains():
    x = _leaf("x", 300, 300)
    chain = al.plus(al.times(nodes.elementwise(Op.TANH, x), 2), 1)
    after = al.add(nodes.matmul(chain, al.square(x)), chain)
    graph, _, _ = canonical([al.times(after, 3), chain])
    values = np.random.default_rng(0).normal(size=(300, 300)).astype(np.float32)
    wanted = np.tanh(values) * 2 + 1
    results = plan(graph).run([values], ArrayPool())
    np.testing.assert_allclose(results[1], wanted, rtol=1e-5)
    np.testing.assert_allclose(results[0], (wanted @ values**2 + wanted) * 3, rtol=1e-4)


def test_expanded_operands_stay_compact():
    row = _leaf("row", 1, 1000)
    wide = nodes.expand(nodes.elementwise(Op.EXP, row), (1000, 1000))
    graph, _, _ = canonical([nodes.reduce(Op.MAX, al.add(wide, wide), (0, 1))])
    program = plan(graph)
    shapes = []
    values = [np.zeros((1, 1000), np.float32), *program.initial[1:]]
    for step in program.steps:
        values[step.result] = step.function(*(values[i] for i in step.operands))
        shapes.append(values[step.result].strides)
    assert (0, 4) in shapes  # the whole matrix was only ever a view


def test_swapping_two_buffers_in_place(cpu):
    a, b = _leaf("a", 2), _leaf("b", 2)
    graph, storages, _ = canonical([b, a], ["a", "b"])
    handles = {name: cpu.alloc(8) for name in storages}
    cpu.write(handles["a"], np.array([1, 2], np.float32))
    cpu.write(handles["b"], np.array([3, 4], np.float32))
    cpu.submit(cpu.load(graph), [handles[name] for name in storages])
    read = cpu.read([(handles["a"], 8), (handles["b"], 8)])
    assert [np.frombuffer(data, np.float32).tolist() for data in read] == [[3, 4], [1, 2]]


def test_a_small_view_does_not_keep_a_large_array(cpu):
    x = _leaf("x", 1000)
    graph, _, _ = canonical([nodes.shrink(x, ((0, 2, 1),))])
    handles = [cpu.alloc(4000), cpu.alloc(8)]
    cpu.submit(cpu.load(graph), handles)
    assert cpu._buffers[handles[1]].array.base is None


def test_bools_are_words_in_memory(cpu):
    x = nodes.buffer("x", (3,), bool_)
    graph, _, _ = canonical([nodes.elementwise(Op.NOT, x)])
    handles = [cpu.alloc(12), cpu.alloc(12)]
    cpu.write(handles[0], np.array([1, 0, 7], np.uint32))
    cpu.submit(cpu.load(graph), handles)
    (data,) = cpu.read([(handles[1], 12)])
    assert np.frombuffer(data, np.uint32).tolist() == [0, 1, 0]


def test_float16_is_stored_in_half_and_computed_in_full(cpu):
    x = nodes.buffer("x", (3,), float16)
    graph, _, _ = canonical([al.times(al.times(x, 300.0), 1 / 300)])
    handles = [cpu.alloc(8), cpu.alloc(8)]
    cpu.write(handles[0], np.array([1000, 0.5, -2, 0], np.float16))
    cpu.submit(cpu.load(graph), handles)
    (data,) = cpu.read([(handles[1], 6)])
    assert np.frombuffer(data, np.float16).tolist() == [1000, 0.5, -2]  # 300,000 would overflow in half


def test_parts_of_a_buffer_can_be_written(cpu):
    handle = cpu.alloc(12)
    cpu.write(handle, np.array([1, 2, 3], np.float32))
    cpu.write(handle, np.array([9], np.float32), 4)
    (data,) = cpu.read([(handle, 12)])
    assert np.frombuffer(data, np.float32).tolist() == [1, 9, 3]
    with pytest.raises(DeviceError, match="12 bytes"):
        cpu.write(handle, b"12345678", 8)


def test_too_much_memory_is_an_error(cpu):
    with pytest.raises(OutOfMemoryError, match="bytes are in use"):
        cpu.alloc(1 << 50)


def test_memory_is_counted(cpu):
    handle = cpu.alloc(100)
    assert cpu.memory()["allocated"] == 100
    cpu.free(handle)
    assert cpu.memory() == {"allocated": 0, "pooled": 0, "buffers": 0, "programs": 0}
