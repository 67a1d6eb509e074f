"""What tensors promise beyond their values: dtypes, printing, conversion, errors."""

from __future__ import annotations

import array
import math
import subprocess
import sys

import numpy as np
import pytest

import spiraltorch_web as st
from tests.support.waiting import finish


@pytest.fixture(autouse=True)
def cpu():
    st.set_device("cpu")


# Operands and the dtype of their sum, as torch.result_type gives it for 32-bit types.
PROMOTIONS = [
    (st.ones(2), 1, st.float32),
    (st.ones(2), 1.5, st.float32),
    (st.ones(2, dtype=st.int32), 1, st.int32),
    (st.ones(2, dtype=st.int32), 1.5, st.float32),
    (st.ones(2, dtype=st.int32), True, st.int32),
    (st.ones(2, dtype=st.bool), 1, st.int32),
    (st.ones(2, dtype=st.bool), 1.5, st.float32),
    (st.ones(2, dtype=st.bool), True, st.bool),
    (st.ones(2, dtype=st.float16), 1.5, st.float16),
    (st.ones(2, dtype=st.float16), st.ones(2), st.float32),
    (st.ones(2, dtype=st.float16), st.tensor(1.0), st.float16),
    (st.ones(2, dtype=st.int32), st.tensor(1.0), st.float32),
    (st.ones(2), st.tensor(1), st.float32),
    (st.ones(2, dtype=st.bool), st.ones(2, dtype=st.int32), st.int32),
    (st.ones(2, dtype=st.uint32), st.ones(2, dtype=st.int32), st.int32),
]


@pytest.mark.parametrize(("left", "right", "wanted"), PROMOTIONS)
def test_promotion(left, right, wanted):
    assert (left + right).dtype is wanted
    assert (right + left).dtype is wanted


def test_true_division_of_integers_gives_floats():
    assert (st.tensor([1, 2]) / 2).tolist() == [0.5, 1.0]
    assert (st.tensor([7]) // 2).dtype is st.int32


def test_wide_inputs_become_narrow():
    assert st.tensor(np.arange(3)).dtype is st.int32
    assert st.tensor(np.ones(3)).dtype is st.float32
    assert st.tensor(np.ones(3, np.float16)).dtype is st.float16
    assert st.tensor(np.array([True])).dtype is st.bool
    assert st.tensor(np.ones(2, np.uint8)).dtype is st.int32
    with pytest.raises(st.DTypeError, match="do not fit int32"):
        st.tensor(np.array([2**40]))
    with pytest.raises(st.DTypeError, match="do not fit int32"):
        st.tensor([2**31])


def test_data_of_many_kinds():
    assert st.tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert st.tensor(((1.5,), (2,))).tolist() == [[1.5], [2.0]]
    assert st.tensor(range(3)).tolist() == [0, 1, 2]
    assert st.tensor(array.array("d", [1.5, 2.5])).tolist() == [1.5, 2.5]
    assert st.tensor(memoryview(np.arange(6, dtype=np.int32).reshape(2, 3))).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert st.tensor(np.arange(6).reshape(2, 3).T).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert st.tensor([st.tensor([1.0, 2.0]), np.array([3.0, 4.0])]).tolist() == [[1, 2], [3, 4]]
    assert st.tensor(np.float64(2.5)).item() == 2.5
    assert st.tensor([]).shape == (0,)
    assert st.tensor([[]]).shape == (1, 0)


@pytest.mark.parametrize("data", [[[1, 2], [3]], [1, [2]], [[1], 2]])
def test_ragged_data_is_an_error(data):
    with pytest.raises(st.ShapeError, match="rows of one shape"):
        st.tensor(data)


@pytest.mark.parametrize("data", ["text", None, {"a": 1}, [None], np.array(["a"]), 1j])
def test_other_data_is_an_error(data):
    with pytest.raises(st.DTypeError):
        st.tensor(data)


def test_the_seed_s_spellings():
    x = st.Tensor(2, 3)
    assert x.tolist() == [[0, 0, 0], [0, 0, 0]]
    y = st.Tensor(2, 2, [1, 2, 3, 4])
    assert y.shape == y.shape() == (2, 2)
    assert y.data() == [1, 2, 3, 4]
    assert y.scale(2).hadamard(y).tolist() == [[2, 8], [18, 32]]
    assert y.squared_l2_norm().item() == 30
    assert y.sum_axis0().tolist() == [4, 6]
    assert y.transpose().tolist() == [[1, 3], [2, 4]]
    assert st.cat_rows([y, y]).shape == (4, 2)
    assert y.add_scaled_(y, 10.0).tolist() == [[11, 22], [33, 44]]
    with pytest.raises(st.ShapeError, match="takes 4 values"):
        st.Tensor(2, 2, [1, 2, 3])


def test_numpy_takes_tensors():
    x = st.tensor([[1.0, 2.0]])
    assert np.asarray(x).dtype == np.float32
    assert np.asarray(x, dtype=np.float64).tolist() == [[1.0, 2.0]]
    assert x.numpy().flags.writeable
    assert isinstance(np.ones(2, np.float32) * x, st.Tensor)
    assert (np.float32(2) * x).tolist() == [[2.0, 4.0]]
    assert (x + np.ones(2, np.float32)).tolist() == [[2.0, 3.0]]
    assert (st.tensor([3]) ** np.int64(2)).tolist() == [9]
    assert st.where(x > 1, np.float32(7), x).tolist() == [[1.0, 7.0]]


def test_numbers_out_of_tensors():
    x = st.tensor(2.5)
    assert (float(x), int(x), bool(x), x.item(), f"{x:.2f}") == (2.5, 2, True, 2.5, "2.50")
    assert [10, 20, 30][st.tensor(1)] == 20
    with pytest.raises(st.ShapeError, match="one entry"):
        st.ones(2).item()
    with pytest.raises(st.ShapeError, match="ambiguous"):
        bool(st.ones(2))


def test_reading_without_blocking():
    async def read():
        x = st.tensor([1.0, 2.0])
        return await x.sum().item_async(), await x.tolist_async(), (await x.numpy_async()).tolist()

    assert finish(read()) == (3.0, [1.0, 2.0], [1.0, 2.0])


def test_iteration_and_length():
    x = st.tensor([[1, 2], [3, 4]])
    assert [row.tolist() for row in x] == [[1, 2], [3, 4]]
    assert len(x) == 2
    assert 3 in x
    a, b = x.unbind(1)
    assert (a.tolist(), b.tolist()) == ([1, 3], [2, 4])


PRINTED = [
    (lambda: st.tensor([[1.0, 2.5], [3.0, 4.0]]), "tensor([[1.0000, 2.5000],\n        [3.0000, 4.0000]])"),
    (lambda: st.tensor([1.0, 2.0]), "tensor([1., 2.])"),
    (lambda: st.tensor([1, -20]), "tensor([  1, -20])"),
    (lambda: st.tensor([True, False]), "tensor([ True, False])"),
    (lambda: st.tensor([1e-5, 1.0]), "tensor([1.0000e-05, 1.0000e+00])"),
    (lambda: st.tensor(3.0, requires_grad=True), "tensor(3., requires_grad=True)"),
    (lambda: st.tensor([math.nan, math.inf]), "tensor([nan, inf])"),
    (lambda: st.tensor([]), "tensor([])"),
    (lambda: st.zeros(2, 0), "tensor([], size=(2, 0))"),
    (lambda: st.ones(1, dtype=st.uint32), "tensor([1], dtype=uint32)"),
    (lambda: st.arange(2000), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
]


@pytest.mark.parametrize(("make", "wanted"), PRINTED)
def test_printing(make, wanted):
    assert repr(make()) == wanted


def test_printing_in_a_compiled_step_shows_no_values():
    seen = []
    st.compile(lambda x: seen.append(repr(x)) or x * 2)(st.ones(2, 3))
    assert seen == ["tensor(shape=(2, 3), dtype=float32, traced)"]


def test_errors_name_operation_shapes_and_line():
    with pytest.raises(st.ShapeError) as caught:
        st.ones(3, 4) + st.ones(3, 5)  # the line
    message = str(caught.value)
    assert message.startswith("add: shapes (3, 4) and (3, 5) do not broadcast together (at test_tensor.py, line ")
    assert message.endswith("st.ones(3, 4) + st.ones(3, 5)  # the line)")


def test_a_transposed_operand_is_guessed():
    with pytest.raises(st.ShapeError, match=r"\(32, 784\) .* \(10, 784\); did you mean y.T\?"):
        st.ones(32, 784) @ st.ones(10, 784)


def test_python_knows_when_operands_are_foreign():
    with pytest.raises(TypeError):
        st.ones(2) + "text"
    assert (st.ones(2) == None) is False  # noqa: E711


def test_indexing_errors():
    x = st.ones(2, 3)
    with pytest.raises(IndexError, match="out of range"):
        x[2]
    with pytest.raises(st.ShapeError, match="too many"):
        x[0, 0, 0]
    with pytest.raises(st.ArgumentError, match="str"):
        x["a"]
    with pytest.raises(st.ShapeError, match="does not fit"):
        x[0] = st.ones(4)


def test_in_place_operations_keep_shape_and_dtype():
    x = st.tensor([1, 2])
    x += 1
    assert x.tolist() == [2, 3]
    x.mul_(1.5)
    assert (x.dtype, x.tolist()) == (st.int32, [3, 4])
    with pytest.raises(st.ShapeError, match="in-place"):
        x.add_(st.ones(2, 2))


def test_tensors_do_not_share_memory():
    x = st.zeros(2, 2)
    row = x[0]
    row.fill_(5)
    assert x.tolist() == [[0, 0], [0, 0]]
    y = st.zeros(2)
    y.copy_(row)
    row.zero_()
    assert y.tolist() == [5, 5]


def test_the_top_level_has_what_it_lists():
    for name in st.__all__:
        if name not in ("data", "io", "live", "nn", "optim", "load", "save", "progress"):  # subpackages test theirs
            assert hasattr(st, name), name


def test_the_core_needs_no_numpy():
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "import spiraltorch_web as st\n"
        "assert (st.ones(2, 3) @ st.ones(3)).shape == (2,)\n"
        "assert st.tensor is not None and st.nn is not None and st.optim is not None"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env={"PYTHONPATH": "py"}, timeout=60)
