"""Losses: how far predictions are from targets, as elementwise work and reductions only."""

from __future__ import annotations

import math

from ...errors import ArgumentError, DTypeError, ShapeError
from ...runtime.session import session
from ...runtime.trace import use
from ...tensor import Tensor, arange, softplus, where

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "l1_loss",
    "mse_loss",
    "nll_loss",
]


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """(input − target)²."""
    difference = input - _same_shape("mse_loss", input, target)
    return _reduced(difference * difference, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """|input − target|."""
    return _reduced((input - _same_shape("l1_loss", input, target)).abs(), reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """d²/2 where |d| < delta, else delta·(|d| − delta/2), with d = input − target. Huber 1964."""
    if delta <= 0:
        raise ArgumentError(f"delta has to be > 0, got {delta}")
    distance = (input - _same_shape("huber_loss", input, target)).abs()
    return _reduced(where(distance < delta, 0.5 * distance * distance, delta * (distance - 0.5 * delta)), reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """−(p·y·log σ(x) + (1 − y)·log(1 − σ(x))) for logits x, targets y in [0, 1] and positive weights p.

    Computed as (1 − y)·x + (1 + (p − 1)·y)·log(1 + e^−x), which holds for logits of any size.
    """
    target = _same_shape("binary_cross_entropy_with_logits", input, target).to(input.dtype)
    surprise = softplus(-input)  # −log σ(x)
    slope = surprise if pos_weight is None else (1.0 + (pos_weight - 1.0) * target) * surprise
    loss = (1.0 - target) * input + slope
    return _reduced(loss if weight is None else loss * weight, reduction)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int | None = -100,
    reduction: str = "mean",
) -> Tensor:
    """−input[target] for log-probabilities [n, classes, …] and class indices [n, …]; see `cross_entropy`."""
    axis = _class_axis("nll_loss", input, target)
    _require_classes("nll_loss", target, input.shape[axis], ignore_index)
    hit = _one_hot(input, target, axis)
    return _class_reduced(
        -_picked(hit, input, axis), hit, target, input.shape[axis], axis, weight, ignore_index, reduction
    )


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int | None = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The cross-entropy of softmax(logits) against class indices or probabilities.

    input: logits [n, classes, …] or [classes]; target: integers [n, …] or probabilities of input's shape; ``weight``
    [classes]. Indices are compared with a range instead of gathered, so that the forward and backward pass fuse into
    one kernel over rows. Indices out of range that the program itself gave, as in ``tensor([0, 7])``, raise
    ArgumentError; one that a device computed or selected, or that comes into a compiled step, makes the loss infinite.

    With ``reduction="mean"`` the sum is divided by the weight of all targets that are not ``ignore_index``. Passing
    ``ignore_index=None`` promises that there are no such targets: without weights the divisor is then a constant.
    """
    if not 0.0 <= label_smoothing <= 1.0:
        raise ArgumentError(f"label_smoothing lies in [0, 1], got {label_smoothing}")
    if target.dtype.kind == "f":
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    axis = _class_axis("cross_entropy", input, target)
    classes = input.shape[axis]
    _require_classes("cross_entropy", target, classes, ignore_index)
    hit = _one_hot(input, target, axis)
    log_total = input.logsumexp(axis)
    loss = log_total - _picked(hit, input, axis)
    loss = _class_reduced(loss, hit, target, classes, axis, weight, ignore_index, reduction)
    if not label_smoothing:
        return loss
    scaled = 1.0 if weight is None else _along(weight, input, axis)
    spread = ((log_total.unsqueeze(axis) - input) * scaled).sum(axis) / classes
    spread = _valid_reduced(spread, hit, target, axis, weight, ignore_index, reduction)
    return (1.0 - label_smoothing) * loss + label_smoothing * spread


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, label_smoothing: float
) -> Tensor:
    """Targets are probabilities; PyTorch divides by the number of rows, whatever the weights."""
    _same_shape("cross_entropy", input, target)
    axis = 0 if input.ndim == 1 else 1
    classes = input.shape[axis]
    if label_smoothing:
        target = target * (1.0 - label_smoothing) + label_smoothing / classes
    if weight is not None:
        target = target * _along(weight, input, axis)
    loss = -(input.log_softmax(axis) * target).sum(axis)
    return _reduced(loss, reduction)


def _class_axis(name: str, input: Tensor, target: Tensor) -> int:
    """The axis of the classes: 1, or 0 without a batch. Checks that the target fits."""
    axis = 0 if input.ndim == 1 else 1
    if target.dtype.kind not in "iu":
        raise DTypeError(f"{name}: targets are class indices (integers), got {target.dtype.name}")
    expected = (*input.shape[:axis], *input.shape[axis + 1 :])
    if input.ndim == 0 or tuple(target.shape) != expected:
        raise ShapeError(
            f"{name}: logits {tuple(input.shape)} need class indices of shape {expected}, got {tuple(target.shape)}"
        )
    return axis


def _require_classes(name: str, target: Tensor, classes: int, ignore_index: int | None) -> None:
    """Refuse indices that are known without a read to be those of no class."""
    for index in session().bounds.get(use(target), ()):
        if index != ignore_index and not 0 <= index < classes:
            raise ArgumentError(f"{name}: there are {classes} classes, counted from 0; got index {index}")


def _along(values: Tensor, input: Tensor, axis: int) -> Tensor:
    """Values per class, shaped to broadcast along the class axis."""
    return values.reshape(*(-1 if place == axis else 1 for place in range(input.ndim)))


def _one_hot(input: Tensor, target: Tensor, axis: int) -> Tensor:
    """bool, input's shape: is this the target's class?"""
    return target.unsqueeze(axis) == _along(arange(input.shape[axis], dtype=target.dtype), input, axis)


def _picked(hit: Tensor, values: Tensor, axis: int) -> Tensor:
    """The values at the target's class. A selection, not a product: other entries may be infinite."""
    return where(hit, values, 0.0).sum(axis)


def _class_reduced(
    loss: Tensor,
    hit: Tensor,
    target: Tensor,
    classes: int,
    axis: int,
    weight: Tensor | None,
    ignore_index: int | None,
    reduction: str,
) -> Tensor:
    """Apply the weight of each target's class, mark impossible targets, then reduce."""
    if weight is not None:
        loss = loss * _target_weight(hit, weight, axis)
    possible = (target < classes) if target.dtype.kind == "u" else (target >= 0) & (target < classes)
    # Added rather than selected, so that the backward pass does not have to look at the targets again.
    loss = loss + where(possible, 0.0, math.inf)
    return _valid_reduced(loss, hit, target, axis, weight, ignore_index, reduction)


def _valid_reduced(
    loss: Tensor,
    hit: Tensor,
    target: Tensor,
    axis: int,
    weight: Tensor | None,
    ignore_index: int | None,
    reduction: str,
) -> Tensor:
    """Drop ignored targets and reduce; a mean is over the weight of those that are left."""
    can_be_ignored = ignore_index is not None and (ignore_index >= 0 or target.dtype.kind == "i")
    valid = target != ignore_index if can_be_ignored else None
    if valid is not None:
        loss = where(valid, loss, 0.0)
    if reduction != "mean" or (valid is None and weight is None):
        return _reduced(loss, reduction)
    share = valid.to(loss.dtype) if weight is None else _target_weight(hit, weight, axis)
    if valid is not None and weight is not None:
        share = where(valid, share, 0.0)
    return loss.sum() / share.sum()


def _target_weight(hit: Tensor, weight: Tensor, axis: int) -> Tensor:
    return _picked(hit, _along(weight, hit, axis), axis)


def _same_shape(name: str, input: Tensor, target: Tensor) -> Tensor:
    """The target. Broadcasting a loss is nearly always a mistake, such as [n, 1] against [n]."""
    if input.shape != target.shape:
        raise ShapeError(
            f"{name}: prediction {tuple(input.shape)} and target {tuple(target.shape)} need one shape; reshape one"
        )
    return target


def _reduced(loss: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    if reduction == "none":
        return loss
    raise ArgumentError(f"reduction is 'mean', 'sum' or 'none', got {reduction!r}")
