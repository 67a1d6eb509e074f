"""Learning-rate schedules against PyTorch's."""

import json
import math
from pathlib import Path

import pytest

from spiraltorch_web import optim
from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.nn import Parameter
from spiraltorch_web.optim import lr_scheduler as kinds
from spiraltorch_web.tensor import tensor

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())


def optimizer(lr: float = 0.4) -> optim.Optimizer:
    return optim.SGD([Parameter(tensor([0.0]))], lr=lr)


def rates(driven: optim.Optimizer, scheduler: kinds.LRScheduler, count: int) -> list[float]:
    found = [driven.lr]
    for _ in range(count):
        scheduler.step()
        found.append(driven.lr)
    return found


@pytest.mark.parametrize("case", GOLDEN["schedulers"], ids=lambda case: case["scheduler"])
def test_rates_equal_pytorch(case):
    driven = optimizer()
    settings = {key: value for key, value in case["settings"].items() if key != "cycle_momentum"}
    scheduler = getattr(kinds, case["scheduler"])(driven, **settings)
    # The fixtures hold nine digits.
    assert rates(driven, scheduler, 11) == pytest.approx(case["rates"], rel=1e-8, abs=1e-12)


def test_warm_up_then_cosine_then_decay_equals_pytorch():
    driven = optimizer()
    parts = [kinds.LinearLR(driven, 0.1, total_iters=3), kinds.CosineAnnealingLR(driven, 6)]
    parts.append(kinds.ExponentialLR(driven, 0.5))
    scheduler = kinds.SequentialLR(driven, parts, [3, 8])
    assert rates(driven, scheduler, 11) == pytest.approx(GOLDEN["sequential"], rel=1e-8)


@pytest.mark.parametrize("case", GOLDEN["plateaus"], ids=lambda case: "-".join(case["settings"]))
def test_plateau_equals_pytorch(case):
    driven = optimizer()
    scheduler = kinds.ReduceLROnPlateau(driven, **case["settings"])
    found = []
    for metric in case["metrics"]:
        scheduler.step(metric)
        found.append(driven.lr)
    assert found == pytest.approx(case["rates"], rel=1e-8)


def test_lambda_takes_one_function_or_one_per_group():
    driven = optim.SGD([{"params": Parameter(tensor([0.0]))}, {"params": Parameter(tensor([0.0])), "lr": 0.2}], lr=0.4)
    scheduler = kinds.LambdaLR(driven, [lambda count: 0.5**count, lambda count: 1 / (1 + count)])
    scheduler.step()
    assert scheduler.get_last_lr() == pytest.approx([0.2, 0.1])
    with pytest.raises(ArgumentError, match="1 functions"):
        kinds.LambdaLR(driven, [lambda count: 1.0])


def test_the_rate_is_on_the_device():
    driven = optimizer()
    scheduler = kinds.ExponentialLR(driven, 0.5)
    scheduler.step()
    assert driven.param_groups[0].rate.item() == pytest.approx(0.2)


@pytest.mark.parametrize(
    "build",
    [
        lambda driven: kinds.CosineAnnealingLR(driven, 7),
        lambda driven: kinds.OneCycleLR(driven, 1.0, total_steps=20),
        lambda driven: kinds.ReduceLROnPlateau(driven, patience=1),
    ],
)
def test_state_goes_on_elsewhere(build):
    first, second = optimizer(), optimizer()
    one, two = build(first), build(second)
    argument = (1.0,) if isinstance(one, kinds.ReduceLROnPlateau) else ()
    for _ in range(5):
        one.step(*argument)
    two.load_state_dict(one.state_dict())
    second.load_state_dict(first.state_dict())
    one.step(*argument)
    two.step(*argument)
    assert second.lr == first.lr


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda driven: kinds.StepLR(driven, 0), "step_size"),
        (lambda driven: kinds.CosineAnnealingLR(driven, 0), "T_max"),
        (lambda driven: kinds.LinearLR(driven, start_factor=0.0), "factors"),
        (lambda driven: kinds.OneCycleLR(driven, 0.1), "total_steps"),
        (lambda driven: kinds.OneCycleLR(driven, 0.1, total_steps=5, anneal_strategy="step"), "anneal_strategy"),
        (lambda driven: kinds.OneCycleLR(driven, [0.1, 0.2], total_steps=5), "max_lr"),
        (lambda driven: kinds.SequentialLR(driven, [kinds.ExponentialLR(driven, 0.9)], [3]), "milestones"),
        (lambda driven: kinds.ReduceLROnPlateau(driven, mode="best"), "mode"),
        (lambda driven: kinds.ReduceLROnPlateau(driven, factor=1.0), "factor"),
    ],
)
def test_wrong_arguments_say_what_fits(build, message):
    with pytest.raises(ArgumentError, match=message):
        build(optimizer())


def test_one_cycle_ends():
    driven = optimizer()
    scheduler = kinds.OneCycleLR(driven, 0.1, total_steps=3)
    with pytest.raises(ArgumentError, match="has 3 steps"):
        for _ in range(4):
            scheduler.step()
    assert math.isfinite(driven.lr)
