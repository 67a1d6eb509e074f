"""Colours with a meaning.

Classes use the set of Okabe and Ito (Color Universal Design, 2008), distinct for colour-blind readers; continuous
values use a ramp whose lightness rises evenly. The page has the same tables in `ui/palette.js`.
"""

from __future__ import annotations

CLASS_COLOURS: tuple[tuple[int, int, int], ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (204, 121, 167),
    (0, 114, 178),
    (213, 94, 0),
    (240, 228, 66),
    (153, 153, 153),
)

RAMP_ANCHORS: tuple[tuple[int, int, int], ...] = (
    (28, 22, 68),
    (50, 66, 135),
    (40, 118, 142),
    (46, 163, 125),
    (150, 203, 78),
    (248, 238, 130),
)


def ramp_colour(fraction: float) -> tuple[int, int, int]:
    """Colour of a value in 0…1 from dark blue to pale yellow; values outside are clipped."""
    place = min(max(fraction, 0.0), 1.0) * (len(RAMP_ANCHORS) - 1)
    low = min(int(place), len(RAMP_ANCHORS) - 2)
    return mix(RAMP_ANCHORS[low], RAMP_ANCHORS[low + 1], place - low)


def mix(first: tuple[int, int, int], second: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    """`first` with a share 0…1 of `second`."""
    return tuple(round(a + share * (b - a)) for a, b in zip(first, second, strict=True))
