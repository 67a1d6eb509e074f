"""What `shaders/fractal_canvas.wgsl` paints, computed with tensors: for devices without shaders, and to check it.

The functions are named as in the shader and do the same in the same order, on f32[height, width] at once.
"""

from __future__ import annotations

import math
from itertools import product

from ...dtypes import int32
from ...tensor import Tensor, arange, atan2, tensor
from .look import View
from .palettes import SHADES

TURN = 2.0 * math.pi


def shade(fold: Tensor, peak: Tensor, view: View, shades: bytes) -> Tensor:
    """The picture u32[height, width], red in the lowest byte."""
    painted = {"cells": cells, "crowd": crowd, "spiral": spiral}[view.entry](fold, view)
    return colour_of(painted, peak, shades)


def cells(fold: Tensor, view: View) -> Tensor:
    return plane(fold, *_pixels(view), view)


def crowd(fold: Tensor, view: View) -> Tensor:
    places = [(place + 0.5) / view.samples for place in range(view.samples)]
    return sum(plane(fold, *_pixels(view, *place), view) for place in product(places, places)) / len(places) ** 2


def spiral(fold: Tensor, view: View) -> Tensor:
    x, y = _pixels(view)
    across, along = x - 0.5 * view.width, y - 0.5 * view.height
    square = (across.square() + along.square()).clamp(min=1e-6)
    angle = atan2(along, across) / TURN
    depth = view.innermost - view.rounds * square.log2()
    strength = 2.0 ** (-0.125 * depth) * (2.0 - view.crowding / square.sqrt()).clamp(0.0, 1.0)
    place = mirrored(depth + 2.0 * angle) * view.rows, mirrored(angle * view.arms) * view.columns
    return strength * value_at(fold, *place)


def plane(fold: Tensor, x: Tensor, y: Tensor, view: View) -> Tensor:
    rows, columns = view.scale
    return value_at(fold, y * rows, x * columns)


def mirrored(x: Tensor) -> Tensor:
    turned = x - 2.0 * (0.5 * x).floor()
    return 1.0 - (1.0 - turned).abs()


def value_at(fold: Tensor, row: Tensor, column: Tensor) -> Tensor:
    rows, columns = fold.shape
    row, column = (row - 0.5).clamp(0.0, rows - 1.0), (column - 0.5).clamp(0.0, columns - 1.0)
    top, left = row.floor(), column.floor()
    down, right = row - top, column - left
    bottom, far = (top + 1.0).clamp(max=rows - 1.0), (left + 1.0).clamp(max=columns - 1.0)
    flat = fold.reshape(-1)
    cell = lambda i, j: flat[(i * columns + j).to(int32)]  # noqa: E731
    upper = cell(top, left) * (1.0 - right) + cell(top, far) * right
    lower = cell(bottom, left) * (1.0 - right) + cell(bottom, far) * right
    return upper * (1.0 - down) + lower * down


def colour_of(folded: Tensor, peak: Tensor, shades: bytes) -> Tensor:
    value = (folded / peak.clamp(min=1e-30)).clamp(-1.0, 1.0)
    place = (SHADES * (1.0 + value.sign() * value.abs().sqrt()) + 0.5).to(int32)
    return tensor(memoryview(shades).cast("I"))[place]


def _pixels(view: View, down: float = 0.5, right: float = 0.5) -> tuple[Tensor, Tensor]:
    """Where in its pixel each fragment lies: x and y, f32[height, width] both."""
    x = (arange(view.width) + right).reshape(1, view.width).expand(view.height, view.width)
    y = (arange(view.height) + down).reshape(view.height, 1).expand(view.height, view.width)
    return x, y
