"""The plane as a model sees it: a grid of points, and the class probabilities there."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import ArgumentError, ShapeError
from .events import Boundary
from .values import numbers

Extent = tuple[float, float, float, float]  # left, right, bottom, top


def extent_around(points: Sequence[float]) -> Extent:
    """A square around points f32[n, 2] (flat) with a tenth of air, centred on them."""
    if not points:
        return (-1.0, 1.0, -1.0, 1.0)
    xs, ys = points[0::2], points[1::2]
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    half = 0.55 * max(max(xs) - min(xs), max(ys) - min(ys), 1e-6)
    return (middle_x - half, middle_x + half, middle_y - half, middle_y + half)


def grid_points(extent: Extent, resolution: int) -> list[list[float]]:
    """Cell centres f32[resolution², 2], row by row from the top: the order of a picture."""
    left, right, bottom, top = extent
    xs = [left + (right - left) * (column + 0.5) / resolution for column in range(resolution)]
    ys = [top - (top - bottom) * (row + 0.5) / resolution for row in range(resolution)]
    return [[x, y] for y in ys for x in xs]


class Planes:
    """Remembers, per run, the grids on the device and which data has been shown."""

    def __init__(self) -> None:
        self._grids: dict[tuple[Extent, int], Any] = {}
        self._data: dict[str, _Data] = {}

    def answer(
        self,
        tag: str,
        step: int,
        model: Callable[[Any], Any],
        data: tuple[Any, Any],
        extent: Extent | None,
        resolution: int,
        form: str,
    ) -> Boundary:
        """Ask `model` about the plane. Raises ArgumentError and ShapeError."""
        if not 2 <= resolution <= 1024:
            raise ArgumentError(f"add_boundary needs resolution from 2 to 1024; got {resolution}")
        known = self._data.get(tag)
        fresh = known is None or not known.is_of(*data)
        if fresh:
            known = self._data[tag] = _Data(*data)
        around = extent or known.extent
        answers = model(self._grid(around, resolution))
        columns = column_count(tuple(answers.shape), resolution * resolution)
        shown = (known.points, known.labels) if fresh else (array("f"), b"")
        return Boundary(tag, step, resolution, columns, answers, form, around, *shown)

    def _grid(self, extent: Extent, resolution: int) -> Any:
        key = (tuple(extent), resolution)
        if key not in self._grids:
            from ..tensor import tensor  # only a boundary needs tensors

            self._grids[key] = tensor(grid_points(extent, resolution))
        return self._grids[key]


class _Data:
    """The points under a boundary, read once."""

    def __init__(self, points: Any, labels: Any) -> None:
        self._source = (points, labels)
        given = numbers("add_boundary(points)", points)
        if given.values and (len(given.shape) != 2 or given.shape[1] != 2):
            raise ShapeError(f"add_boundary needs points of shape (n, 2); got {given.shape}")
        classes = numbers("add_boundary(labels)", labels)
        if 2 * len(classes.values) != len(given.values):
            raise ShapeError(f"add_boundary needs a label per point; got {given.shape} points, {classes.shape} labels")
        self.points = given.values
        self.labels = bytes(int(label) % 256 for label in classes.values)
        self.extent = extent_around(given.values)

    def is_of(self, points: Any, labels: Any) -> bool:
        return self._source[0] is points and self._source[1] is labels


def column_count(shape: tuple[int, ...], cells: int) -> int:
    """Columns of a model's answer on the grid; ShapeError for shapes that are not one row per cell."""
    if shape == (cells,):
        return 1
    if len(shape) == 2 and shape[0] == cells and shape[1] >= 1:
        return shape[1]
    raise ShapeError(
        f"the model's answer on {cells} grid points must have shape ({cells}, classes) or ({cells},); got {shape}"
    )


def class_shares(answers: Sequence[float], columns: int, form: str) -> list[list[float]]:
    """Class probabilities per cell; softmax (or sigmoid for one column) where the answers are logits."""
    rows = (answers[start : start + columns] for start in range(0, len(answers), columns))
    if columns == 1:
        return [_two(row[0] if form == "probabilities" else _sigmoid(row[0])) for row in rows]
    return [list(row) if form == "probabilities" else softmax(row) for row in rows]


def softmax(row: Sequence[float]) -> list[float]:
    """exp(x) / sum(exp(x)), shifted so that nothing overflows; a row with a NaN counts as undecided."""
    highest = max(row)
    if math.isnan(sum(row)):
        return [1.0 / len(row)] * len(row)
    powers = [math.exp(value - highest) for value in row]
    total = sum(powers)
    return [power / total for power in powers]


def _two(share: float) -> list[float]:
    return [1.0 - share, share]


def _sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(logit, -60.0), 60.0)))
