"""Routines on a GPU against their NumPy references: ragged sizes, ties, special values, poisoned outputs."""

from __future__ import annotations

import numpy as np
import pytest

from spiraltorch_web.dtypes import DTYPES, DType
from spiraltorch_web.errors import DTypeError, ShapeError
from spiraltorch_web.ir.caps import Caps
from spiraltorch_web.kernels.registry import Operand
from spiraltorch_web.kernels.table import ROUTINES
from tests.support import matmul_gpu as native
from tests.support.adapters import note_adapter
from tests.support.matmul_gpu import NativeGpu


@pytest.fixture(scope="module")
def opened() -> NativeGpu:
    return native.open_gpu()


@pytest.fixture
def gpu(opened: NativeGpu, request: pytest.FixtureRequest) -> NativeGpu:
    note_adapter(request.node, opened.name)
    return opened


def on_gpu(gpu: NativeGpu, name: str, arrays: list[np.ndarray], params: tuple, caps: Caps = Caps()) -> np.ndarray:  # noqa: B008
    """The first output of a routine, computed over poisoned buffers."""
    routine = ROUTINES[name]
    specs = [(array.shape, _dtype(array)) for array in arrays]
    outputs = routine.infer(specs, params)
    lowered = routine.lower(specs, outputs, params, caps)
    like = [np.full(shape, 77, dtype.name) for shape, dtype in outputs]
    buffers = {Operand("input", i): native.upload(gpu, array) for i, array in enumerate(arrays)}
    buffers |= {Operand("output", i): native.upload(gpu, array) for i, array in enumerate(like)}
    for i, nbytes in enumerate(lowered.scratch):
        buffers[Operand("scratch", i)] = native.upload(gpu, np.full(nbytes // 4, 0xDEADBEEF, np.uint32))
    for launch in lowered.launches:
        compiled = native.pipeline(gpu, launch.kernel.source)
        group = native.bind(gpu, compiled, [buffers[operand] for operand in launch.operands])
        native.launch(gpu, [(compiled, group, launch.grid)])
    return native.download(gpu, buffers[Operand("output", 0)], like[0])


def expected(name: str, arrays: list[np.ndarray], params: tuple) -> np.ndarray:
    return ROUTINES[name].reference(np, arrays, params)[0]


def _dtype(array: np.ndarray) -> DType:
    return DTYPES[array.dtype.name]


@pytest.mark.parametrize("descending", (False, True))
@pytest.mark.parametrize("kind", ("float32", "int32", "uint32"))
@pytest.mark.parametrize("shape", ((1,), (3, 2), (2, 255), (3, 2048), (2, 2049), (1, 9000)), ids=str)
def test_argsort_is_stable(gpu: NativeGpu, shape: tuple[int, ...], kind: str, descending: bool) -> None:
    values = np.random.default_rng(1).integers(0, 50, shape).astype(kind)
    if kind != "uint32":
        values -= 25
    found = on_gpu(gpu, "argsort", [values], (descending,))
    np.testing.assert_array_equal(found, expected("argsort", [values], (descending,)))


@pytest.mark.parametrize("descending", (False, True))
def test_argsort_puts_nan_last_and_zeros_are_equal(gpu: NativeGpu, descending: bool) -> None:
    values = np.array([0.0, np.nan, -0.0, np.inf, 1e-38, -np.inf, np.nan, -1.0, 0.0], np.float32)
    found = on_gpu(gpu, "argsort", [values], (descending,))
    np.testing.assert_array_equal(found, expected("argsort", [values], (descending,)))
    assert list(found[-2:]) == [1, 6]


@pytest.mark.parametrize("value", (-(2**31), 2**31 - 1))
def test_argsort_of_extreme_integers_keeps_their_order(gpu: NativeGpu, value: int) -> None:
    values = np.full(5, value, np.int32)
    assert list(on_gpu(gpu, "argsort", [values], (False,))) == [0, 1, 2, 3, 4]
    assert list(on_gpu(gpu, "argsort", [values], (True,))) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("index_kind", ("int32", "uint32"))
@pytest.mark.parametrize(
    ("index_shape", "rest", "rows"),
    [
        ((1,), (), 1),
        ((7,), (3,), 5),
        ((4, 5), (2, 3), 6),
        ((5, 13), (3,), 9),
        ((3000,), (2,), 11),
        ((300,), (), 1000),
        ((0,), (3,), 4),
    ],
    ids=str,
)
def test_scatter_add_equals_numpy(
    gpu: NativeGpu, index_shape: tuple[int, ...], rest: tuple[int, ...], rows: int, index_kind: str
) -> None:
    random = np.random.default_rng(2)
    low = -2 if index_kind == "int32" else 0
    index = random.integers(low, rows + 2, index_shape).astype(index_kind)
    updates = random.standard_normal(index_shape + rest, np.float32)
    exact = np.zeros((rows, *rest))
    np.add.at(exact, np.clip(index.astype(np.int64), 0, rows - 1).reshape(-1), updates.reshape(-1, *rest).astype(float))
    reference = expected("scatter_add", [index, updates], (rows,))
    np.testing.assert_allclose(reference, exact, rtol=0, atol=2e-4)  # up to 300 standard normal terms a row
    np.testing.assert_allclose(on_gpu(gpu, "scatter_add", [index, updates], (rows,)), exact, rtol=0, atol=2e-4)


def test_scatter_add_compares_or_sorts_with_the_same_result(gpu: NativeGpu) -> None:
    index = np.random.default_rng(6).integers(-1, 9, 64).astype(np.int32)
    updates = np.random.default_rng(7).standard_normal((64, 40), np.float32)
    compared, ordered = (
        on_gpu(gpu, "scatter_add", [index, updates], (8,), Caps(software=software)) for software in (False, True)
    )
    np.testing.assert_array_equal(compared, ordered)


def test_scatter_add_gives_the_same_bits_twice(gpu: NativeGpu) -> None:
    index = np.random.default_rng(3).integers(0, 4, 5000).astype(np.int32)
    updates = np.random.default_rng(4).standard_normal(5000, np.float32)
    first, second = (on_gpu(gpu, "scatter_add", [index, updates], (4,)) for _ in range(2))
    np.testing.assert_array_equal(first.view(np.uint32), second.view(np.uint32))


@pytest.mark.parametrize("caps", (Caps(), Caps(software=True)), ids=("gpu", "software"))
@pytest.mark.parametrize("kind", ("float32", "int32"))
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((1,), 0), ((5, 3, 4), 1), ((300, 64), 1), ((3, 1023), 1), ((1025, 3), 0), ((2, 4097, 5), 1), ((2, 4096), 1)],
    ids=str,
)
def test_cumsum_equals_numpy(gpu: NativeGpu, shape: tuple[int, ...], axis: int, kind: str, caps: Caps) -> None:
    values = (10 * np.random.default_rng(5).standard_normal(shape)).astype(kind)
    found = on_gpu(gpu, "cumsum", [values], (axis,), caps)
    # 4096 float32 terms of size 10 added in a tree.
    np.testing.assert_allclose(found, expected("cumsum", [values], (axis,)), rtol=1e-5, atol=2e-3)


def test_cumsum_scans_its_totals_in_turn(gpu: NativeGpu) -> None:
    values = np.ones(1024 * 1024 + 5, np.int32)
    np.testing.assert_array_equal(on_gpu(gpu, "cumsum", [values], (0,)), np.arange(1, values.size + 1))


@pytest.mark.parametrize(
    ("name", "arrays", "params", "error"),
    [
        ("argsort", [np.float32(0)], (False,), ShapeError),
        ("argsort", [np.zeros(3, bool)], (False,), DTypeError),
        ("cumsum", [np.zeros(3, np.float32)], (1,), ShapeError),
        ("scatter_add", [np.zeros(3, np.float32), np.zeros(3, np.float32)], (2,), DTypeError),
        ("scatter_add", [np.zeros(3, np.int32), np.zeros(4, np.float32)], (2,), ShapeError),
        ("scatter_add", [np.zeros(3, np.int32), np.zeros(3, np.float32)], (0,), ShapeError),
    ],
)
def test_wrong_operands_are_refused(name: str, arrays: list, params: tuple, error: type[Exception]) -> None:
    with pytest.raises(error, match=name):
        ROUTINES[name].infer([(array.shape, _dtype(array)) for array in arrays], params)
