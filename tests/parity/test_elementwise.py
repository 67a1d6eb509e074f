"""Every elementwise primitive against NumPy in float64, with first and second derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web.ir.ops import BINARY, UNARY, Op
from tests.parity.oracle import agrees, check_gradient, numbers

erf = np.vectorize(math.erf)

# name: (NumPy's function, low, high)
UNARY_CASES = {
    "neg": (np.negative, -2, 2),
    "relu": (lambda x: np.maximum(x, 0), -2, 2),
    "abs": (np.abs, -2, 2),
    "sign": (np.sign, -2, 2),
    "floor": (np.floor, -3, 3),
    "ceil": (np.ceil, -3, 3),
    "round": (np.round, -3, 3),
    "trunc": (np.trunc, -3, 3),
    "exp": (np.exp, -2, 2),
    "expm1": (np.expm1, -2, 2),
    "log": (np.log, 0.1, 4),
    "log1p": (np.log1p, -0.8, 4),
    "sqrt": (np.sqrt, 0.1, 4),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 0.1, 4),
    "reciprocal": (np.reciprocal, 0.3, 4),
    "sin": (np.sin, -4, 4),
    "cos": (np.cos, -4, 4),
    "tan": (np.tan, -1.2, 1.2),
    "asin": (np.arcsin, -0.9, 0.9),
    "acos": (np.arccos, -0.9, 0.9),
    "atan": (np.arctan, -3, 3),
    "sinh": (np.sinh, -2, 2),
    "cosh": (np.cosh, -2, 2),
    "tanh": (np.tanh, -3, 3),
    "asinh": (np.arcsinh, -3, 3),
    "acosh": (np.arccosh, 1.2, 4),
    "atanh": (np.arctanh, -0.8, 0.8),
    "erf": (erf, -3, 3),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -5, 5),
}
# Elementwise operations with tests of their own below.
OTHER_UNARY = {Op.NOT, Op.ISNAN, Op.ISINF, Op.CAST, Op.BITCAST, Op.DETACH}

BINARY_CASES = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "atan2": np.arctan2,
    "remainder": np.remainder,
    "floor_divide": np.floor_divide,
}
COMPARISONS = {"lt": np.less, "le": np.less_equal, "eq": np.equal, "ne": np.not_equal, "gt": np.greater}


def test_every_unary_operation_is_tested():
    assert {Op(name) for name in UNARY_CASES} | OTHER_UNARY == set(UNARY)


def test_every_binary_operation_is_tested():
    spelled = {"remainder": "mod", "floor_divide": "floordiv"}
    tested = {Op(spelled.get(name, name)) for name in BINARY_CASES}
    tested |= {Op(name) for name in ("lt", "le", "eq", "ne", "and", "or", "xor", "shl", "shr")}
    assert tested == set(BINARY)


@pytest.mark.parametrize("name", UNARY_CASES)
def test_unary_values_and_derivatives(device, name):
    reference, low, high = UNARY_CASES[name]
    values = numbers(5, 7, low=low, high=high)
    function = getattr(st, name)
    agrees(function(st.tensor(values)), reference(values.astype(np.float64)))
    check_gradient(function, values)


@pytest.mark.parametrize("name", BINARY_CASES)
def test_binary_values_and_derivatives(device, name):
    left, right = numbers(4, 1, 5, low=0.3, high=2), numbers(3, 1, low=0.4, high=2.2, seed=1)
    function = getattr(st, name)
    wanted = BINARY_CASES[name](left.astype(np.float64), right.astype(np.float64))
    agrees(function(st.tensor(left), st.tensor(right)), wanted)
    if name != "floor_divide":
        check_gradient(function, left, right)


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint32])
@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(device, name, dtype):
    left, right = np.arange(6).astype(dtype), np.full(6, 3, dtype)
    got = getattr(st, name)(st.tensor(left), st.tensor(right))
    assert got.dtype is st.bool
    assert got.tolist() == COMPARISONS[name](left, right).tolist()


@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
def test_integer_division_rounds_down(device, name):
    left, right = np.array([7, -7, 7, -7, 0], np.int32), np.array([2, 2, -2, -2, 5], np.int32)
    wanted = {"floor_divide": left // right, "remainder": left % right}[name]
    assert getattr(st, name)(st.tensor(left), st.tensor(right)).tolist() == wanted.tolist()


def test_integer_arithmetic_wraps(device):
    big = st.tensor([2**31 - 1, -(2**31)])
    assert (big + 1).tolist() == [-(2**31), -(2**31) + 1]
    assert (st.tensor([65537]) * 65537).tolist() == [131073]


def test_integer_powers(device):
    base = st.tensor([2, -1, -1, 1, 3, 0])
    assert (base ** st.tensor([3, -3, -2, -5, -1, 0])).tolist() == [8, -1, 1, 1, 0, 1]


def test_bits(device):
    x, y = st.tensor([12, -1, 5]), st.tensor([10, 3, 1])
    assert (x & y).tolist() == [8, 3, 1]
    assert (x | y).tolist() == [14, -1, 5]
    assert (x ^ y).tolist() == [6, -4, 4]
    assert (~x).tolist() == [-13, 0, -6]
    assert (x << 2).tolist() == [48, -4, 20]
    assert (x >> 1).tolist() == [6, -1, 2]


def test_logic(device):
    x, y = st.tensor([True, True, False]), st.tensor([True, False, False])
    assert (x & y).tolist() == [True, False, False]
    assert (x | y).tolist() == [True, True, False]
    assert (x ^ y).tolist() == [False, True, False]
    assert (~x).tolist() == [False, False, True]


def test_special_values(device):
    x = st.tensor([math.nan, math.inf, -math.inf, 1.0])
    assert st.isnan(x).tolist() == [True, False, False, False]
    assert st.isinf(x).tolist() == [False, True, True, False]
    assert st.isfinite(x).tolist() == [False, False, False, True]


def test_casts(device):
    x = st.tensor([-1.7, 0.0, 2.9])
    assert x.to(st.int32).tolist() == [-1, 0, 2]
    assert x.to(st.bool).tolist() == [True, False, True]
    assert st.tensor([True, False]).to(st.float32).tolist() == [1.0, 0.0]
    assert st.tensor([1e20, -1e20]).to(st.int32).tolist() == pytest.approx([2**31 - 1, -(2**31)], rel=1e-6)
    assert st.tensor([1.0], dtype=st.float32).bitcast(st.int32).tolist() == [0x3F800000]


def test_where_keeps_what_it_does_not_choose_out_of_the_gradient(device):
    x = st.tensor([-1.0, 4.0], requires_grad=True)
    st.where(x > 0, x.sqrt(), 0.0).sum().backward()
    assert x.grad.tolist()[1] == pytest.approx(0.25)


def test_where_values_and_derivatives(device):
    a, b = numbers(3, 4), numbers(4, seed=1)
    condition = numbers(3, 1, seed=2) > 0
    agrees(st.where(st.tensor(condition), st.tensor(a), st.tensor(b)), np.where(condition, a, b))
    check_gradient(lambda x, y: st.where(st.tensor(condition), x, y), a, b)


def test_kinks_follow_pytorch(device):
    zero = st.tensor([0.0], requires_grad=True)
    (zero.abs() + st.relu(zero)).sum().backward()
    assert zero.grad.tolist() == [0.0]
    x, y = st.tensor([1.0], requires_grad=True), st.tensor([1.0], requires_grad=True)
    st.maximum(x, y).sum().backward()
    assert (x.grad.item(), y.grad.item()) == (0.5, 0.5)
    root = st.tensor([0.0], requires_grad=True)
    root.sqrt().sum().backward()
    assert root.grad.item() == math.inf


ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "logsigmoid", "mish", "softsign"),
    *("hardsigmoid", "hardswish", "hardtanh"),
)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_right_slopes(device, name):
    check_gradient(getattr(st, name), numbers(30, low=-4, high=4))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_stay_finite(device, name):
    x = st.tensor([-1e4, -100.0, 0.0, 100.0, 1e4], requires_grad=True)
    y = getattr(st, name)(x)
    y.sum().backward()
    assert np.isfinite(y.numpy()).all()
    assert np.isfinite(x.grad.numpy()).all()
