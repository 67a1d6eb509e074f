"""Pooling layers."""

from __future__ import annotations

from collections.abc import Sequence

from ..tensor import Tensor
from . import functional
from .module import Module
from .naming import named

__all__ = ["AdaptiveAvgPool2d", "AvgPool2d", "MaxPool2d"]

Sizes = int | Sequence[int]


@named
class MaxPool2d(Module):
    """The largest entry of each window over [n, c, height, width]; ``stride`` is the kernel's size unless given."""

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.ceil_mode = ceil_mode

    def forward(self, x: Tensor) -> Tensor:
        return functional.max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


@named
class AvgPool2d(Module):
    """The mean of each window over [n, c, height, width]; ``count_include_pad`` counts padding as zeros."""

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


@named
class AdaptiveAvgPool2d(Module):
    """Means over windows that split each image into ``output_size`` parts, whatever its size."""

    def __init__(self, output_size: int | None | Sequence[int | None]) -> None:
        self.output_size = output_size

    def forward(self, x: Tensor) -> Tensor:
        return functional.adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"
