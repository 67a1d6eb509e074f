"""Convolution in NumPy: windows as a view, then one matrix product per group."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.node import ConvSpec

Array = Any  # numpy.ndarray


def _spread(x: Array, spec: ConvSpec) -> Array:
    """x with its zeros: the padding around it and, for a transposed convolution, between its entries."""
    plain = all(gap == 1 for gap in spec.lhs_dilation) and not any(map(any, spec.padding))
    if plain:
        return x
    inner, shape = [slice(None)] * 2, list(x.shape[:2])
    for size, (low, high), gap in zip(x.shape[2:], spec.padding, spec.lhs_dilation, strict=True):
        reach = (size - 1) * gap + 1
        shape.append(low + reach + high)
        inner.append(slice(low, low + reach, gap))
    result = np.zeros(shape, x.dtype)
    result[tuple(inner)] = x
    return result


def _windows(x: Array, kernel: tuple[int, ...], spec: ConvSpec) -> Array:
    """A view (n, c, *out, *kernel) of x (n, c, *space)."""
    out, out_strides, kernel_strides = [], [], []
    for axis, size in enumerate(kernel):
        step, gap = spec.stride[axis], spec.rhs_dilation[axis]
        stride = x.strides[2 + axis]
        out.append((x.shape[2 + axis] - (size - 1) * gap - 1) // step + 1)
        out_strides.append(stride * step)
        kernel_strides.append(stride * gap)
    shape = (*x.shape[:2], *out, *kernel)
    strides = (*x.strides[:2], *out_strides, *kernel_strides)
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


def convolve(x: Array, w: Array, spec: ConvSpec) -> Array:
    """x (n, c, *space) with w (o, c/groups, *kernel) to (n, o, *out), as `spiraltorch_web.ir.node.conv` defines it."""
    groups, space = spec.groups, x.ndim - 2
    windows = _windows(_spread(x, spec), w.shape[2:], spec)
    n, c = windows.shape[:2]
    out = windows.shape[2 : 2 + space]
    # (n, c, *out, *kernel) to (groups, c/groups · *kernel, n · *out): the columns of the product.
    grouped = windows.reshape(n, groups, c // groups, *windows.shape[2:]) if groups > 1 else windows[:, None]
    order = (1, 2, *range(3 + space, 3 + 2 * space), 0, *range(3, 3 + space))
    columns = grouped.transpose(order).reshape(groups, w[0].size, -1)
    product = np.matmul(w.reshape(groups, w.shape[0] // groups, -1), columns)
    return np.ascontiguousarray(product.reshape(w.shape[0], n, *out).swapaxes(0, 1))
