"""Bad input: the error names the operation, what was given, what fits and the user's line; nothing has changed."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web import nn, optim
from spiraltorch_web.nn import functional as F

SHAPE, DTYPE, ARGUMENT, AUTOGRAD = st.ShapeError, st.DTypeError, st.ArgumentError, st.AutogradError


def ones(*shape, **options):
    return st.ones(*shape, **options)


def ints(*shape):
    return st.zeros(shape, dtype=st.int32)


# (call, error, what the message has to show). Each call stands on its own line, which the message has to name.
CASES = [
    (lambda: ones(2, 3) + ones(4, 5), SHAPE, "add (2, 3) (4, 5)"),
    (lambda: ones(2, 3) ** ones(4, 5), SHAPE, "pow (2, 3) (4, 5)"),
    (lambda: st.maximum(ones(2, 3), ones(4, 5)), SHAPE, "maximum (2, 3) (4, 5)"),
    (lambda: st.where(ones(2, 3) > 0, ones(2, 3), ones(4, 5)), SHAPE, "where (2, 3) (4, 5)"),
    (lambda: ones(2, 3).add_(ones(4, 5)), SHAPE, "add (2, 3) (4, 5)"),
    (lambda: ones(2, 3).copy_(ones(4, 5)), SHAPE, "(2, 3) (4, 5)"),
    (lambda: ones(2, 3).assign_(ones(4, 5)), SHAPE, "in-place (2, 3) (4, 5)"),
    (lambda: ones(2, 3) << 1, DTYPE, "shl float32"),
    (lambda: ~ones(2, 3), DTYPE, "not float32"),
    (lambda: ones(2, 3) @ ones(4, 5), SHAPE, "matmul (2, 3) (4, 5)"),
    (lambda: st.dot(ones(3), ones(4)), SHAPE, "dot (3,) (4,)"),
    (lambda: st.bmm(ones(2, 3), ones(4, 5)), SHAPE, "bmm 3 axes (2, 3)"),
    (lambda: st.einsum("ij,jk->ik", ones(2, 3), ones(4, 5)), SHAPE, "einsum ij,jk->ik 'j' 3 4"),
    (lambda: st.einsum("ij,jk", ones(2, 3)), ARGUMENT, "einsum ij,jk 2 1"),
    (lambda: st.tensordot(ones(2, 3), ones(4, 5), 1), SHAPE, "tensordot (2, 3) (4, 5)"),
    (lambda: ones(2, 3).reshape(4, 2), SHAPE, "reshape (2, 3) 6 (4, 2) 8"),
    (lambda: ones(2, 3).reshape(-1, -1), SHAPE, "reshape (-1, -1)"),
    (lambda: ones(2, 3).permute(0, 0), SHAPE, "permute (2, 3) (0, 0)"),
    (lambda: ones(2, 3).transpose(0, 5), SHAPE, "transpose axis 5 2 axes"),
    (lambda: ones(2, 3).expand(5, 3), SHAPE, "expand (2, 3) (5, 3)"),
    (lambda: st.arange(6).reshape(2, 3).expand(5, 3), SHAPE, "expand (2, 3) (5, 3)"),
    (lambda: ones(2, 3).repeat(2), SHAPE, "repeat (2, 3) (2,)"),
    (lambda: ones(2, 3).sum(3), SHAPE, "sum axis 3"),
    (lambda: ones(2, 3).sum((0, 0)), SHAPE, "sum twice (0, 0)"),
    (lambda: ones(2, 3).softmax(2), SHAPE, "softmax axis 2"),
    (lambda: ones(2, 3).topk(9), ARGUMENT, "topk (2, 3) 9"),
    (lambda: ones(2, 3).cumsum(3), SHAPE, "cumsum axis 3"),
    (lambda: st.cat([ones(2, 3), ones(4, 5)]), SHAPE, "concat (2, 3) (4, 5)"),
    (lambda: st.cat([]), ARGUMENT, "cat at least one"),
    (lambda: st.stack([ones(2, 3), ones(4, 5)]), SHAPE, "stack (2, 3) (4, 5)"),
    (lambda: st.pad(ones(2, 3), (1,)), SHAPE, "pad (1,)"),
    (lambda: ones(2, 3).split(0), ARGUMENT, "split 0"),
    (lambda: ones(2, 3)[5], IndexError, "index 5 axis 0 (2, 3)"),
    (lambda: ones(2, 3)[0, 0, 0], SHAPE, "3 (2, 3)"),
    (lambda: ones(2, 3)["a"], ARGUMENT, "str"),
    (lambda: ones(2, 3)[ones(2)], ARGUMENT, "float32"),
    (lambda: ones(2, 3)[st.tensor([True])], SHAPE, "mask 1 axis 0 (2, 3)"),
    (lambda: ones(2, 3)[:, st.tensor([True, False, True, True])], SHAPE, "mask 4 axis 1 (2, 3)"),
    (lambda: ones(2, 3).__setitem__(0, ones(4)), SHAPE, "assignment (4,) (3,)"),
    (lambda: ones(2, 3).gather(0, ones(2, 3)), SHAPE, "gather float32 (2, 3)"),
    (lambda: ones(2, 3).gather(1, ints(9, 3)), SHAPE, "gather (9, 3) (2, 3)"),
    (lambda: ones(2, 3).index_add(0, st.arange(3), ones(4, 5)), SHAPE, "index_add (2, 3) (3, 3) (4, 5)"),
    (lambda: st.one_hot(st.arange(3), -2), ARGUMENT, "one_hot -2"),
    (lambda: st.one_hot(ones(3), 4), DTYPE, "one_hot float32"),
    (lambda: st.diag(ones(2, 2, 2)), SHAPE, "diag (2, 2, 2)"),
    (lambda: st.zeros(-1), SHAPE, "(-1,)"),
    (lambda: st.rand(2, -3), SHAPE, "(2, -3)"),
    (lambda: st.zeros(2.5), SHAPE, "2.5"),
    (lambda: st.ones(2, dtype="float64"), DTYPE, "'float64' float32"),
    (lambda: st.tensor([[1, 2], [3]]), SHAPE, "(2,) (1,)"),
    (lambda: st.tensor("abc"), DTYPE, "str"),
    (lambda: st.tensor([2**31]), DTYPE, "2147483648 int32"),
    (lambda: st.arange(0, 10, 0), ARGUMENT, "arange 0"),
    (lambda: st.linspace(0, 1, -1), ARGUMENT, "linspace -1"),
    (lambda: st.randint(5, 2, (3,)), ARGUMENT, "randint 5 2"),
    (lambda: st.manual_seed("a"), ARGUMENT, "seed 'a'"),
    (lambda: st.multinomial(ones(2, 3), 5), ARGUMENT, "multinomial 5 3"),
    (lambda: ones(2, 3).item(), SHAPE, "item (2, 3)"),
    (lambda: bool(ones(2, 3)), SHAPE, "truth (2, 3)"),
    (lambda: ones(2, 3).clamp(), ARGUMENT, "clamp min max"),
    (lambda: st.conv2d(ones(1, 3, 5, 5), ones(2, 4, 3, 3)), SHAPE, "conv (1, 3, 5, 5) (2, 4, 3, 3)"),
    (lambda: st.conv2d(ones(3, 5), ones(2, 4, 3, 3)), SHAPE, "conv2d (3, 5)"),
    (lambda: st.conv2d(ones(1, 3, 2, 2), ones(2, 3, 3, 3)), SHAPE, "kernel (3, 3) (2, 2)"),
    (lambda: st.conv2d(ones(1, 3, 5, 5), ones(2, 3, 3, 3), stride=0), ARGUMENT, "stride 0"),
    (lambda: st.conv1d(ones(1, 3, 5), ones(2, 3, 3), dilation=0), ARGUMENT, "dilation 0"),
    (lambda: st.conv1d(ones(1, 3, 5), ones(2, 3, 3), padding=-1), ARGUMENT, "padding -1"),
    (lambda: st.max_pool2d(ones(1, 1, 2, 2), 5), SHAPE, "window 5 (1, 1, 2, 2)"),
    (lambda: st.max_pool2d(ones(1, 1, 2, 2), 0), ARGUMENT, "kernel_size 0"),
    (lambda: st.embedding(ones(3), ones(2, 3)), DTYPE, "embedding float32"),
    (lambda: F.cross_entropy(ones(2, 3), ints(5)), SHAPE, "cross_entropy (2, 3) (2,) (5,)"),
    (lambda: F.mse_loss(ones(2, 3), ones(4, 5)), SHAPE, "mse_loss (2, 3) (4, 5)"),
    (lambda: F.dropout(ones(2, 3), 1.5), ARGUMENT, "dropout 1.5"),
    (lambda: nn.Linear(3, 4)(ones(4, 5)), SHAPE, "linear (4, 5) (4, 3)"),
    (lambda: nn.Linear(-1, 4), SHAPE, "(4, -1)"),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), ARGUMENT, "groups=2 3 4"),
    (lambda: nn.Conv2d(3, 4, 5)(ones(1, 3, 3, 3)), SHAPE, "conv (5, 5) (3, 3)"),
    (lambda: nn.MaxPool2d(4)(ones(1, 1, 2, 2)), SHAPE, "pool 4 axis 2 (1, 1, 2, 2)"),
    (lambda: nn.BatchNorm1d(7)(ones(2, 3)), SHAPE, "BatchNorm1d 7 (2, 3)"),
    (lambda: nn.LayerNorm(7)(ones(2, 3)), SHAPE, "layer_norm (7,) (2, 3)"),
    (lambda: nn.MultiheadAttention(7, 2), ARGUMENT, "2 7"),
    (lambda: nn.Sequential(nn.Linear(3, 4), 5), ARGUMENT, "Sequential int"),
    (lambda: nn.Linear(3, 4).load_state_dict({"weight": ones(2, 3)}), ARGUMENT, "missing: bias weight (2, 3) (4, 3)"),
    (lambda: optim.Adam([]), ARGUMENT, "params empty"),
    (lambda: optim.Adam(ones(2)), ARGUMENT, "params one tensor"),
    (lambda: optim.SGD([ones(2)], lr=-1), ARGUMENT, "lr -1"),
    (lambda: optim.Adam([ones(2)], betas=(1.5, 0.9)), ARGUMENT, "betas[0] 1.5"),
    (lambda: ones(2).sum().backward(), AUTOGRAD, "backward requires_grad"),
    (lambda: ones(2, 3, requires_grad=True).backward(), AUTOGRAD, "backward (2, 3)"),
    (lambda: ones(2, requires_grad=True).add_(1), AUTOGRAD, "in place no_grad"),
    (lambda: ints(2).requires_grad_(), AUTOGRAD, "int32"),
    (lambda: st.grad(lambda a: a)(ones(2, 3)), AUTOGRAD, "value_and_grad (2, 3)"),
    (lambda: st.jvp(lambda a: a * 2, (ones(3),), (ones(2, 3),)), SHAPE, "jvp (2, 3) (3,)"),
    (lambda: st.set_device("tpu"), ARGUMENT, "'tpu' webgpu cpu"),
    (lambda: st.compile(3), ARGUMENT, "compile int"),
    (lambda: st.compile(lambda a: a.sum().item())(ones(3)), st.TraceError, "value compiled step"),
    (lambda: st.compile(lambda a: bool(a.sum() > 0))(ones(3)), st.TraceError, "value compiled step"),
    (lambda: st.compile(lambda a: a[a > 0])(ones(3)), st.TraceError, "value compiled step"),
    (lambda: st.load("weights.pt"), ARGUMENT, "weights.pt pickled safetensors"),
    (lambda: st.save({"a": ones(1)}, "x.dat"), ARGUMENT, "x.dat .safetensors"),
]


@pytest.mark.parametrize("case", CASES, ids=[shown for _, _, shown in CASES])
def test_the_message_tells_all(case):
    call, kind, shown = case
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    for part in re.findall(r"\([^)]*\)|\S+", shown):
        assert part in message, f"{part!r} is missing in {message!r}"
    line = inspect.getsourcelines(call)[1]
    assert f"(at test_bad_input.py, line {line}: " in message, message


# Masks are read, which a compiled step refuses first.
RECORDED = [case for case in CASES if case[1] is SHAPE and "mask" not in case[2]][::4]


@pytest.mark.parametrize("case", RECORDED, ids=[shown for _, _, shown in RECORDED])
def test_inside_a_compiled_step_too(case):
    """The same error, and the next step can be recorded."""
    call, kind, _ = case
    with pytest.raises(kind):
        st.compile(call)()
    assert st.compile(lambda x: x + 1)(ones(2)).tolist() == [2, 2]


def test_a_failed_step_changes_nothing():
    weight, total = ones(3), st.zeros(3)

    @st.compile
    def step(x):
        total.add_(x)
        return weight @ x.reshape(2, 2)

    with pytest.raises(SHAPE):
        step(ones(3))
    assert total.tolist() == [0, 0, 0]
    with pytest.raises(SHAPE):
        step(ones(4))
    assert (total + 1).tolist() == [1, 1, 1]


def test_a_failed_state_dict_changes_nothing():
    layer = nn.Linear(3, 4)
    before = layer.weight.numpy()
    with pytest.raises(ARGUMENT):
        layer.load_state_dict({"weight": ones(4, 3), "bias": ones(3)})
    np.testing.assert_array_equal(layer.weight.numpy(), before)
