"""The Poincaré disk as a figure: its points checked and flat, its geodesics as circular arcs, and its picture."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..errors import ArgumentError, ShapeError
from .events import PoincareDisk
from .palettes import CLASS_COLOURS, mix
from .pixels import WHITE, Canvas, Picture
from .values import numbers

__all__ = ["Disks", "geodesic", "picture_of_disk"]

SIZE = 900
OTHERS = (150, 154, 162)
Point = tuple[float, float]


class Disks:
    """Remembers, per run, what of each disk was shown: its edges and names rarely change, and are sent once."""

    def __init__(self) -> None:
        self._shown: dict[str, PoincareDisk] = {}

    def plain(self, tag: str, step: int, figure: PoincareDisk) -> PoincareDisk:
        """The figure as an event. Raises ShapeError and ArgumentError."""
        points, known = _points(figure), self._shown.get(tag)
        self._shown[tag] = figure
        if known is not None and _same_parts(known, figure):
            shown: dict[str, Any] = {"edges": array("i"), "labels": [], "groups": [], "unchanged": True}
        else:
            count = len(points) // 2
            names = {name: _names(name, getattr(figure, name), count) for name in ("labels", "groups")}
            shown = {"edges": _edges(figure.edges, count), **names, "unchanged": False}
        return replace(figure, points=points, tag=tag, step=step, **shown)


def _same_parts(old: PoincareDisk, new: PoincareDisk) -> bool:
    return old.edges is new.edges and old.labels is new.labels and old.groups is new.groups


def _points(figure: PoincareDisk) -> array:
    if not figure.curvature < 0:
        raise ArgumentError(f"live.PoincareDisk needs a curvature < 0; got {figure.curvature!r}")
    given = numbers("live.PoincareDisk(points)", figure.points)
    if len(given.shape) != 2 or given.shape[1] != 2:
        raise ShapeError(f"live.PoincareDisk needs points of shape (n, 2); got {given.shape}")
    scale = math.sqrt(-figure.curvature)
    points = array("f", (scale * value for value in given.values))
    for number in range(0, len(points), 2):
        if not math.hypot(points[number], points[number + 1]) <= 1.0:
            place = tuple(given.values[number : number + 2])
            raise ArgumentError(f"live.PoincareDisk: point {number // 2} at {place} lies outside of the disk")
    return points


def _edges(edges: Any, count: int) -> array:
    given = numbers("live.PoincareDisk(edges)", edges)
    if given.values and (len(given.shape) != 2 or given.shape[1] != 2):
        raise ShapeError(f"live.PoincareDisk needs edges of shape (m, 2); got {given.shape}")
    flat = array("i", map(int, given.values))
    if flat and not (min(flat) >= 0 and max(flat) < count):
        raise ArgumentError(f"live.PoincareDisk: edges name points {min(flat)} to {max(flat)}; there are {count}")
    return flat


def _names(which: str, given: Sequence[Any], count: int) -> list[str]:
    names = [str(name) for name in given]
    if names and len(names) != count:
        raise ShapeError(f"live.PoincareDisk has {count} points and {len(names)} {which}")
    return names


def geodesic(start: Point, end: Point, steps: int = 24) -> list[Point]:
    """Points on the geodesic between two points of the unit disk: a circular arc that meets its rim at right angles.

    The arc's centre m fulfils 2⟨m, p⟩ = 1 + ‖p‖² for both ends; where it is far away the arc is a straight line.
    """
    (px, py), (qx, qy) = start, end
    determinant = 2.0 * (px * qy - py * qx)
    if abs(determinant) < 1e-4 * (math.hypot(px, py) * math.hypot(qx, qy) + 1e-12):
        return [start, end]
    p, q = 1.0 + px * px + py * py, 1.0 + qx * qx + qy * qy
    mx, my = (p * qy - q * py) / determinant, (q * px - p * qx) / determinant
    radius = math.hypot(px - mx, py - my)
    first, last = math.atan2(py - my, px - mx), math.atan2(qy - my, qx - mx)
    turn = (last - first + math.pi) % (2.0 * math.pi) - math.pi
    angles = (first + turn * step / steps for step in range(steps + 1))
    return [(mx + radius * math.cos(angle), my + radius * math.sin(angle)) for angle in angles]


def picture_of_disk(event: PoincareDisk, fixed: PoincareDisk) -> Picture:
    """The disk on white; edges and groups are those of ``fixed``, the event that brought them."""
    canvas = Canvas(SIZE, SIZE, bytes(WHITE) * (SIZE * SIZE))
    middle, radius = SIZE / 2, SIZE / 2 - 12

    def place(point: Point) -> Point:
        return middle + radius * point[0], middle - radius * point[1]

    points = list(zip(event.points[0::2], event.points[1::2], strict=True))
    colours = _colours(fixed.groups, len(points))
    rim = [place((math.cos(step * math.pi / 180), math.sin(step * math.pi / 180))) for step in range(361)]
    canvas.thin_line(rim, OTHERS)
    for start, end in zip(fixed.edges[0::2], fixed.edges[1::2], strict=True):
        corners = [place(point) for point in geodesic(points[start], points[end])]
        canvas.thin_line(corners, mix(colours[start], WHITE, 0.5))
    for point, colour in zip(points, colours, strict=True):
        canvas.dot(*place(point), 2.5, colour)
    return canvas.picture()


def _colours(groups: Sequence[str], count: int) -> list[tuple[int, int, int]]:
    """A colour per point: those of the classes for the largest groups, gray for the others."""
    sizes = {name: groups.count(name) for name in dict.fromkeys(groups) if name}
    largest = sorted(sizes, key=lambda name: -sizes[name])[: len(CLASS_COLOURS) - 1]
    if not largest:
        return [CLASS_COLOURS[4]] * count
    return [CLASS_COLOURS[largest.index(name)] if name in largest else OTHERS for name in groups]
