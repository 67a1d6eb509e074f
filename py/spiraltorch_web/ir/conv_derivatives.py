"""Derivatives of a convolution, which are convolutions again.

With X the input after dilation and padding, y[n, o, p] = Σ X[n, c, p·stride + k·dilation] · w[o, c, k]. So the
cotangent of x is a convolution of g, dilated by the stride, with the reversed kernel; that of w is a convolution of
x with g as its kernel, where batch and channels exchange their roles.
"""

from __future__ import annotations

from .node import ConvSpec, Node, conv, flip, permute, reshape, shrink


def conv_vjp(node: Node, g: Node) -> tuple[Node, Node]:
    """The cotangents of x and w."""
    x, w = node.srcs
    spec: ConvSpec = node.attrs[0]
    return _input_cotangent(x, w, g, spec), _kernel_cotangent(x, w, g, spec)


def _input_cotangent(x: Node, w: Node, g: Node, spec: ConvSpec) -> Node:
    padding, stride, crop = [], [], []
    for axis, size in enumerate(x.shape[2:]):
        reach = (w.shape[2 + axis] - 1) * spec.rhs_dilation[axis]
        dilated = (g.shape[2 + axis] - 1) * spec.stride[axis] + 1
        gap = spec.lhs_dilation[axis]
        low = reach - spec.padding[axis][0]
        high = (size - 1) * gap + 1 + reach - dilated - low
        # Where more was padded than the kernel reaches, the first results belong to the padding and are cut off.
        padding.append((max(low, 0), max(high, 0)))
        stride.append(gap if low >= 0 else 1)
        start, step = (0, 1) if low >= 0 else (-low, gap)
        crop.append((start, start + (size - 1) * step + 1, step))
    back = ConvSpec(tuple(stride), tuple(padding), spec.stride, spec.rhs_dilation, spec.groups)
    result = conv(g, transposed_kernel(w, spec.groups), back)
    return shrink(result, ((0, x.shape[0], 1), (0, x.shape[1], 1), *crop))


def _kernel_cotangent(x: Node, w: Node, g: Node, spec: ConvSpec) -> Node:
    groups, batch, channels = spec.groups, x.shape[0], x.shape[1]
    space = range(3, x.ndim + 1)
    grouped = reshape(x, (batch, groups, channels // groups, *x.shape[2:]))
    data = reshape(permute(grouped, (2, 1, 0, *space)), (channels // groups, groups * batch, *x.shape[2:]))
    kernel = permute(g, (1, 0, *range(2, g.ndim)))
    padding = []
    for axis, size in enumerate(w.shape[2:]):
        wanted = (size - 1) * spec.rhs_dilation[axis] + (g.shape[2 + axis] - 1) * spec.stride[axis] + 1
        low = spec.padding[axis][0]
        padding.append((low, max(wanted - (x.shape[2 + axis] - 1) * spec.lhs_dilation[axis] - 1 - low, 0)))
    over = ConvSpec(spec.rhs_dilation, tuple(padding), spec.lhs_dilation, spec.stride, groups)
    result = conv(data, kernel, over)
    # A stride that leaves a rest gives more positions than the kernel has.
    kept = shrink(result, ((0, result.shape[0], 1), (0, w.shape[0], 1), *((0, size, 1) for size in w.shape[2:])))
    return permute(kept, (1, 0, *range(2, w.ndim)))


def transposed_kernel(w: Node, groups: int) -> Node:
    """The kernel (o, c/groups, *k) of the way back: (c, o/groups, *k), reversed in space."""
    o, c, kernel = w.shape[0], w.shape[1], w.shape[2:]
    grouped = reshape(w, (groups, o // groups, c, *kernel))
    swapped = permute(grouped, (0, 2, 1, *range(3, grouped.ndim)))
    return flip(reshape(swapped, (groups * c, o // groups, *kernel)), range(2, w.ndim))
