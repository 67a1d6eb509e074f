"""Layers as functions of their parameters, beyond those of `spiraltorch_web.tensor.neural`."""

from __future__ import annotations

from ...errors import ArgumentError, ShapeError
from ...runtime.session import grad_mode
from ...tensor import Tensor, where
from ...tensor import embedding as rows_of

__all__ = ["batch_norm", "embedding"]


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Rows of weight [n, d] by index: integers […] to […, d]. The row ``padding_idx`` gets no gradient."""
    rows = rows_of(input, weight)
    if padding_idx is None:
        return rows
    return where((input == padding_idx).unsqueeze(-1), rows.detach(), rows)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean)/√(variance + eps)·weight + bias per channel (axis 1). Ioffe and Szegedy 2015.

    With ``training`` mean and variance are those of the batch, and the running ones move towards them by ``momentum``
    in place; else the running ones are used.
    """
    if input.ndim < 2:
        raise ShapeError(f"batch_norm needs an input [n, channels, …], got {tuple(input.shape)}")
    if not training and (running_mean is None or running_var is None):
        raise ArgumentError("batch_norm: without running statistics it can only run in training")
    per_channel = tuple(-1 if axis == 1 else 1 for axis in range(input.ndim))
    if training:
        mean, variance = _batch_statistics(input)
        if running_mean is not None and running_var is not None:
            _follow(running_mean, running_var, mean, variance, input.numel() // input.shape[1], momentum)
    else:
        mean, variance = running_mean.reshape(per_channel), running_var.reshape(per_channel)
    result = (input - mean) * (variance + eps).rsqrt()
    if weight is not None:
        result = result * weight.reshape(per_channel)
    return result if bias is None else result + bias.reshape(per_channel)


def _batch_statistics(input: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and (biased) variance per channel, with axes of length 1."""
    axes = tuple(axis for axis in range(input.ndim) if axis != 1)
    if input.numel() // input.shape[1] < 2:
        raise ShapeError(f"batch_norm in training needs more than one value per channel, got {tuple(input.shape)}")
    mean = input.mean(axes, keepdim=True)
    centred = input - mean
    return mean, (centred * centred).mean(axes, keepdim=True)


def _follow(
    running_mean: Tensor, running_var: Tensor, mean: Tensor, variance: Tensor, count: int, momentum: float | Tensor
) -> None:
    """Move the running statistics towards those of a batch of ``count`` values per channel."""
    with grad_mode(False):
        mean, variance = mean.detach().reshape(-1), variance.detach().reshape(-1)
        # The running variance is the unbiased one.
        variance = variance * (count / (count - 1))
        running_mean.assign_(running_mean + (mean - running_mean) * momentum)
        running_var.assign_(running_var + (variance - running_var) * momentum)
