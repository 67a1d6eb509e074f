"""Layers, attention and losses against PyTorch: outputs, gradients, state dicts."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from spiraltorch_web import nn
from spiraltorch_web.compiled import compile
from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.tensor import Tensor, tensor

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())

# Sums of a few dozen float32 products near 1.
CLOSE = {"rtol": 5e-6, "atol": 2e-6}


def name_of(case: dict) -> str:
    return "-".join([case["kind"], *map(str, case["settings"])])


def wave(shape: tuple[int, ...], shift: float = 0.0) -> Tensor:
    """The values that make_golden.py uses."""
    count = np.arange(math.prod(shape), dtype=np.float64)
    values = np.sin(count * 1.3 + shift) * 1.5 + np.cos(count * 0.37) * 0.5
    return tensor(values.astype(np.float32).reshape(shape))


def built(case: dict) -> nn.Module:
    arguments = [tuple(value) if isinstance(value, list) else value for value in case["arguments"]]
    settings = {key: tuple(value) if isinstance(value, list) else value for key, value in case["settings"].items()}
    return getattr(nn, case["kind"])(*arguments, **settings)


def same(found: Tensor, expected: object, what: str = "") -> None:
    np.testing.assert_allclose(np.array(found.tolist()), np.array(expected), **CLOSE, err_msg=what)


@pytest.mark.parametrize("case", GOLDEN["layers"], ids=name_of)
def test_layer_equals_pytorch(device, case):
    module = built(case)
    module.load_state_dict(case["state"])
    x = tensor(case["input"]).requires_grad_()
    output = module(x)
    output.backward(wave(output.shape, 0.5))
    same(output, case["output"], "output")
    same(x.grad, case["input_grad"], "gradient of the input")
    for name, parameter in module.named_parameters():
        same(parameter.grad, case["gradients"][name], f"gradient of {name}")
    state = module.state_dict()
    assert list(state) == list(case["state_after"])
    for name, expected in case["state_after"].items():
        same(state[name], expected, name)
    same(module.eval()(x), case["evaluated"], "in evaluation")


def masks_of(case: dict, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    result = {}
    for name, mask in case["masks"].items():
        values = [-math.inf if value == "-inf" else value for value in mask["values"]]
        result[name] = tensor(values).reshape(shapes[name])
    return result


@pytest.mark.parametrize("case", GOLDEN["attention"], ids=lambda case: "-".join([*case["settings"], *case["masks"]]))
def test_attention_equals_pytorch(device, case):
    module = nn.MultiheadAttention(6, 2, **case["settings"])
    module.load_state_dict(case["state"])
    inputs = [tensor(entry).requires_grad_() for entry in case["inputs"]]
    query, key, value = inputs * 3 if len(inputs) == 1 else inputs
    keys = len(case["weights"][0][0]) if query.ndim == 3 else len(case["weights"][0])
    queries = 4 if case["causal"] else 3
    per_head = len(case["masks"].get("attn_mask", {"values": []})["values"]) > queries * keys
    attention_shape = (4, queries, keys) if per_head else (queries, keys)
    masks = masks_of(case, {"key_padding_mask": (2, keys), "attn_mask": attention_shape})
    output, weights = module(query, key, value, **masks)
    _, separate = module(query, key, value, average_attn_weights=False, **masks)
    output.backward(wave(output.shape, 0.5))
    same(output, case["output"], "output")
    same(weights, case["weights"], "weights")
    same(separate, case["separate"], "weights of each head")
    for entry, expected in zip(inputs, case["input_grads"], strict=True):
        same(entry.grad, expected, "gradient of an input")
    for name, parameter in module.named_parameters():
        same(parameter.grad, case["gradients"][name], name)
    if case["causal"]:
        hidden, none = module(query, key, value, is_causal=True, need_weights=False)
        same(hidden, case["output"], "causal by itself")
        assert none is None


@pytest.mark.parametrize("case", GOLDEN["losses"], ids=name_of)
def test_loss_equals_pytorch(device, case):
    settings = {key: tensor(value) if isinstance(value, list) else value for key, value in case["settings"].items()}
    loss = getattr(nn, case["kind"])(**settings)
    prediction = tensor(case["prediction"]).requires_grad_()
    target = tensor(case["target"])
    value = loss(prediction, target)
    value.sum().backward()
    same(value, case["value"], "value")
    same(prediction.grad, case["gradient"], "gradient")
    same(loss.backward(prediction, target), case["gradient"], "explicit gradient")


def test_embedding_equals_pytorch(device):
    golden = GOLDEN["embedding"]
    module = nn.Embedding(5, 3, padding_idx=1)
    assert module.weight.tolist()[1] == [0.0, 0.0, 0.0]
    module.load_state_dict(golden["state"])
    output = module(tensor(golden["index"]))
    output.backward(wave(output.shape, 0.5))
    same(output, golden["output"])
    same(module.weight.grad, golden["gradient"])


# --- losses, beyond PyTorch's values ----------------------------------------------------------------------------


def test_cross_entropy_stays_finite_for_large_logits(device):
    prediction = tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]]).requires_grad_()
    loss = nn.functional.cross_entropy(prediction, tensor([0, 0]))
    loss.backward()
    assert loss.item() == pytest.approx(1e4)
    same(prediction.grad, [[0.0, 0.0, 0.0], [-0.5, 0.5, 0.0]])


def test_cross_entropy_takes_masked_logits(device):
    """A class that is ruled out by −∞ has no share and no gradient."""
    prediction = tensor([[1.0, 2.0, -math.inf]]).requires_grad_()
    loss = nn.functional.cross_entropy(prediction, tensor([0]))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(1 + math.e), rel=1e-6)
    assert prediction.grad.tolist()[0][2] == 0.0


def test_an_impossible_target_makes_the_loss_infinite(device):
    """Where nobody can see it without a read: among targets that the device computed, and in a compiled step."""
    logits = wave((2, 3))
    for given in ([0, 3], [-1, 0]):
        assert nn.functional.cross_entropy(logits, tensor(given) + 0).item() == math.inf
        assert compile(nn.functional.cross_entropy)(logits, tensor(given)).item() == math.inf
    assert nn.functional.cross_entropy(logits, tensor([-100, 0]) + 0).item() < math.inf


@pytest.mark.parametrize("given", [[0, 3], [-1, 0], np.array([1, 7]), [[2], [3]]])
def test_indices_that_the_program_gave_out_of_range_are_named(device, given):
    target = tensor(given)
    worst = min(np.ravel(given)) if np.min(given) < 0 else max(np.ravel(given))
    logits = wave((2, 3, *target.shape[1:]))
    for loss in (nn.functional.cross_entropy, nn.functional.nll_loss):
        with pytest.raises(ArgumentError, match=f"there are 3 classes, counted from 0; got index {worst}"):
            loss(logits, target)
    with pytest.raises(ArgumentError, match="embedding of 3 rows needs indices below that"):
        nn.Embedding(3, 2)(target)


def test_indices_in_range_and_ignored_ones_pass(device):
    logits = wave((2, 3))
    assert nn.functional.cross_entropy(logits, tensor([-100, 0])).item() < math.inf
    assert nn.functional.cross_entropy(logits, tensor([5, 2]), ignore_index=5).item() < math.inf
    target = tensor([0, 3])
    target[1] = 2  # what was known of the numbers is no longer so
    assert nn.functional.cross_entropy(logits, target).item() < math.inf
    assert tuple(nn.Embedding(3, 2)(target).shape) == (2, 2)


def test_a_promise_of_no_ignored_targets_changes_no_value(device):
    logits, target = wave((4, 3)), tensor([0, 2, 1, 2])
    promised = nn.functional.cross_entropy(logits, target, ignore_index=None)
    assert promised.item() == pytest.approx(nn.functional.cross_entropy(logits, target).item(), rel=1e-6)


def test_bce_stays_finite_for_large_logits(device):
    logits = tensor([1e4, -1e4, 0.0]).requires_grad_()
    loss = nn.functional.binary_cross_entropy_with_logits(logits, tensor([0.0, 1.0, 1.0]), reduction="sum")
    loss.backward()
    assert loss.item() == pytest.approx(2e4 + math.log(2.0))
    same(logits.grad, [1.0, -1.0, -0.5])


# --- randomness and modes ---------------------------------------------------------------------------------------


def test_dropout_keeps_the_mean_and_rests_in_evaluation(device):
    layer = nn.Dropout(0.25)
    x = tensor(np.ones(20000, np.float32))
    dropped = np.array(layer(x).tolist())
    assert set(np.unique(dropped.round(5))) == {0.0, round(1 / 0.75, 5)}
    assert dropped.mean() == pytest.approx(1.0, abs=0.02)  # four standard deviations
    assert layer.eval()(x).tolist() == x.tolist()


def test_a_compiled_step_draws_anew_and_follows_the_mode(device):
    layer = nn.Dropout(0.5)
    x = tensor(np.ones(64, np.float32))
    forward = compile(lambda x: layer(x))
    first, second = forward(x).tolist(), forward(x).tolist()
    assert first != second
    layer.eval()
    assert forward(x).tolist() == x.tolist()


def test_batch_norm_learns_inside_a_compiled_step(device):
    eager, compiled = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    forward = compile(lambda x: compiled(x))
    for shift in range(3):
        x = wave((5, 3), shift)
        same(forward(x), eager(x).tolist())
    for name, value in eager.state_dict().items():
        same(compiled.state_dict()[name], value.tolist(), name)


@pytest.mark.parametrize(
    ("build", "fan_in"),
    [
        (lambda: nn.Linear(100, 50), 100),
        (lambda: nn.Conv2d(8, 16, 5, groups=2), 100),
        (lambda: nn.Conv1d(20, 16, 5), 100),
    ],
)
def test_weights_start_as_in_pytorch(device, build, fan_in):
    """Uniform in ±1/√fan_in: the bounds are kept and nearly reached, the variance is that of the distribution."""
    module = build()
    for parameter in module.parameters():
        values = np.array(parameter.tolist()) * math.sqrt(fan_in)
        assert np.abs(values).max() <= 1.0
    weight = np.array(module.weight.tolist()) * math.sqrt(fan_in)
    assert np.abs(weight).max() > 0.99
    assert weight.var() == pytest.approx(1 / 3, rel=0.1)


def test_the_seed_decides_the_weights(device):
    from spiraltorch_web.tensor import manual_seed

    def weights(seed: int) -> list:
        manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)).state_dict()["1.weight"].tolist()

    assert weights(5) == weights(5)
    assert weights(5) != weights(6)
