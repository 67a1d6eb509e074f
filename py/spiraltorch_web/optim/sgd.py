"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import ArgumentError
from ..tensor import Tensor, where, zeros_like
from .clock import Schedule
from .groups import ParamGroup, check_range
from .optimizer import Optimizer, State

__all__ = ["SGD"]


class SGD(Optimizer):
    """p ← p − lr·d, where d is the gradient g, or with momentum μ its running sum b ← μ·b + (1 − dampening)·g.

    The first step sets b = g. With ``nesterov`` d = g + μ·b. ``weight_decay`` λ adds λ·p to g first. As in PyTorch;
    Nesterov after Sutskever et al. 2013.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        settings = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, settings)

    def check(self, group: ParamGroup) -> None:
        check_range("momentum", group["momentum"], at_least=0.0)
        check_range("dampening", group["dampening"])
        check_range("weight_decay", group["weight_decay"], at_least=0.0)
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ArgumentError("nesterov needs momentum > 0 and no dampening")

    def new_state(self, group: ParamGroup, parameter: Tensor) -> State:
        return {"momentum_buffer": zeros_like(parameter)} if group["momentum"] else {}

    def schedule(self, group: ParamGroup) -> Schedule:
        if not (group["momentum"] and group["dampening"]):
            return ()
        return (lambda step: where(step == 1.0, 1.0, 1.0 - group["dampening"]),)

    def rule(
        self, group: ParamGroup, parameter: Tensor, gradient: Tensor, state: State, now: tuple[Tensor, ...]
    ) -> tuple[Tensor, State]:
        momentum = group["momentum"]
        if not momentum:
            return parameter - group.rate * gradient, {}
        fresh = gradient * now[0] if now else gradient
        buffer = momentum * state["momentum_buffer"] + fresh
        direction = gradient + momentum * buffer if group["nesterov"] else buffer
        return parameter - group.rate * direction, {"momentum_buffer": buffer}
