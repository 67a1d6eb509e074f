"""Writes golden.json with PyTorch: python tests/optim/make_golden.py (made with torch 2.13.0, CPU)."""

import json
from pathlib import Path

import torch

STEPS = 6
WEIGHT = [[0.5, -0.3], [0.8, 0.1], [-1.2, 0.7]]
BIAS = [0.2, -0.4]

OPTIMIZERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "maximize": True}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "amsgrad": True, "maximize": True}),
    ("Adam", {"lr": 0.01, "betas": [0.0, 0.9]}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.3, "amsgrad": True}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.9, "momentum": 0.7, "centered": True, "weight_decay": 0.02}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.2, "weight_decay": 0.02, "initial_accumulator_value": 0.1}),
]

SCHEDULERS = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 9], "gamma": 0.3}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 4}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.8, "total_iters": 6}),
    ("PolynomialLR", {"total_iters": 8, "power": 2.0}),
    ("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.01}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 12, "cycle_momentum": False}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 12, "three_phase": True, "cycle_momentum": False}),
    (
        "OneCycleLR",
        {"max_lr": 0.5, "epochs": 3, "steps_per_epoch": 4, "anneal_strategy": "linear", "pct_start": 0.5}
        | {"div_factor": 10.0, "final_div_factor": 100.0, "cycle_momentum": False},
    ),
]

METRICS = [1.0, 0.9, 0.95, 0.96, 0.97, 0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87]
PLATEAUS = [
    {"patience": 2, "factor": 0.5},
    {"patience": 1, "factor": 0.1, "cooldown": 2, "threshold": 0.05, "min_lr": 1e-3},
    {"mode": "max", "patience": 3, "threshold_mode": "abs"},
]


def gradients(step: int, shape: tuple[int, ...]) -> torch.Tensor:
    """Fixed and of changing sign and size."""
    count = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return (torch.sin(count * 1.7 + step * 2.3) * (1 + step % 3)).to(torch.float32).reshape(shape)


def trajectory(name: str, settings: dict) -> dict:
    weight = torch.tensor(WEIGHT, requires_grad=True)
    bias = torch.tensor(BIAS, requires_grad=True)
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    optimizer = getattr(torch.optim, name)([weight, bias], foreach=False, **options)
    steps = []
    for step in range(STEPS):
        weight.grad, bias.grad = gradients(step, (3, 2)), gradients(step + 100, (2,))
        optimizer.step()
        steps.append({"weight": weight.tolist(), "bias": bias.tolist()})
    saved = optimizer.state_dict()
    state = {
        number: {key: value.tolist() for key, value in entry.items() if value is not None}
        for number, entry in saved["state"].items()
    }
    return {"optimizer": name, "settings": settings, "steps": steps, "state": {**saved, "state": state}}


def schedule(name: str, settings: dict) -> dict:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **settings)
    return {"scheduler": name, "settings": settings, "rates": rates(optimizer, scheduler, 11)}


def warm_up() -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    kinds = torch.optim.lr_scheduler
    parts = [kinds.LinearLR(optimizer, 0.1, total_iters=3), kinds.CosineAnnealingLR(optimizer, 6)]
    parts.append(kinds.ExponentialLR(optimizer, 0.5))
    return rates(optimizer, kinds.SequentialLR(optimizer, parts, [3, 8]), 11)


def plateau(settings: dict) -> dict:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **settings)
    found = []
    for metric in METRICS:
        scheduler.step(metric)
        found.append(optimizer.param_groups[0]["lr"])
    return {"settings": settings, "metrics": METRICS, "rates": found}


def rates(optimizer, scheduler, count: int) -> list[float]:
    found = [optimizer.param_groups[0]["lr"]]
    for _ in range(count):
        optimizer.step()
        scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


def rounded(value):
    """Nine digits tell every float32 apart."""
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(entry) for entry in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


if __name__ == "__main__":
    golden = {
        "gradients": [
            {"weight": gradients(step, (3, 2)).tolist(), "bias": gradients(step + 100, (2,)).tolist()}
            for step in range(STEPS)
        ],
        "weight": WEIGHT,
        "bias": BIAS,
        "optimizers": [trajectory(name, settings) for name, settings in OPTIMIZERS],
        "schedulers": [schedule(name, settings) for name, settings in SCHEDULERS],
        "sequential": warm_up(),
        "plateaus": [plateau(settings) for settings in PLATEAUS],
    }
    target = Path(__file__).with_name("golden.json")
    target.write_text(json.dumps(rounded(golden), separators=(",", ":"), allow_nan=False) + "\n", encoding="utf-8")
