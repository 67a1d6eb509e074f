"""Layers as functions of their parameters."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ArgumentError, ShapeError
from ...random import rand_like
from ...runtime.session import grad_mode
from ...tensor import Tensor
from ...tensor.creation import zeros_like
from ...tensor.elementwise import where

__all__ = [
    "batch_norm",
    "dropout",
    "embedding",
    "layer_norm",
]


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Rows of weight [n, d] by index: integers […] to […, d]. The row ``padding_idx`` gets no gradient."""
    rows = weight[input]
    if padding_idx is None:
        return rows
    return where((input == padding_idx).unsqueeze(-1), rows.detach(), rows)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean)/√(variance + eps)·weight + bias over the last axes. Ba, Kiros and Hinton 2016."""
    count = len(normalized_shape)
    if count == 0 or tuple(input.shape[-count:]) != tuple(normalized_shape):
        raise ShapeError(f"layer_norm over {tuple(normalized_shape)} does not fit an input of {tuple(input.shape)}")
    axes = tuple(range(-count, 0))
    centred = input - input.mean(axes, keepdim=True)
    result = centred * ((centred * centred).mean(axes, keepdim=True) + eps).rsqrt()
    if weight is not None:
        result = result * weight
    return result if bias is None else result + bias


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


def dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Zero with probability p, else divided by 1 − p, so that the mean stays. Srivastava et al. 2014."""
    if not 0.0 <= p <= 1.0:
        raise ArgumentError(f"p is a probability, got {p}")
    if not training or p == 0.0:
        return input
    if p == 1.0:
        return zeros_like(input) * input
    return where(rand_like(input) >= p, input * (1.0 / (1.0 - p)), 0.0)
