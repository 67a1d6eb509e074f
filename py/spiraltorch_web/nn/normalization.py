"""Normalisation layers."""

from __future__ import annotations

from collections.abc import Sequence

from ..dtypes import int32
from ..errors import ShapeError
from ..runtime.session import grad_mode
from ..runtime.trace import guarded
from ..tensor import Tensor, ones, zeros
from . import functional
from .module import Module
from .naming import named
from .parameter import Parameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "LayerNorm"]


@named
class LayerNorm(Module):
    """(x − mean)/√(variance + eps)·weight + bias over the last axes."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.weight = Parameter(ones(*self.normalized_shape)) if elementwise_affine else None
        self.bias = Parameter(zeros(*self.normalized_shape)) if elementwise_affine and bias else None

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps:g}, elementwise_affine={self.weight is not None}"


class _BatchNorm(Module):
    """What the batch norms share; ``ranks`` are the numbers of axes that an input may have."""

    ranks: tuple[int, ...]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.weight = Parameter(ones(num_features)) if affine else None
        self.bias = Parameter(zeros(num_features)) if affine else None
        self.register_buffer("running_mean", zeros(num_features) if track_running_stats else None)
        self.register_buffer("running_var", ones(num_features) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", zeros(dtype=int32) if track_running_stats else None)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in self.ranks or x.shape[1] != self.num_features:
            raise ShapeError(
                f"{type(self).__name__} needs {self.num_features} channels on axis 1 of "
                f"{' or '.join(map(str, self.ranks))} axes, got {tuple(x.shape)}"
            )
        learning = guarded(self, "training")
        momentum = self._count_batch() if learning and self.running_mean is not None else 0.0
        return functional.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            learning or self.running_mean is None,
            momentum,
            self.eps,
        )

    def _count_batch(self) -> float | Tensor:
        """Count one more batch; returns its share in the running statistics."""
        with grad_mode(False):
            self.num_batches_tracked.add_(1)
            return 1.0 / self.num_batches_tracked.float() if self.momentum is None else self.momentum

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps:g}, momentum={self.momentum}, affine={self.weight is not None}, "
            f"track_running_stats={self.running_mean is not None}"
        )


@named
class BatchNorm1d(_BatchNorm):
    """Batch normalisation over [n, channels] or [n, channels, length].

    Per channel (x − mean)/√(variance + eps)·weight + bias. In training mean and variance are the batch's, and the
    running ones follow with ``momentum`` (None: as their plain average); in evaluation the running ones are used.
    """

    ranks = (2, 3)


@named
class BatchNorm2d(_BatchNorm):
    """Batch normalisation over [n, channels, height, width]; see `BatchNorm1d`."""

    ranks = (4,)
