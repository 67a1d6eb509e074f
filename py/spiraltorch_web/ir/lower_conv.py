"""Convolutions as matrix products over windows; no window is ever stored, the product's loads find them."""

from __future__ import annotations

import math

from . import node as ir
from .node import ConvSpec, Node


def lower_conv(node: Node) -> Node:
    """x (n, c, *space) and w (o, c/groups, *kernel) as weights (n, g, o/g, depth) @ windows (…, depth, out)."""
    x, w = node.srcs
    (spec,) = node.attrs
    groups, kernel, out = spec.groups, w.shape[2:], node.shape[2:]
    batch, channels, outputs = x.shape[0], w.shape[1], w.shape[0]
    space = len(kernel)
    x = padded(x, spec)
    for axis in range(space):
        x = ir.slide(x, 2 + axis, kernel[axis], spec.stride[axis], spec.rhs_dilation[axis])
    x = ir.reshape(x, (batch, groups, channels, *out, *kernel))
    order = (0, 1, 2, *range(3 + space, 3 + 2 * space), *range(3, 3 + space))
    depth, places = channels * math.prod(kernel), math.prod(out)
    windows = ir.reshape(ir.permute(x, order), (batch, groups, depth, places))
    weights = ir.reshape(w, (1, groups, outputs // groups, depth))
    weights = ir.expand(weights, (batch, groups, outputs // groups, depth))
    return ir.reshape(ir.matmul(weights, windows), node.shape)


def padded(x: Node, spec: ConvSpec) -> Node:
    """x with the zeros of a convolution around and between its entries; negative padding cuts entries off."""
    rows = [(0, 0, 0), (0, 0, 0)]
    cuts = []
    for (low, high), dilation in zip(spec.padding, spec.lhs_dilation, strict=True):
        rows.append((max(low, 0), max(high, 0), dilation - 1))
        cuts.append((max(-low, 0), max(-high, 0)))
    x = ir.pad(x, rows)
    ranges = [(0, x.shape[0], 1), (0, x.shape[1], 1)]
    ranges += [(low, size - high, 1) for (low, high), size in zip(cuts, x.shape[2:], strict=True)]
    return ir.shrink(x, ranges)
