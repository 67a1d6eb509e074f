"""What the first pass of a transform reads and what the last one writes."""

from __future__ import annotations

from dataclasses import dataclass

from .plan import Pass


@dataclass(frozen=True)
class Source:
    """How a pass gets its points. ``stored`` is how many entries a row and column have in memory.

    ``kind`` "complex" reads both parts, "real" only the first; "packed" takes neighbours of a real signal as parts;
    "half" and "hermitian" complete the spectrum of a real signal from its first half (for packed and for plain
    results); "spectrum" multiplies by a second spectrum; "filter" is the conjugate chirp wrapped around. ``swapped``
    exchanges the parts, which turns a forward transform into an inverse one. With ``chirp`` = n points up to n are
    multiplied by the chirp of that length, and the rest is 0.
    """

    kind: str
    stored: int
    swapped: bool = False
    chirp: int = 0


@dataclass(frozen=True)
class Target:
    """How a pass writes its results, ``stored`` entries per row and column.

    ``kind`` "complex" writes both parts, "real" the first; "packed" writes the parts as neighbours of a real signal;
    "tail" makes the first half of a real signal's spectrum from the transform of its packed entries.
    """

    kind: str
    stored: int
    swapped: bool = False
    chirp: int = 0
    scale: float = 1.0


def between(length: int) -> tuple[Source, Target]:
    """Ends of a pass that only touches temporaries."""
    return Source("complex", length), Target("complex", length)


def roots_of(one: Pass, source: Source, target: Target) -> int:
    """The order of the roots of unity that a pass looks up one by one; 0 for none."""
    if source.kind == "half":
        return 2 * (source.stored - 1)
    if target.kind == "tail":
        return 2 * (target.stored - 1)
    return one.turn
