"""How a relation is painted: what a user chooses, and what follows from it for one picture."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from ...errors import ArgumentError
from .palettes import Anchor, palette_anchors

LAYOUTS = ("plane", "spiral")
LARGEST_SIDE = 8192  # of a texture on every WebGPU device
MOST_SAMPLES = 4
SPIRAL_SAMPLES = 2
SPIRAL_ARMS = 6
# One round of the spiral shrinks the next by a factor from 1.5 to 8.
PERIODS = (math.log(1.5), math.log(8.0))


@dataclass(frozen=True)
class Look:
    """Palette, layout and contrast; see `FractalCanvas`."""

    anchors: tuple[Anchor, ...]
    layout: str
    gamma: float

    @classmethod
    def of(cls, palette: str, layout: str, gamma: float) -> Look:
        """Checked; raises ArgumentError."""
        if layout not in LAYOUTS:
            raise ArgumentError(f"layout is one of {', '.join(LAYOUTS)}; got {layout!r}")
        if isinstance(gamma, bool) or not isinstance(gamma, (int, float)) or not 0.05 <= gamma <= 4.0:
            raise ArgumentError(f"gamma is a number from 0.05 to 4; got {gamma!r}")
        return cls(palette_anchors(palette), layout, float(gamma))


@dataclass(frozen=True)
class View:
    """Sizes of one picture of one relation. ``arms`` is 0 for a plane."""

    rows: int
    columns: int
    width: int
    height: int
    samples: int
    arms: int
    period: float

    @classmethod
    def of(cls, shape: tuple[int, int], width: int, height: int, look: Look) -> View:
        """The view of a relation of ``shape`` (rows, columns)."""
        rows, columns = shape
        if look.layout == "plane":
            # Up to four cells along a pixel's side count; of more, some are left out.
            crowd = math.ceil(max(rows / height, columns / width))
            return cls(rows, columns, width, height, min(max(crowd, 1), MOST_SAMPLES), 0, 1.0)
        # Cells about as high as they are wide.
        period = 2.0 * math.pi * rows / (columns * SPIRAL_ARMS)
        return cls(rows, columns, width, height, SPIRAL_SAMPLES, SPIRAL_ARMS, min(max(period, PERIODS[0]), PERIODS[1]))

    def packed(self, look: Look) -> bytes:
        """The uniforms of `shaders/fractal_canvas.wgsl`."""
        colours = (part for anchor in look.anchors for part in (*anchor, 1.0))
        sizes = (self.rows, self.columns, self.samples, self.arms)
        numbers = (self.width, self.height, look.gamma, self.period)
        return struct.pack("<4I4f", *sizes, *numbers) + struct.pack(f"<{4 * len(look.anchors)}f", *colours)


def checked_side(name: str, value: object) -> int:
    """A picture's width or height; ArgumentError unless it is an int from 1 to 8192."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_SIDE:
        raise ArgumentError(f"{name} is an int from 1 to {LARGEST_SIDE} pixels; got {value!r}")
    return value
