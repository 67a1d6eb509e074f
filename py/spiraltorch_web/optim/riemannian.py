"""Optimisers that follow the manifold of each parameter; in flat space they are SGD and Adam.

A step goes along the geodesic of the Riemannian gradient, and what is remembered from earlier steps is carried to the
new point by parallel transport. A point whose gradient is 0 stays where it is, bit for bit.
"""

from __future__ import annotations

import math

from ..tensor import Tensor, abs, isfinite, maximum, where, zeros
from ..tensor.alarms import watch
from ..zspace.manifolds import Euclidean, Manifold
from .adam import Adam
from .groups import ParamGroup
from .optimizer import Optimizer, State
from .sgd import SGD

__all__ = ["RiemannianAdam", "RiemannianSGD"]


class RiemannianSGD(SGD):
    """x ← exp_x(−lr·d) where d is the Riemannian gradient r, or with momentum μ its sum b ← μ·b + (1 − dampening)·r.

    The sum is carried along; its first step sets b = r. Results stay within 1 − 1e-5 of a ball's radius. Points whose
    gradient holds NaN or infinity stay, and the next value that is read raises ArgumentError. Bonnabel 2013.
    """

    riemannian = True

    def rule(
        self, group: ParamGroup, parameter: Tensor, gradient: Tensor, state: State, now: tuple[Tensor, ...]
    ) -> tuple[Tensor, State]:
        manifold, momentum = manifold_of(parameter), group["momentum"]
        slope = manifold.rgrad(parameter, usable(self, parameter, gradient))
        if not momentum:
            return manifold.step(parameter, -(group.rate * slope)), {}
        buffer = momentum * state["momentum_buffer"] + (slope * now[0] if now else slope)
        direction = slope + momentum * buffer if group["nesterov"] else buffer
        value = manifold.step(parameter, -(group.rate * direction))
        return value, {"momentum_buffer": manifold.transport(parameter, value, buffer)}


class RiemannianAdam(Adam):
    """x ← exp_x(−lr·m̂/(√v̂ + ε)), m ← β₁·m + (1 − β₁)·r carried along, v ← β₂·v + (1 − β₂)·‖r‖²_x, as in `Adam`.

    The coordinates of a point in a ball share one v, the squared length of its Riemannian gradient r. Points whose
    gradient holds NaN or infinity count as having none, and the next value that is read raises ArgumentError.
    Bécigneul and Ganea 2019.
    """

    riemannian = True

    def new_state(self, group: ParamGroup, parameter: Tensor) -> State:
        state = super().new_state(group, parameter)
        if isinstance(manifold_of(parameter), Euclidean):
            return state
        return {name: value if name == "exp_avg" else zeros(*parameter.shape[:-1], 1) for name, value in state.items()}

    def rule(
        self, group: ParamGroup, parameter: Tensor, gradient: Tensor, state: State, now: tuple[Tensor, ...]
    ) -> tuple[Tensor, State]:
        (beta1, beta2), (scale, root_scale), manifold = group["betas"], now, manifold_of(parameter)
        slope = manifold.rgrad(parameter, usable(self, parameter, gradient))
        mean = state["exp_avg"] + (slope - state["exp_avg"]) * (1.0 - beta1)
        square = state["exp_avg_sq"] * beta2 + manifold.squared_length(parameter, slope) * (1.0 - beta2)
        result = {"exp_avg_sq": square}
        if group["amsgrad"]:
            square = result["max_exp_avg_sq"] = maximum(state["max_exp_avg_sq"], square)
        direction = group.rate * scale * mean / (square.sqrt() * root_scale + group["eps"])
        value = manifold.step(parameter, -direction)
        return value, {**result, "exp_avg": manifold.transport(parameter, value, mean)}


def manifold_of(parameter: Tensor) -> Manifold:
    """What a parameter declares; any other tensor is flat."""
    return getattr(parameter, "manifold", Euclidean())


def usable(optimizer: Optimizer, parameter: Tensor, gradient: Tensor) -> Tensor:
    """The gradient with 0 for points where it is not finite, which raise ArgumentError with the next read."""
    number = next(i for i, other in enumerate(optimizer.parameters) if other is parameter)
    what = f"{type(optimizer).__name__}: the gradient of parameter {number} of shape {tuple(parameter.shape)}"
    watch(what, abs(gradient).amax(), lambda worst: None if math.isfinite(worst) else f"{what} holds {worst:g}")
    finite = isfinite(gradient)
    if not isinstance(manifold_of(parameter), Euclidean):
        finite = finite.all(-1, keepdim=True)
    return where(finite, gradient, 0.0)
