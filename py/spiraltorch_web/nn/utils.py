"""Helpers around gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..errors import AnomalyError, ArgumentError
from ..runtime.session import grad_mode
from ..tensor import Tensor, zeros

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale all gradients together so that their norm is at most ``max_norm``; returns the norm before.

    Works inside compiled steps. ``error_if_nonfinite`` reads the norm, which a compiled step cannot.
    """
    if max_norm < 0 or norm_type <= 0:
        raise ArgumentError(f"max_norm ≥ 0 and norm_type > 0, got {max_norm} and {norm_type}")
    gradients = _gradients(parameters)
    with grad_mode(False):
        total = _total_norm(gradients, norm_type)
        if error_if_nonfinite and not math.isfinite(total.item()):
            raise AnomalyError(f"the norm of the gradients is {total.item()}; nothing was clipped")
        factor = (max_norm / (total + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.assign_(gradient * factor)
    return total


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit every entry of the gradients to ±clip_value."""
    with grad_mode(False):
        for gradient in _gradients(parameters):
            gradient.assign_(gradient.clamp(-clip_value, clip_value))


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def _total_norm(gradients: list[Tensor], norm_type: float) -> Tensor:
    """The norm of all entries of all gradients."""
    if not gradients:
        return zeros()
    if math.isinf(norm_type):
        total = gradients[0].abs().max()
        for gradient in gradients[1:]:
            total = total.maximum(gradient.abs().max())
        return total
    if norm_type == 2.0:
        total = sum((gradient * gradient).sum() for gradient in gradients)
        return total.sqrt()
    return sum((gradient.abs() ** norm_type).sum() for gradient in gradients) ** (1.0 / norm_type)
