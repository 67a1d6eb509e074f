"""The Poincaré disk as a figure: what it accepts, sends once, and looks like in a terminal."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web.errors import ArgumentError, ShapeError
from spiraltorch_web.live import PoincareDisk, Writer
from spiraltorch_web.live.disk import SIZE, geodesic
from spiraltorch_web.live.palettes import CLASS_COLOURS
from spiraltorch_web.live.terminal import TerminalSink
from tests.live.test_terminal import read_png

POINTS = [[0.0, 0.0], [0.5, 0.0], [0.0, 0.8]]
EDGES = [[1, 0], [2, 1]]


class Kept:
    """A sink that keeps events."""

    def __init__(self) -> None:
        self.events = []

    def show(self, event) -> None:
        self.events.append(event)

    def ready(self, tag) -> bool:
        return True

    def close(self) -> None:
        pass


def test_tensors_become_flat_numbers_in_a_disk_of_radius_one():
    sink = Kept()
    Writer(sink).add_figure(
        "tree", PoincareDisk(st.tensor(POINTS) / 2, st.tensor(EDGES), ["a", "b", "c"], curvature=-4.0)
    )
    (event,) = sink.events
    np.testing.assert_allclose(event.points, np.ravel(POINTS), rtol=1e-6)
    assert event.edges.tolist() == [1, 0, 2, 1] and event.labels == ["a", "b", "c"]
    assert (event.tag, event.step, event.unchanged) == ("tree", 0, False)


def test_edges_and_names_are_sent_once():
    sink, names = Kept(), ["a", "b", "c"]
    writer = Writer(sink)
    for shrink in (1.0, 0.5):
        writer.add_figure("tree", PoincareDisk([[shrink * x for x in point] for point in POINTS], EDGES, names, names))
    writer.add_figure("tree", PoincareDisk(POINTS, EDGES, ["other", "b", "c"], names))
    assert [event.unchanged for event in sink.events] == [False, True, False]
    assert [len(event.edges) for event in sink.events] == [4, 0, 4]
    assert sink.events[1].labels == [] and sink.events[2].labels[0] == "other"


@pytest.mark.parametrize(
    ("figure", "kind", "words"),
    [
        (PoincareDisk([[1.2, 0.0]]), ArgumentError, r"point 0 at \(1.2"),
        (PoincareDisk([[0.0, 0.0], [math.nan, 0.0]]), ArgumentError, "point 1 at"),
        (PoincareDisk(POINTS, curvature=1.0), ArgumentError, "curvature < 0; got 1.0"),
        (PoincareDisk([[0.0, 0.0, 0.0]]), ShapeError, r"\(n, 2\); got \(1, 3\)"),
        (PoincareDisk(POINTS, [[0, 3]]), ArgumentError, "points 0 to 3; there are 3"),
        (PoincareDisk(POINTS, [[0, 1, 2]]), ShapeError, r"edges of shape \(m, 2\)"),
        (PoincareDisk(POINTS, EDGES, ["a"]), ShapeError, "3 points and 1 labels"),
    ],
)
def test_what_is_no_disk_is_refused(figure, kind, words):
    with pytest.raises(kind, match=words):
        Writer(Kept()).add_figure("tree", figure)


def test_geodesics_are_arcs_that_meet_the_rim_at_right_angles():
    path = np.array(geodesic((0.5, 0.1), (-0.2, 0.7)))
    np.testing.assert_allclose(path[[0, -1]], [(0.5, 0.1), (-0.2, 0.7)], atol=1e-12)
    # The circle through three of its points: |middle|² = 1 + radius².
    system = 2 * (path[[5, 15]] - path[0])
    middle = np.linalg.solve(system, (path[[5, 15]] ** 2).sum(1) - (path[0] ** 2).sum())
    assert (middle**2).sum() - ((path[0] - middle) ** 2).sum() == pytest.approx(1)
    assert geodesic((0.2, 0.1), (-0.4, -0.2)) == [(0.2, 0.1), (-0.4, -0.2)]


def test_a_terminal_saves_the_last_disk_with_the_edges_it_knew(tmp_path):
    writer = Writer(TerminalSink(tmp_path, io.StringIO()))
    groups = ["", "one", "one"]
    for step in range(2):
        writer.add_figure("tree", PoincareDisk(POINTS, EDGES, (), groups), step)
    writer.close()
    width, height, rgb = read_png((tmp_path / "tree.png").read_bytes())
    assert (width, height) == (SIZE, SIZE)
    pixels = np.frombuffer(rgb, np.uint8).reshape(height, width, 3)
    middle, radius = SIZE // 2, SIZE // 2 - 12
    assert tuple(pixels[middle, middle + radius // 2]) == CLASS_COLOURS[0]
    assert (pixels[middle, middle + radius // 4] != 255).any()  # the straight geodesic
    assert (pixels[middle - radius // 8, middle - radius // 8] == 255).all()
