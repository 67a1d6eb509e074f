"""`ComplexTensor` against NumPy's complex numbers, on every device."""

from __future__ import annotations

import numpy as np
import pytest

import spiraltorch_web as st
from tests.parity.oracle import check_gradient, numbers
from tests.support.sessions import cpu_unless_asked, device  # noqa: F401  fixtures

CLOSE = {"rtol": 2e-5, "atol": 2e-6}  # a handful of float32 operations; WGSL's sin and cos err by 5e-6 on lavapipe


def complex_numbers(*shape: int, seed: int = 0) -> np.ndarray:
    real, imag = numbers(2, *shape, seed=seed)
    return (real + 1j * imag).astype(np.complex64)


OPERATIONS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "scalar": lambda a, b: (2 - 1j) / a + 3 * b - a / 2 + (1 - b) * 1j,
    "power": lambda a, b: a**3 + b**-2 + a**0,
    "conj": lambda a, b: a.conj() * -b,
    "matmul": lambda a, b: a @ b.T,
    "sum": lambda a, b: (a.sum(0) + b.mean(0)).reshape(2, 2),
    "slice": lambda a, b: a[1:, ::2] * b[:2, :2],
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_equal_numpy(device, name):  # noqa: F811
    a, b = complex_numbers(3, 4), complex_numbers(3, 4, seed=1)
    found = OPERATIONS[name](st.ComplexTensor(a), st.ComplexTensor(b)).numpy()
    wanted = OPERATIONS[name](a, b)
    assert found.dtype == np.complex64 and found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, **CLOSE)


def test_functions_equal_numpy(device):  # noqa: F811
    a = complex_numbers(50)
    z = st.ComplexTensor(a)
    for found, wanted in (
        (abs(z), np.abs(a)),
        (z.angle(), np.angle(a)),
        (z.exp(), np.exp(a)),
        (z.log(), np.log(a)),
        (z.sqrt(), np.sqrt(a)),
        (z**0.3, a**0.3),
        (st.polar(abs(z), z.angle()), a),
    ):
        np.testing.assert_allclose(found.numpy(), wanted, **CLOSE)


def test_extremes_neither_overflow_nor_vanish(device):  # noqa: F811
    a = np.array([3e30 + 4e30j, 3e-25 + 4e-25j, 0, np.inf + 1j, 1e30], np.complex64)
    np.testing.assert_allclose(st.ComplexTensor(a).abs().numpy(), np.abs(a), rtol=1e-6)
    b = a[[0, 1, 4]]
    np.testing.assert_allclose((1e-3j / st.ComplexTensor(b)).numpy(), 1e-3j / b.astype(complex), rtol=1e-5)
    assert np.isnan(abs(st.ComplexTensor([complex(np.nan, 1)])).item())


@pytest.mark.parametrize("function", [lambda z: z * z.conj() / (z + 3), lambda z: z.exp(), lambda z: z**2 / abs(z)])
def test_gradients_of_both_parts(function):
    def both(x, y):
        result = function(st.ComplexTensor(x, y))
        return st.cat([result.real, result.imag])

    check_gradient(both, numbers(6), numbers(6, seed=1))


def test_gradient_is_that_of_pytorch():
    # L = |z|² has ∂L/∂Re z + i·∂L/∂Im z = 2z.
    z = st.ComplexTensor([1 + 2j, -0.5j, 0]).requires_grad_()
    (z.abs() ** 2).sum().backward()
    np.testing.assert_allclose(z.grad.numpy(), [2 + 4j, -1j, 0], rtol=1e-6)


def test_a_compiled_step_takes_and_gives_complex_tensors(device):  # noqa: F811
    @st.compile
    def step(z, scale):
        return {"double": z * 2, "pair": (z.real, z * scale)}

    for seed in (0, 1):
        a = complex_numbers(5, seed=seed)
        found = step(st.ComplexTensor(a), st.tensor(3.0))
        np.testing.assert_allclose(found["double"].numpy(), 2 * a)
        np.testing.assert_allclose(found["pair"][1].numpy(), 3 * a, rtol=1e-6)
    assert len(step.programs()) == 1


def test_made_of_anything_and_read_back():
    assert st.ComplexTensor([[1, 2j], [3.5, True]]).tolist() == [[1, 2j], [3.5, 1]]
    assert st.ComplexTensor(2 + 1j).item() == complex(st.ComplexTensor(2 + 1j)) == 2 + 1j
    assert st.ComplexTensor(st.tensor([1, 2]), 1.0).tolist() == [1 + 1j, 2 + 1j]
    assert st.as_complex(np.arange(3)).tolist() == [0, 1, 2]
    rows = np.array([[1 + 1j, 2], [3j, 4]])
    assert [row.tolist() for row in st.ComplexTensor(rows)] == rows.tolist()
    assert st.ComplexTensor([st.tensor([1.0]), st.tensor([2.0])]).shape == (2, 1)
    z = st.ComplexTensor(rows)
    z[0] = 5j
    assert (z == st.ComplexTensor([[5j, 5j], [3j, 4]])).tolist() == [[True, True], [True, True]]
    assert np.asarray(z).dtype == np.complex64
    assert (rows @ z).allclose(st.ComplexTensor(rows) @ z) and (rows * z).shape == (2, 2)
    assert (st.tensor([2.0, 1.0]) * z).tolist() == [[10j, 5j], [6j, 4]]


def test_prints_its_values():
    assert repr(st.ComplexTensor([1.5, complex(0, -2)])) == "ComplexTensor([1.5000+0.0000j, 0.0000-2.0000j])"


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: st.ComplexTensor("1j"), st.DTypeError),
        (lambda: st.ComplexTensor([[1], [1, 2]]), st.ShapeError),
        (lambda: st.ComplexTensor(st.ones(2), st.ones(3)), st.ShapeError),
        (lambda: st.ComplexTensor(np.array(["a"])), st.DTypeError),
        (lambda: st.ComplexTensor([1j, 2]).item(), st.ShapeError),
    ],
)
def test_what_does_not_fit_is_refused(make, error):
    with pytest.raises(error):
        make()
