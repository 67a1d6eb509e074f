"""Hypergrad tapes on the parameters of modules, and the step that applies gradients through them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..dtypes import int32
from ..errors import ArgumentError
from ..runtime.realize import realize
from ..runtime.session import grad_mode, session
from ..runtime.trace import guarded
from ..tensor import Tensor, where, zeros
from ..tensor.alarms import watch
from ..zspace.manifolds import Euclidean, PoincareBall
from ..zspace.tape import Hypergrad, descended
from ..zspace.topos import OpenCartesianTopos
from .module import Module
from .parameter import Parameter

__all__ = ["apply_step", "attach_tapes", "tapes_of", "take_step"]


def attach_tapes(
    model: Module, curvature: float, lr: float, topos: OpenCartesianTopos | None = None, replace: bool = True
) -> None:
    """Give every parameter of a model a tape; without ``replace``, those that have one keep it."""
    for path, module in model.named_modules():
        tapes = dict(module._tapes)
        for name, value in vars(module).items():
            if isinstance(value, Parameter) and value.numel() and (replace or name not in tapes):
                tapes[name] = _tape_for(f"{path}.{name}" if path else name, value, curvature, lr, topos)
        module._tapes = tapes


def _tape_for(
    name: str, parameter: Parameter, curvature: float, lr: float, topos: OpenCartesianTopos | None
) -> Hypergrad:
    manifold = _manifold(parameter)
    if isinstance(manifold, PoincareBall) and manifold.curvature != curvature:
        raise ArgumentError(
            f"{name} lives in a ball of curvature {manifold.curvature:g}, and its tape would have {curvature:g}; "
            "they need one curvature"
        )
    return Hypergrad(curvature, lr, *_folded(parameter), topos)


def tapes_of(model: Module) -> Iterator[tuple[str, Parameter, Hypergrad]]:
    """(path, parameter, tape) of every parameter that has a tape."""
    for path, module in model.named_modules():
        for name, tape in module._tapes.items():
            yield f"{path}.{name}" if path else name, getattr(module, name), tape


def take_step(model: Module, fallback_lr: float, also: Tensor | None = None) -> Tensor:
    """Step every parameter that has a gradient, through its tape or else by fallback_lr·rgrad; forget the gradients.

    Returns the faults (int32 0-d): gradients that are not finite, points outside of their ball, and ``also``. If there
    are any, no parameter changes.
    """
    for module in model.modules():
        guarded(module, "_tapes")  # a compiled step is recorded anew for other tapes
    tapes = {parameter: tape for _, parameter, tape in tapes_of(model)}
    moves: dict[Parameter, Tensor] = {}
    faults = zeros(dtype=int32) if also is None else also
    with grad_mode(False):
        for parameter in model.parameters():
            found = _stepped(parameter, tapes.get(parameter), fallback_lr)
            if found is not None:
                moves[parameter] = found[0]
                faults = faults + found[1]
        for parameter, value in moves.items():
            parameter.assign_(where(faults == 0, value, parameter.detach()))
    model.zero_grad()
    return faults


def apply_step(model: Module, fallback_lr: float) -> None:
    """`take_step` whose faults become an ArgumentError with the next value that is read."""
    faults = take_step(model, fallback_lr)
    watch(("apply_step", type(model).__name__), faults, _refusal)
    if session().tracing is None:
        realize(*model.parameters())


def _refusal(faults: float) -> str | None:
    return "gradients are NaN or infinite, or points outside of their ball; nothing was changed" if faults else None


def _stepped(parameter: Parameter, tape: Hypergrad | None, fallback_lr: float) -> tuple[Tensor, Tensor] | None:
    """The parameter after its step and the faults met; None without anything to step by."""
    gradient = parameter.grad
    if tape is None:
        return None if gradient is None else descended(parameter.detach(), gradient, _manifold(parameter), fallback_lr)
    if gradient is not None:
        tape.accumulate_wave(gradient.reshape(tape.shape))
    return tape.stepped(parameter) if tape.depth else None


def _manifold(parameter: Parameter) -> Euclidean | PoincareBall:
    return getattr(parameter, "manifold", None) or Euclidean()


def _folded(parameter: Tensor) -> tuple[int, int]:
    """Rows and columns of a tensor as a matrix of its last axis."""
    cols = parameter.shape[-1] if parameter.ndim else 1
    return math.prod(parameter.shape) // cols, cols
