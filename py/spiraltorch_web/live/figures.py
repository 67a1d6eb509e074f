"""Figures as plain data: lists of floats whatever they were made of."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import Any

from ..errors import ShapeError
from .events import Curves, Matrix, Raster
from .values import numbers, numbers_together


def plain_figure(figure: Matrix | Curves) -> Matrix | Curves:
    """The figure with tensors and arrays read and lengths checked; ShapeError names what does not fit."""
    return _plain_matrix(figure) if isinstance(figure, Matrix) else _plain_curves(figure)


def raster_of_matplotlib(tag: str, step: int, figure: Any) -> Raster:
    """What Matplotlib's Agg canvas draws."""
    figure.canvas.draw()
    pixels = memoryview(figure.canvas.buffer_rgba())
    height, width, channels = pixels.shape
    return Raster(tag, step, width, height, channels, array("f", (value / 255 for value in pixels.tobytes())))


def _plain_matrix(figure: Matrix) -> Matrix:
    given = numbers("live.Matrix", figure.values)
    given.need_rank("live.Matrix", 2)
    height, width = given.shape
    rows = _names("rows", figure.rows, height)
    columns = _names("columns", figure.columns, width)
    values = [list(given.values[start : start + width]) for start in range(0, height * width, width)]
    return replace(figure, values=values, rows=rows, columns=columns)


def _names(which: str, given: Any, wanted: int) -> list[str]:
    names = [str(name) for name in given] or [str(index) for index in range(wanted)]
    if len(names) != wanted:
        raise ShapeError(f"live.Matrix has {wanted} {which} and {len(names)} names for them")
    return names


def _plain_curves(figure: Curves) -> Curves:
    x = _flat("x", figure.x)
    given = numbers_together({f"live.Curves({name})": values for name, values in figure.lines.items()})
    lines = {name: list(values.values) for name, values in zip(figure.lines, given, strict=True)}
    for name, values in lines.items():
        if len(values) != len(x):
            raise ShapeError(f"live.Curves needs as many values as x has; {name!r} has {len(values)}, x {len(x)}")
    points_x, points_y = _flat("points_x", figure.points_x), _flat("points_y", figure.points_y)
    if len(points_x) != len(points_y):
        raise ShapeError(f"live.Curves needs points in pairs; got {len(points_x)} x and {len(points_y)} y")
    return replace(figure, x=x, lines=lines, points_x=points_x, points_y=points_y)


def _flat(name: str, values: Any) -> list[float]:
    return list(numbers(f"live.Curves({name})", values).values)
