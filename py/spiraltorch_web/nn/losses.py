"""Losses as modules: ``loss(prediction, target)``."""

from __future__ import annotations

from ..errors import ArgumentError
from ..tensor import Tensor
from . import functional
from .module import Module
from .naming import named

__all__ = [
    "BCEWithLogitsLoss",
    "CrossEntropy",
    "CrossEntropyLoss",
    "HuberLoss",
    "HyperbolicCrossEntropy",
    "L1Loss",
    "Loss",
    "MSELoss",
    "MeanSquaredError",
    "NLLLoss",
]


class Loss(Module):
    """A function of a prediction and a target; ``reduction`` is "mean", "sum" or "none"."""

    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in ("mean", "sum", "none"):
            raise ArgumentError(f"reduction is 'mean', 'sum' or 'none', got {reduction!r}")
        self.reduction = reduction

    def backward(self, input: Tensor, target: Tensor) -> Tensor:
        """The gradient of the loss with respect to the prediction ``input``."""
        leaf = input.detach().requires_grad_()
        self(leaf, target).sum().backward()
        return leaf.grad

    def extra_repr(self) -> str:
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"


@named
class MSELoss(Loss):
    """(prediction − target)²."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.mse_loss(input, target, self.reduction)


MeanSquaredError = MSELoss


@named
class L1Loss(Loss):
    """|prediction − target|."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.l1_loss(input, target, self.reduction)


@named
class HuberLoss(Loss):
    """Quadratic for differences below ``delta``, linear beyond."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.huber_loss(input, target, self.reduction, self.delta)


class _WeightedLoss(Loss):
    """A loss over classes with a weight for each."""

    def __init__(self, weight: Tensor | None = None, ignore_index: int | None = -100, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index


@named
class NLLLoss(_WeightedLoss):
    """−prediction[target] for log-probabilities and class indices; see `functional.nll_loss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


@named
class CrossEntropyLoss(_WeightedLoss):
    """The cross-entropy of softmax(logits) against class indices or probabilities; see `functional.cross_entropy`."""

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int | None = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, ignore_index, reduction)
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )


CrossEntropy = CrossEntropyLoss


@named
class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of logits; see `functional.binary_cross_entropy_with_logits`."""

    def __init__(self, weight: Tensor | None = None, reduction: str = "mean", pos_weight: Tensor | None = None) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(input, target, self.weight, self.reduction, self.pos_weight)


@named
class HyperbolicCrossEntropy(Loss):
    """The cross-entropy of softmax(−d²), d the distances of exp₀(logits) to the class prototypes exp₀(eᵢ).

    Targets are class indices, one-hot rows or probabilities; the class of least loss is that of the largest logit. See
    `functional.hyperbolic_cross_entropy`.
    """

    def __init__(self, curvature: float = -1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        functional.check_curvature(curvature)
        self.curvature = curvature

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.hyperbolic_cross_entropy(input, target, self.curvature, self.reduction)
