"""Optimisers against PyTorch's trajectories, and what compiled steps, groups and checkpoints ask of them."""

import copy
import json
import math
from pathlib import Path

import numpy as np
import pytest

from spiraltorch_web import optim
from spiraltorch_web.compiled import compile
from spiraltorch_web.errors import ArgumentError, TraceError
from spiraltorch_web.nn import Parameter
from spiraltorch_web.optim.clock import Clock
from spiraltorch_web.tensor import tensor

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())
CASES = GOLDEN["optimizers"]

# A few float32 roundings of numbers near 1 per step.
CLOSE = {"rtol": 2e-6, "atol": 2e-7}


def name_of(case: dict) -> str:
    return "-".join([case["optimizer"], *(key for key in case["settings"] if key != "lr")])


def parameters() -> list[Parameter]:
    return [Parameter(tensor(GOLDEN["weight"])), Parameter(tensor(GOLDEN["bias"]))]


def build(case: dict, params: list[Parameter]) -> optim.Optimizer:
    settings = {key: tuple(value) if isinstance(value, list) else value for key, value in case["settings"].items()}
    return getattr(optim, case["optimizer"])(params, **settings)


def set_gradients(params: list[Parameter], step: int) -> None:
    for parameter, name in zip(params, ("weight", "bias"), strict=True):
        parameter.grad = tensor(GOLDEN["gradients"][step][name])


def check(params: list[Parameter], expected: dict) -> None:
    for parameter, name in zip(params, ("weight", "bias"), strict=True):
        np.testing.assert_allclose(parameter.tolist(), expected[name], **CLOSE)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_every_step_equals_pytorch(device, case):
    params = parameters()
    optimizer = build(case, params)
    for step, expected in enumerate(case["steps"]):
        set_gradients(params, step)
        optimizer.step()
        check(params, expected)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_compiled_step_equals_pytorch(device, case):
    params = parameters()
    optimizer = build(case, params)

    @compile
    def step(weight_gradient, bias_gradient):
        params[0].grad, params[1].grad = weight_gradient, bias_gradient
        optimizer.step()

    for number, expected in enumerate(case["steps"]):
        step(*(tensor(GOLDEN["gradients"][number][name]) for name in ("weight", "bias")))
        check(params, expected)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_pytorch_state_loads_and_goes_on(case):
    """Half of PyTorch's trajectory, then its state: ours takes over. State of ours saves and loads the same way."""
    params = parameters()
    first = build(case, params)
    for step in range(3):
        set_gradients(params, step)
        first.step()
    saved = copy.deepcopy(plain(first.state_dict()))
    second = build(case, params)
    second.load_state_dict(saved)
    for step in range(3, 6):
        set_gradients(params, step)
        second.step()
        check(params, case["steps"][step])
    last = plain(second.state_dict())
    for number, entry in case["state"]["state"].items():
        for key, value in entry.items():
            if key in last["state"][int(number)]:
                np.testing.assert_allclose(last["state"][int(number)][key], value, **CLOSE, err_msg=key)
    from_pytorch = {**case["state"], "state": {int(number): entry for number, entry in case["state"]["state"].items()}}
    second.load_state_dict(from_pytorch)
    assert plain(second.state_dict())["param_groups"] == last["param_groups"]


def plain(state: dict) -> dict:
    """The state with lists for tensors."""
    entries = {n: {key: value.tolist() for key, value in entry.items()} for n, entry in state["state"].items()}
    return {**state, "state": entries}


@pytest.mark.parametrize("beta", [0.9, 0.999, 0.99999])
def test_scheduled_scalars_keep_float32_accuracy(device, beta):
    """The formula of the docstring, 1 − βᵗ, for early and late steps."""
    schedule = optim.Adam(parameters(), betas=(beta, beta)).schedule({"betas": (beta, beta)})
    for step in (1, 2, 10, 1000, 100_000):
        clock = Clock.at(step, schedule)
        exact = -math.expm1(step * math.log(beta))
        # expm1 and a division in float32; t·log β carries one rounding more.
        np.testing.assert_allclose(clock.now[0].item(), 1 / exact, rtol=1e-6)
        np.testing.assert_allclose(clock.now[1].item(), exact**-0.5, rtol=1e-6)


def test_learning_rate_reaches_a_compiled_step_without_compiling_again(device):
    weight = Parameter(tensor([1.0]))
    optimizer = optim.SGD([weight], lr=0.5)
    recorded = []

    @compile
    def step():
        recorded.append(1)
        optimizer.zero_grad()
        (2.0 * weight).sum().backward()
        optimizer.step()

    step()
    assert weight.item() == 0.0
    optimizer.lr = 0.25
    step()
    assert weight.item() == -0.5
    optimizer.param_groups[0]["lr"] = 1.0
    step()
    assert weight.item() == -2.5
    optimizer.param_groups[0].update(lr=0.5)
    step()
    assert weight.item() == -3.5
    assert len(recorded) == 1


def test_other_settings_make_the_step_compile_again(device):
    weight = Parameter(tensor([1.0]))
    optimizer = optim.SGD([weight], lr=1.0)

    @compile
    def step():
        optimizer.zero_grad()
        weight.sum().backward()
        optimizer.step()

    step()
    assert weight.item() == 0.0
    optimizer.param_groups[0]["maximize"] = True
    step()
    assert weight.item() == 1.0


def test_learning_rate_cannot_change_inside_a_compiled_step(device):
    weight = Parameter(tensor([1.0]))
    optimizer = optim.SGD([weight], lr=1.0)

    @compile
    def step():
        optimizer.lr = 0.5

    with pytest.raises(TraceError, match="outside of the compiled step"):
        step()
    assert optimizer.lr == 1.0


def test_a_parameter_that_joins_later_starts_its_own_bias_correction():
    """As in PyTorch, where each parameter counts its own steps."""
    early, late, alone = (Parameter(tensor([1.0])) for _ in range(3))
    together = optim.Adam([early, late], lr=0.1)
    single = optim.Adam([alone], lr=0.1)
    for step in range(5):
        early.grad = tensor([0.5])
        if step >= 3:
            late.grad = alone.grad = tensor([0.25 * step])
            single.step()
        together.step()
    assert late.item() == pytest.approx(alone.item(), rel=1e-6)
    assert together.state_dict()["state"][1]["step"].item() == 2.0


def test_groups_have_settings_of_their_own():
    first, second = Parameter(tensor([1.0])), Parameter(tensor([1.0]))
    optimizer = optim.SGD([{"params": [first]}, {"params": second, "lr": 0.5}], lr=0.1)
    first.grad = second.grad = tensor([1.0])
    optimizer.step()
    assert first.item() == pytest.approx(0.9)
    assert second.item() == pytest.approx(0.5)
    optimizer.zero_grad()
    assert first.grad is None


def test_parameters_without_gradient_stay():
    first, second = Parameter(tensor([1.0])), Parameter(tensor([2.0]))
    optimizer = optim.Adam([first, second])
    first.grad = tensor([1.0])
    optimizer.step()
    assert second.item() == 2.0


def test_step_runs_a_closure_with_gradients():
    weight = Parameter(tensor([2.0]))
    optimizer = optim.SGD([weight], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (weight * weight).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.0
    assert weight.item() == 0.0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda w: optim.SGD(w), "list"),
        (lambda w: optim.SGD([]), "empty"),
        (lambda w: optim.SGD([w, w]), "twice"),
        (lambda w: optim.SGD([w], lr=-1), "lr"),
        (lambda w: optim.SGD([w], lr="fast"), "lr"),
        (lambda w: optim.SGD([w], lr=math.nan), "lr"),
        (lambda w: optim.SGD([w], nesterov=True), "nesterov"),
        (lambda w: optim.Adam([w], betas=(0.9, 1.0)), r"betas\[1\]"),
        (lambda w: optim.Adam([w], betas=(0.9,)), "two numbers"),
        (lambda w: optim.Adam([{"params": [w], "momentum": 0.9}]), "no settings"),
        (lambda w: optim.Adam([w * 2.0]), "computed tensor"),
        (lambda w: optim.Adam([3.0]), "float"),
        (lambda w: optim.Adam([tensor([1])]), "int32"),
    ],
)
def test_wrong_arguments_say_what_fits(build, message):
    with pytest.raises(ArgumentError, match=message):
        build(Parameter(tensor([1.0])))


def test_a_state_that_does_not_fit_changes_nothing():
    params = parameters()
    optimizer = optim.Adam(params, lr=0.1)
    state = optim.Adam(parameters(), lr=0.5).state_dict()
    state["state"][1]["exp_avg"] = tensor([1.0, 2.0, 3.0])
    with pytest.raises(ArgumentError, match="shape"):
        optimizer.load_state_dict(state)
    assert optimizer.lr == 0.1
    with pytest.raises(ArgumentError, match="groups of"):
        optimizer.load_state_dict(optim.Adam(params[:1]).state_dict())
    with pytest.raises(ArgumentError, match="lacks 'exp_avg'"):
        optimizer.load_state_dict({**state, "state": {0: {"step": 3}}})


def test_repr_shows_the_settings():
    assert "lr=0.1" in repr(optim.SGD(parameters(), lr=0.1))
