"""What a script shows, as data: the events that pass from `st.live` to the place that displays them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Boundary", "Curves", "Event", "Histogram", "Matrix", "Painting", "Parameters", "PoincareDisk", "Progress",
    "Raster", "Scalars", "Text",
]  # fmt: skip


@dataclass(frozen=True)
class Scalars:
    """Points of several curves: tag -> (steps, values), both float64."""

    points: dict[str, tuple[array, array]]


@dataclass(frozen=True)
class Raster:
    """A picture: `values` f32[height, width, channels] in 0…1; one channel takes `colours` ("gray" or "ramp")."""

    tag: str
    step: int
    width: int
    height: int
    channels: int
    values: array
    colours: str = "gray"


@dataclass(frozen=True)
class Boundary:
    """A model's answer on a grid of the plane and the data over it.

    `answers` f32[resolution², columns] is a tensor or flat floats, the top row (largest y) first; `form` says whether
    they are "logits" or "probabilities"; one column is about class 1 of two. `extent` is (left, right, bottom, top).
    `points` f32[n, 2] (flat) with `labels` are empty when they were shown before.
    """

    tag: str
    step: int
    resolution: int
    columns: int
    answers: Any
    form: str
    extent: tuple[float, float, float, float]
    points: array
    labels: bytes

    @property
    def classes(self) -> int:
        return max(self.columns, 2)


@dataclass(frozen=True)
class Painting:
    """A `FractalCanvas`, painted when it is shown."""

    tag: str
    step: int
    canvas: Any


@dataclass(frozen=True)
class Histogram:
    """`counts[i]` values lie from `edges[i]` up to `edges[i + 1]`."""

    tag: str
    step: int
    edges: list[float]
    counts: list[int]


@dataclass(frozen=True)
class Matrix:
    """A figure for `add_figure`: a small table of numbers, such as a confusion matrix."""

    values: list[list[float]]
    rows: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    row_title: str = "rows"
    column_title: str = "columns"
    tag: str = ""
    step: int = 0


@dataclass(frozen=True)
class Curves:
    """A figure for `add_figure`: lines over a common x, and data points (x, y)."""

    x: list[float]
    lines: dict[str, list[float]]
    points_x: list[float] = field(default_factory=list)
    points_y: list[float] = field(default_factory=list)
    tag: str = ""
    step: int = 0


@dataclass(frozen=True)
class PoincareDisk:
    """A figure for `add_figure`: points in the Poincaré disk of `curvature`, and geodesics between them.

    `points` f32[n, 2]; `edges` i32[m, 2] are pairs of their numbers; `labels` names and `groups` kinds (each with a
    colour) of the points, or empty. In an event `points` and `edges` are flat arrays, the points scaled to radius 1;
    with `unchanged`, edges, labels and groups are those of the event before and empty here.
    """

    points: Any
    edges: Any = ()
    labels: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    curvature: float = -1.0
    tag: str = ""
    step: int = 0
    unchanged: bool = False


@dataclass(frozen=True)
class Text:
    """A note."""

    tag: str
    step: int
    text: str


@dataclass(frozen=True)
class Progress:
    """How far a loop is; `total` is None when it has no known end, `rate` counts turns per second."""

    label: str
    done: int
    total: int | None
    rate: float


@dataclass(frozen=True)
class Parameters:
    """How many numbers a model learns."""

    count: int


Event = (
    Scalars | Raster | Boundary | Painting | Histogram | Matrix | Curves | PoincareDisk | Text | Progress | Parameters
)
