"""Palettes for signed values.

A palette is nine anchors in OKLab [Ottosson 2020], from -1 over 0 to 1, with a straight line between neighbours.
Neighbours are equally far apart, so equal steps of a value look equally large; two values of opposite sign keep apart
for readers with any of the three dichromacies (`tests/zspace/fractal/test_palettes.py` measures both). The page has
the same tables in `web/fractal.js`.
"""

from __future__ import annotations

from array import array
from types import MappingProxyType

from ...errors import ArgumentError

Anchor = tuple[float, float, float]  # lightness 0…1, green to red, blue to yellow
SHADES = 512  # on either side of zero, as in shaders/fractal_canvas.wgsl
# From OKLab to the cube roots of cone responses, and from these responses to linear sRGB.
TO_CONES = (
    (1.0, 0.3963377774, 0.2158037573), (1.0, -0.1055613458, -0.0638541728), (1.0, -0.0894841775, -1.2914855480),
)  # fmt: skip
TO_RGB = (
    (4.0767416621, -3.3077115913, 0.2309699292), (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)  # fmt: skip

PALETTES: MappingProxyType[str, tuple[Anchor, ...]] = MappingProxyType(
    {
        # Zero is nearly black; magnitude is light, negative blue, positive orange.
        "dusk": (
            (0.920, -0.063, -0.030), (0.733, -0.075, -0.095), (0.542, -0.041, -0.138), (0.347, -0.002, -0.122),
            (0.180, 0.004, -0.014),
            (0.350, 0.102, 0.044), (0.545, 0.129, 0.100), (0.735, 0.063, 0.139), (0.920, -0.023, 0.133),
        ),
        # Zero is nearly white, for paper; magnitude is dark.
        "dawn": (
            (0.300, 0.000, -0.105), (0.471, -0.025, -0.133), (0.643, -0.047, -0.115), (0.811, -0.039, -0.068),
            (0.970, 0.000, 0.000),
            (0.820, 0.031, 0.095), (0.648, 0.076, 0.111), (0.473, 0.089, 0.083), (0.300, 0.072, 0.045),
        ),
        # Lightness alone tells the value, so that it survives a print in grey.
        "ramp": (
            (0.160, 0.021, -0.056), (0.267, 0.025, -0.100), (0.379, 0.002, -0.116), (0.477, -0.046, -0.079),
            (0.576, -0.088, -0.039),
            (0.671, -0.110, 0.023), (0.759, -0.108, 0.098), (0.859, -0.067, 0.138), (0.960, -0.025, 0.102),
        ),
    }
)  # fmt: skip


def palette_anchors(name: str) -> tuple[Anchor, ...]:
    """The anchors of a palette; ArgumentError for a name that is none."""
    if name not in PALETTES:
        raise ArgumentError(f"palette is one of {', '.join(PALETTES)}; got {name!r}")
    return PALETTES[name]


def shades(name: str, gamma: float) -> bytes:
    """A palette as u32[1025], red in the lowest byte: entry 512 ± i is the colour of ±(i/512)^(2·gamma)."""
    anchors = palette_anchors(name)
    magnitudes = [(step / SHADES) ** (2.0 * gamma) for step in range(SHADES + 1)]
    values = [-magnitude for magnitude in magnitudes[:0:-1]] + magnitudes
    return array("I", (_packed(colour_of(anchors, value)) for value in values)).tobytes()


def colour_of(anchors: tuple[Anchor, ...], value: float) -> tuple[float, ...]:
    """The sRGB colour, 0…1 each, of a value from -1 to 1."""
    place = (0.5 + 0.5 * value) * (len(anchors) - 1)
    low = min(int(place), len(anchors) - 2)
    lab = [a + (place - low) * (b - a) for a, b in zip(anchors[low], anchors[low + 1], strict=True)]
    cones = [_dot(row, lab) ** 3 for row in TO_CONES]
    return tuple(_encoded(min(max(_dot(row, cones), 0.0), 1.0)) for row in TO_RGB)


def _encoded(linear: float) -> float:
    """sRGB's transfer curve. [IEC 61966-2-1]"""
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1.0 / 2.4) - 0.055


def _dot(row: tuple[float, ...], column: list[float]) -> float:
    return sum(a * b for a, b in zip(row, column, strict=True))


def _packed(colour: tuple[float, ...]) -> int:
    red, green, blue = (int(255.0 * channel + 0.5) for channel in colour)
    return red | green << 8 | blue << 16 | 255 << 24
