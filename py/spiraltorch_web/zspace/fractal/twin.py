"""What `shaders/fractal_canvas.wgsl` paints, computed with tensors: for devices without shaders, and to check it.

The functions are named as in the shader and do the same in the same order, on f32[height, width] at once.
"""

from __future__ import annotations

import math
from typing import Any

from ...dtypes import int32
from ...tensor import Tensor, arange, atan2, stack, tensor, where
from .look import Look, View

TURN = 2.0 * math.pi
FROM_OKLAB = (
    (1.0, 0.3963377774, 0.2158037573), (1.0, -0.1055613458, -0.0638541728), (1.0, -0.0894841775, -1.2914855480),
)  # fmt: skip
TO_RGB = (
    (4.0767416621, -3.3077115913, 0.2309699292), (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)  # fmt: skip


def shade(fold: Tensor, peak: Tensor, view: View, look: Look) -> Tensor:
    """The picture f32[height, width, 3], sRGB from 0 to 1."""
    total: Any = 0.0
    for down in range(view.samples):
        for right in range(view.samples):
            across = arange(view.width) + (right + 0.5) / view.samples
            along = arange(view.height) + (down + 0.5) / view.samples
            x = across.reshape(1, -1).expand(view.height, view.width)
            y = along.reshape(-1, 1).expand(view.height, view.width)
            total = total + (spiral(fold, x, y, view) if view.arms else plane(fold, x, y, view))
    value = (total * (1.0 / view.samples**2) / peak.clamp(min=1e-30)).clamp(-1.0, 1.0)
    return colour_of(value.sign() * value.abs().clamp(min=1e-9) ** look.gamma, look)


def plane(fold: Tensor, x: Tensor, y: Tensor, view: View) -> Tensor:
    return value_at(fold, y / view.height * view.rows, x / view.width * view.columns)


def spiral(fold: Tensor, x: Tensor, y: Tensor, view: View) -> Tensor:
    across, along = x - 0.5 * view.width, y - 0.5 * view.height
    distance = (across.square() + along.square()).sqrt().clamp(min=1e-3)
    angle = atan2(along, across) / TURN
    depth = (0.5 * math.hypot(view.width, view.height) / distance).log() / view.period
    crowd = max(view.columns * view.arms / TURN, view.rows / view.period) / distance
    strength = 2.0 ** (-0.125 * depth) * (2.0 - 0.5 * crowd).clamp(0.0, 1.0)
    place = mirrored(depth + 2.0 * angle) * view.rows, mirrored(angle * view.arms) * view.columns
    return strength * value_at(fold, *place)


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


def colour_of(value: Tensor, look: Look) -> Tensor:
    last = len(look.anchors) - 1
    place = (0.5 + 0.5 * value) * last
    low = place.floor().clamp(0.0, last - 1.0)
    share = (place - low).unsqueeze(-1)
    anchors = tensor([list(anchor) for anchor in look.anchors])
    low = low.to(int32)
    lab = anchors[low] * (1.0 - share) + anchors[low + 1] * share
    cone = _mixed(lab, FROM_OKLAB) ** 3
    return encoded(_mixed(cone, TO_RGB).clamp(0.0, 1.0))


def encoded(linear: Tensor) -> Tensor:
    high = 1.055 * linear.clamp(min=1e-9) ** (1.0 / 2.4) - 0.055
    return where(linear <= 0.0031308, 12.92 * linear, high)


def _mixed(colours: Tensor, matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    """Each colour f32[…, 3] times a matrix."""
    parts = [colours[..., index] for index in range(3)]
    return stack([sum(factor * part for factor, part in zip(row, parts, strict=True)) for row in matrix], -1)
