"""Sizes at the edges: past one binding, past the groups of a dimension, empty, scalar, many axes, extreme values."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web import nn, optim
from tests.support.adapters import note_adapter
from tests.support.sessions import opened

MIB = 1 << 20


@pytest.fixture
def gpu(request):
    """The session's device: the best WebGPU adapter, with its default binding limit of 128 MiB on lavapipe."""
    from spiraltorch_web.runtime.session import session

    device = opened("webgpu")
    note_adapter(request.node, f"{device.info.adapter} ({device.info.backend})")
    session().use_device(device)
    yield device
    session().use_device(opened("cpu"))


# --- large ----------------------------------------------------------------------------------------------------------


def test_values_past_one_binding(gpu):
    """160 MiB: elementwise, in place, reductions over each axis and all, slices of both ends."""
    rows, columns = 1280, 32768
    assert rows * columns * 4 == 160 * MIB > gpu.caps.max_binding_bytes or gpu.caps.max_binding_bytes > 160 * MIB
    place = np.arange(rows)[:, None] * 0.25 + np.arange(columns)[None, :] % 64
    x = st.arange(rows)[:, None] * 0.25 + st.arange(columns)[None, :] % 64
    st.realize(x)
    y = x * 2 + 1
    st.realize(y)
    np.testing.assert_array_equal(y[[0, -1], :5].numpy(), 2 * place[[0, -1], :5] + 1)
    np.testing.assert_array_equal(y[:, -1].numpy(), 2 * place[:, -1] + 1)
    np.testing.assert_allclose(x.sum(1).numpy(), place.sum(1), rtol=1e-6)
    np.testing.assert_allclose(x.amax(0).numpy(), place.max(0))
    assert x.mean().item() == pytest.approx(place.mean(), rel=1e-5)
    x.add_(y)
    np.testing.assert_array_equal(x[-1, -3:].numpy(), (3 * place + 1)[-1, -3:])


def test_scans_and_assignment_past_one_binding(gpu):
    count = 42_000_000
    x = (st.arange(count) % 1000).float()
    st.realize(x)
    assert x.reshape(-1, 1000).cumsum(1)[-1, -1].item() == 499_500
    assert x.cumsum(0)[-1].item() == pytest.approx(count * 499.5, rel=1e-6)
    x[st.tensor([0, count - 1])] = 7.0
    assert x[[0, 1, count - 2, count - 1]].tolist() == [7, 1, 998, 7]
    rows = st.tensor([0, 41_999, 5, 5])
    slope = st.grad(lambda table: (st.embedding(rows, table) * 2).sum())(x.reshape(42_000, 1000))
    assert slope[[0, 5, 6, 41_999], 3].tolist() == [2, 4, 0, 2]


def test_a_matmul_operand_past_one_binding(gpu):
    rows, inner = 40960, 1024
    a = st.arange(rows)[:, None] % 7 - st.arange(inner)[None, :] % 5
    a = a.to(st.float32)
    st.realize(a)
    assert a.nbytes == 160 * MIB
    b = (st.arange(inner)[:, None] % 3 - st.arange(4)[None, :]).to(st.float32)
    wanted_a = (np.arange(rows)[:, None] % 7 - np.arange(inner)[None, :] % 5).astype(np.float32)
    wanted_b = (np.arange(inner)[:, None] % 3 - np.arange(4)[None, :]).astype(np.float32)
    np.testing.assert_array_equal((a @ b).numpy(), wanted_a @ wanted_b)
    np.testing.assert_allclose((a.T @ a[:, :2]).numpy(), wanted_a.T @ wanted_a[:, :2], rtol=1e-6)


def test_more_groups_than_one_dimension_holds(gpu):
    """One invocation an entry in groups of 64 would need more than 65,535 groups; so would one group a row."""
    count = 65_536 * 64 + 77
    x = st.arange(count)
    assert (x + 1)[-1].item() == count
    assert int((x % 1000 == 7).sum()) == len(range(7, count, 1000))
    rows = 66_000
    tall = st.arange(rows)[:, None] + st.zeros(1, 3, dtype=st.int32)
    np.testing.assert_array_equal(tall.sum(1).numpy(), 3 * np.arange(rows))
    np.testing.assert_array_equal(tall.to(st.float32).softmax(1)[-2:].numpy(), np.full((2, 3), np.float32(1 / 3)))
    batch = (st.ones(rows, 2, 2) @ st.ones(rows, 2, 1)).sum((1, 2))
    assert batch.amin().item() == batch.amax().item() == 4


# --- small ----------------------------------------------------------------------------------------------------------


def test_empty_tensors(device):
    x = st.zeros(0, 3)
    assert (x + 1).shape == (0, 3) and (x + 1).tolist() == []
    assert x.sum().item() == 0 and x.prod().item() == 1
    assert x.sum(0).tolist() == [0, 0, 0] and x.sum(1).tolist() == []
    assert (st.zeros(4, 0) @ x).tolist() == [[0.0] * 3] * 4
    assert (x @ st.zeros(3, 5)).shape == (0, 5)
    assert st.cat([x, st.ones(2, 3)]).tolist() == [[1, 1, 1]] * 2
    assert st.sort(x, 0).values.shape == (0, 3) and x.cumsum(0).shape == (0, 3)
    assert x[:, 1].tolist() == [] and x.reshape(3, 0).shape == (3, 0)
    assert not x.any().item() and x.all().item()
    for reduce in (x.amax, x.argmax, x.min):
        with pytest.raises(st.ShapeError, match=r"\(0, 3\)"):
            reduce(0)
    leaf = st.zeros(0, requires_grad=True)
    (leaf * 2).sum().backward()
    assert leaf.grad.shape == (0,)
    step = st.compile(lambda a: (a * 2, a.sum()))
    assert step(st.zeros(0))[1].item() == 0


def test_numbers_without_axes(device):
    x = st.tensor(3.0, requires_grad=True)
    y = (x * x + x.exp().log()) / 2
    y.backward()
    assert y.item() == pytest.approx(6) and x.grad.item() == pytest.approx(3.5)
    assert x.detach()[None].shape == (1,) and st.stack([x, y]).shape == (2,)
    assert x.sum().item() == x.max().item() == 3 and x.argmax().item() == 0
    assert x.softmax(0).item() == 1 and x.reshape(1, 1).shape == (1, 1)
    assert x.broadcast_to((2, 2)).tolist() == [[3.0, 3.0]] * 2


def test_six_axes(device):
    shape = (2, 3, 2, 4, 3, 2)
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    x = st.tensor(values)
    np.testing.assert_array_equal(x.permute(5, 3, 1, 0, 2, 4).numpy(), values.transpose(5, 3, 1, 0, 2, 4))
    np.testing.assert_array_equal(x.sum((0, 2, 5)).numpy(), values.sum((0, 2, 5)))
    np.testing.assert_array_equal(
        (x * x[:, :1, :, :, :1]).amax((1, 4)).numpy(), (values * values[:, :1, :, :, :1]).max((1, 4))
    )
    np.testing.assert_array_equal((x @ x.transpose(4, 5)).numpy(), values @ values.swapaxes(4, 5))
    np.testing.assert_array_equal(
        x.flip((1, 3))[1, :, ::2, None, ..., 1].numpy(), np.flip(values, (1, 3))[1, :, ::2, None, ..., 1]
    )
    np.testing.assert_array_equal(x.argmax(3).numpy(), values.argmax(3))


# --- extreme values -------------------------------------------------------------------------------------------------

LEAST, MOST = -(2**31), 2**31 - 1
INTS = np.array([LEAST, LEAST + 1, -2, -1, 0, 1, 2, MOST - 1, MOST], np.int32)


def test_int32_extremes(device):
    """Integers wrap around, as in NumPy and on the GPU."""
    x = st.tensor(INTS)
    with np.errstate(all="ignore"):
        for name, ours, numpys in (
            ("add", x + 1, INTS + np.int32(1)),
            ("sub", x - 3, INTS - np.int32(3)),
            ("mul", x * x, INTS * INTS),
            ("neg", -x, -INTS),
            ("abs", x.abs(), np.abs(INTS)),
            ("floor_divide", x // 7, INTS // np.int32(7)),
            ("remainder", x % -7, INTS % np.int32(-7)),
            ("xor", x ^ MOST, INTS ^ np.int32(MOST)),
            ("cumsum", x.cumsum(0), np.cumsum(INTS, dtype=np.int32)),
            ("sort", x.flip(0).sort().values, INTS),
        ):
            np.testing.assert_array_equal(ours.numpy(), numpys, err_msg=name)
    assert (x.amin().item(), x.amax().item()) == (LEAST, MOST)
    assert (x < 0).tolist() == (INTS < 0).tolist() and x.argmin().item() == 0
    unsigned = st.tensor([0, 1, 2**32 - 1], dtype=st.uint32)
    assert (unsigned + 1).tolist() == [1, 2, 0] and unsigned.amax().item() == 2**32 - 1
    assert (unsigned > 5).tolist() == [False, False, True]


TINY = float(np.float32(1e-40))  # a denormal: GPUs may read it as 0
FLOATS = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-30, -1e-30, 3e38, -3e38, np.inf, -np.inf, np.nan, TINY, -TINY, 88.0, -104.0],
    np.float32,
)
NUMPY_NAMES = (
    "abs ceil floor trunc sign sqrt exp exp2 expm1 log log2 log1p sin cos tan tanh sinh cosh square reciprocal round "
    "isnan isinf isfinite"
)
ELEMENTWISE = {name: getattr(np, name) for name in NUMPY_NAMES.split()} | {
    "neg": np.negative,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.where(np.isnan(x), x, np.maximum(x, 0)),
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "softplus": lambda x: np.logaddexp(x, 0),
    "silu": lambda x: np.where(x == -np.inf, np.nan, x / (1 + np.exp(-x))),
}
# sin and cos of 3e38 have no meaning in float32 arithmetic, and WGSL promises them only within ±π. Drivers read an
# exponent of 0 as that of the smallest normal number: log(1e-40) is −88.
HIGHEST = {"sin": 1e3, "cos": 1e3, "tan": 1e3}
LOWEST = {"log": 1.2e-38, "log2": 1.2e-38}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_special_values(device, name):
    """NaN, infinities, signed zeros, huge and denormal numbers, against NumPy in float64 rounded to float32.

    rtol 3e-5; atol 3e-6 of results below 1, and denormals may count as 0, in and out.
    """
    size = np.abs(FLOATS)
    x = FLOATS[~(size > HIGHEST.get(name, np.inf)) & ~((size > 0) & (size < LOWEST.get(name, 0.0)))]
    got = getattr(st, name)(st.tensor(x)).numpy()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = ELEMENTWISE[name](x.astype(np.float64)).astype(got.dtype)
        flushed = np.where(np.abs(x) < 1.2e-38, np.copysign(0, x), x).astype(np.float32)
        also = ELEMENTWISE[name](flushed.astype(np.float64)).astype(got.dtype)
    for value, result, first, second in zip(x, got, wanted, also, strict=True):
        fits = any(np.isclose(result, target, rtol=3e-5, atol=3e-6, equal_nan=True) for target in (first, second))
        assert fits, f"{name}({value!r}) = {result!r}, expected {first!r}"


def test_comparisons_with_special_values(device):
    a, b = (part.ravel() for part in np.meshgrid(FLOATS[:13], FLOATS[:13]))
    x, y = st.tensor(a), st.tensor(b)
    with np.errstate(all="ignore"):
        for name, ours, numpys in (
            ("eq", x == y, a == b),
            ("ne", x != y, a != b),
            ("lt", x < y, a < b),
            ("ge", x >= y, a >= b),
            ("maximum", st.maximum(x, y), np.maximum(a, b)),
            ("minimum", st.minimum(x, y), np.minimum(a, b)),
            ("add", x + y, a + b),
            ("mul", x * y, a * b),
        ):
            np.testing.assert_array_equal(ours.numpy(), numpys, err_msg=name)


def test_reductions_pass_nan_and_infinity_on(device):
    for bad in (np.nan, np.inf, -np.inf):
        for count in (5, 3000):
            values = np.linspace(-1, 1, count, dtype=np.float32)
            values[count // 2] = bad
            x = st.tensor(values)
            with np.errstate(invalid="ignore"):
                np.testing.assert_equal(x.sum().item(), float(values.sum()))
                np.testing.assert_equal(x.amax().item(), float(values.max()))
                np.testing.assert_equal(x.amin().item(), float(values.min()))
            assert x.argmax().item() == values.argmax() or bad == -np.inf
            assert np.isnan(x.softmax(0).sum().item()) == (bad != -np.inf)


# --- half precision -------------------------------------------------------------------------------------------------


def test_float16_storage(device, tmp_path):
    """Kept in half, computed in float32 and rounded once: within 2⁻¹¹ of float32 results."""
    assert device.caps.float16
    values = np.random.default_rng(0).normal(size=(33, 20)).astype(np.float32)
    x = st.tensor(values).half()
    assert x.dtype is st.float16 and x.nbytes == values.size * 2
    np.testing.assert_array_equal(x.numpy(), values.astype(np.float16))
    np.testing.assert_array_equal(x.float().numpy(), values.astype(np.float16).astype(np.float32))
    for name in ("half.safetensors", "half.npz"):
        st.save({"x": x}, tmp_path / name)
        back = st.load(tmp_path / name)["x"]
        assert back.dtype is st.float16
        np.testing.assert_array_equal(back.numpy(), x.numpy())
    exact = x.float().numpy().astype(np.float64)
    np.testing.assert_allclose((x @ x.T).numpy(), exact @ exact.T, rtol=2e-3, atol=1e-2)
    np.testing.assert_allclose((x * 3 + 1).numpy(), exact * 3 + 1, rtol=2e-3, atol=1e-3)
    np.testing.assert_allclose(x.sum(0).numpy(), exact.sum(0), rtol=2e-3, atol=1e-2)
    huge = st.tensor([70000.0, -1e30, 1e-9]).half()
    assert huge.tolist() == [float("inf"), -float("inf"), 0.0]


@pytest.mark.parametrize("compiled", [False, True])
def test_a_step_in_half_precision(device, compiled):
    st.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1)).half()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    x, y = st.randn(32, 8).half(), st.randn(32, 1).half()

    def step(x, y):
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    run = st.compile(step) if compiled else step
    losses = [run(x, y).item() for _ in range(30)]
    assert all(parameter.dtype is st.float16 for parameter in model.parameters())
    assert losses[-1] < 0.7 * losses[0]
