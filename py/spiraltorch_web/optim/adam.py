"""Adam and AdamW."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..errors import ArgumentError
from ..tensor import Tensor, expm1, maximum, zeros_like
from .clock import Schedule
from .groups import ParamGroup, check_range
from .optimizer import Optimizer, State

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², p ← p − lr·m̂ / (√v̂ + ε), m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ).

    ``weight_decay`` λ adds λ·p to g first. ``amsgrad`` divides by the largest v so far. As in PyTorch; Kingma and Ba
    2015, Reddi et al. 2018.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        settings = {
            "lr": lr,
            "betas": tuple(betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
        }
        super().__init__(params, settings)

    def check(self, group: ParamGroup) -> None:
        if len(group["betas"]) != 2:
            raise ArgumentError(f"betas are two numbers, got {group['betas']!r}")
        for index, beta in enumerate(group["betas"]):
            check_range(f"betas[{index}]", beta, at_least=0.0, below=1.0)
        check_range("eps", group["eps"], at_least=0.0)
        check_range("weight_decay", group["weight_decay"], at_least=0.0)

    def new_state(self, group: ParamGroup, parameter: Tensor) -> State:
        names = ("exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if group["amsgrad"] else ()))
        return {name: zeros_like(parameter) for name in names}

    def schedule(self, group: ParamGroup) -> Schedule:
        """The factors 1/(1 − β₁ᵗ) and 1/√(1 − β₂ᵗ)."""
        first, second = group["betas"]
        return (lambda step: 1.0 / _correction(first, step), lambda step: _correction(second, step).rsqrt())

    def rule(
        self, group: ParamGroup, parameter: Tensor, gradient: Tensor, state: State, now: tuple[Tensor, ...]
    ) -> tuple[Tensor, State]:
        (beta1, beta2), (scale, root_scale) = group["betas"], now
        mean = state["exp_avg"] + (gradient - state["exp_avg"]) * (1.0 - beta1)
        square = state["exp_avg_sq"] * beta2 + gradient * gradient * (1.0 - beta2)
        result = {"exp_avg": mean, "exp_avg_sq": square}
        if group["amsgrad"]:
            square = result["max_exp_avg_sq"] = maximum(state["max_exp_avg_sq"], square)
        return parameter - group.rate * scale * mean / (square.sqrt() * root_scale + group["eps"]), result


class AdamW(Adam):
    """Adam whose weight decay is a factor: p ← (1 − lr·λ)·p first, g unchanged. Loshchilov and Hutter 2019."""

    decoupled_decay = True

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)


def _correction(beta: float, step: Tensor) -> Tensor:
    # 1 − βᵗ as −expm1(t·log β): in float32 the difference itself errs by 3e-5 at t = 1, β = 0.999, and the recurrence
    # c ← (1 − β) + β·c ends at 1.00001, because 0.999 has no exact float32.
    return -expm1(step * math.log(beta)) if beta else step * 0.0 + 1.0
