"""Palettes for signed values.

A palette is nine anchors in OKLab [Ottosson 2020], from -1 over 0 to 1, with a straight line between neighbours.
Neighbours are equally far apart, so equal steps of a value look equally large; two values of opposite sign keep apart
for readers with any of the three dichromacies (`tests/zspace/fractal/test_palettes.py` measures both). The page has
the same tables in `web/fractal.js`.
"""

from __future__ import annotations

from types import MappingProxyType

from ...errors import ArgumentError

Anchor = tuple[float, float, float]  # lightness 0…1, green to red, blue to yellow

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
