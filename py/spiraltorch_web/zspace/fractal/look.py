"""How a relation is painted: what a user chooses, and what follows from it for one picture."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from ...errors import ArgumentError
from .palettes import shades

LAYOUTS = ("plane", "spiral")
LARGEST_SIDE = 8192  # of a texture on every WebGPU device
MOST_SAMPLES = 4
SPIRAL_ARMS = 6
# One round of the spiral shrinks the next by a factor from 1.5 to 8.
PERIODS = (math.log(1.5), math.log(8.0))
FADING = 1.5  # cells on a pixel; of twice as many nothing is left


@dataclass(frozen=True)
class Look:
    """Layout and palette; ``shades`` is as `palettes.shades` makes it."""

    layout: str
    shades: bytes

    @classmethod
    def of(cls, palette: str, layout: str, gamma: float) -> Look:
        """Checked; raises ArgumentError."""
        if layout not in LAYOUTS:
            raise ArgumentError(f"layout is one of {', '.join(LAYOUTS)}; got {layout!r}")
        if isinstance(gamma, bool) or not isinstance(gamma, (int, float)) or not 0.05 <= gamma <= 4.0:
            raise ArgumentError(f"gamma is a number from 0.05 to 4; got {gamma!r}")
        return cls(layout, shades(palette, gamma))


@dataclass(frozen=True)
class View:
    """Sizes of one picture of one relation, and the ``entry`` point of the shader that paints it."""

    entry: str
    rows: int
    columns: int
    width: int
    height: int
    samples: int = 1
    arms: int = SPIRAL_ARMS
    period: float = 1.0

    @classmethod
    def of(cls, shape: tuple[int, int], width: int, height: int, layout: str) -> View:
        """The view of a relation of ``shape`` (rows, columns)."""
        rows, columns = shape
        if layout == "spiral":
            # Cells about as high as they are wide.
            period = 2.0 * math.pi * rows / (columns * SPIRAL_ARMS)
            return cls("spiral", *shape, width, height, period=min(max(period, PERIODS[0]), PERIODS[1]))
        # Up to four cells along a pixel's side count; of more, some are left out.
        samples = min(math.ceil(max(rows / height, columns / width)), MOST_SAMPLES)
        return cls("crowd" if samples > 1 else "cells", *shape, width, height, samples)

    @property
    def scale(self) -> tuple[float, float]:
        """Rows and columns per pixel of a relation that is painted as it lies."""
        return self.rows / self.height, self.columns / self.width

    @property
    def rounds(self) -> float:
        """Of the spiral, between a distance from its centre and √2 of that."""
        return 0.5 * math.log(2.0) / self.period

    @property
    def innermost(self) -> float:
        """The round one pixel away from the spiral's centre; that of the picture's corners is 0."""
        return math.log(0.5 * math.hypot(self.width, self.height)) / self.period

    @property
    def crowding(self) -> float:
        """One pixel away from the spiral's centre: the cells on a pixel, over as many as fade."""
        return max(self.columns * self.arms / (2.0 * math.pi), self.rows / self.period) / FADING

    def packed(self, shades: bytes) -> bytes:
        """The `View` of `shaders/fractal_canvas.wgsl`."""
        sizes = (self.rows, self.columns, *self.scale, self.width, self.height)
        spiral = (self.arms, self.rounds, self.innermost, self.crowding)
        return struct.pack("<6f2i4f", *sizes, self.columns, self.samples, *spiral) + shades + bytes(4)


def checked_side(name: str, value: object) -> int:
    """A picture's width or height; ArgumentError unless it is an int from 1 to 8192."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_SIDE:
        raise ArgumentError(f"{name} is an int from 1 to {LARGEST_SIDE} pixels; got {value!r}")
    return value
