"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable

from ..tensor import Tensor, full_like
from .clock import Schedule
from .groups import ParamGroup, check_range
from .optimizer import Optimizer, State

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """s ← s + g², p ← p − lr/(1 + (t − 1)·lr_decay) · g / (√s + ε), with s from ``initial_accumulator_value`` on.

    ``weight_decay`` λ adds λ·p to g first. As in PyTorch; Duchi et al. 2011.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        settings = {
            "lr": lr,
            "lr_decay": lr_decay,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
            "maximize": maximize,
        }
        super().__init__(params, settings)

    def check(self, group: ParamGroup) -> None:
        for name in ("lr_decay", "weight_decay", "initial_accumulator_value", "eps"):
            check_range(name, group[name], at_least=0.0)

    def new_state(self, group: ParamGroup, parameter: Tensor) -> State:
        return {"sum": full_like(parameter, group["initial_accumulator_value"])}

    def schedule(self, group: ParamGroup) -> Schedule:
        decay = group["lr_decay"]
        return (lambda step: 1.0 / (1.0 + (step - 1.0) * decay),) if decay else ()

    def rule(
        self, group: ParamGroup, parameter: Tensor, gradient: Tensor, state: State, now: tuple[Tensor, ...]
    ) -> tuple[Tensor, State]:
        total = state["sum"] + gradient * gradient
        rate = group.rate * now[0] if now else group.rate
        return parameter - rate * gradient / (total.sqrt() + group["eps"]), {"sum": total}
