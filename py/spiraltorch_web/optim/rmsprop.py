"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable

from ..tensor import Tensor, zeros_like
from .groups import ParamGroup, check_range
from .optimizer import Optimizer, State

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """v ← α·v + (1 − α)·g², p ← p − lr·g / (√v + ε).

    ``centered`` divides by √(v − a²) + ε with a the running mean of g. ``momentum`` μ accumulates the quotients:
    b ← μ·b + g/(√v + ε), p ← p − lr·b. ``weight_decay`` λ adds λ·p to g first. As in PyTorch; Tieleman and Hinton
    2012, centred form Graves 2013.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        settings = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "maximize": maximize,
        }
        super().__init__(params, settings)

    def check(self, group: ParamGroup) -> None:
        check_range("alpha", group["alpha"], at_least=0.0, below=1.0)
        for name in ("eps", "weight_decay", "momentum"):
            check_range(name, group[name], at_least=0.0)

    def new_state(self, group: ParamGroup, parameter: Tensor) -> State:
        names = ["square_avg"]
        if group["momentum"]:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        return {name: zeros_like(parameter) for name in names}

    def rule(
        self, group: ParamGroup, parameter: Tensor, gradient: Tensor, state: State, now: tuple[Tensor, ...]
    ) -> tuple[Tensor, State]:
        alpha = group["alpha"]
        square = state["square_avg"] * alpha + gradient * gradient * (1.0 - alpha)
        result = {"square_avg": square}
        variance = square
        if group["centered"]:
            mean = result["grad_avg"] = state["grad_avg"] + (gradient - state["grad_avg"]) * (1.0 - alpha)
            variance = square - mean * mean
        direction = gradient / (variance.sqrt() + group["eps"])
        if group["momentum"]:
            direction = result["momentum_buffer"] = group["momentum"] * state["momentum_buffer"] + direction
        return parameter - group.rate * direction, result
