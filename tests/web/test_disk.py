"""The Poincaré disk in the page: what is drawn, named and zoomed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.web.conftest import eventually
from tests.web.test_accessibility import violations

DISK = """
from spiraltorch_web import live
points = [[0.0, 0.0], [0.6, 0.0], [0.0, 0.9]]
figure = live.PoincareDisk(points, [[1, 0], [2, 1]], ["root", "left branch", "leaf"], ["", "one", "two"])
live.add_figure("tree", figure, 1)
"""

# Whether a pixel of the canvas, in parts of its side, has a colour at all.
INK = """(canvas, [column, row]) => canvas.getContext("2d").getImageData(
  Math.round(column * canvas.width) - 2, Math.round(row * canvas.height) - 2, 5, 5).data.some(
  (value, index, all) => index % 4 < 3 && value !== all[index % 4])"""


@pytest.fixture
def tree(bench):
    """The canvas of a tree of three points."""
    bench.run(DISK)
    canvas = bench.page.get_by_role("img", name="tree at step 1: Poincaré disk of 3 points, 2 geodesics")
    expect(canvas).to_be_visible()
    canvas.scroll_into_view_if_needed()
    bench.page.get_by_role("button", name="Show the whole disk").click()
    return canvas


def test_points_and_geodesics_are_drawn(tree):
    assert tree.evaluate(INK, [0.5, 0.5]) and tree.evaluate(INK, [0.5 + 0.48 * 0.6, 0.5])
    middle = 0.48 * 0.3
    assert tree.evaluate(INK, [0.5 + middle, 0.5])  # from the origin: a straight line
    # Between (0.6, 0) and (0, 0.9): an arc that bends to the origin, so the chord's middle is empty.
    assert not tree.evaluate(INK, [0.5 + middle, 0.5 - 0.48 * 0.45])


def test_axe_finds_nothing(tree, bench):
    assert violations(bench.page) == []


def test_the_pointer_reads_names(tree, bench):
    box = tree.bounding_box()
    tree.hover(position={"x": box["width"] * (0.5 + 0.48 * 0.6), "y": box["height"] / 2})
    expect(bench.page.locator(".disk-tip")).to_have_text("left branch")
    tree.hover(position={"x": 5, "y": 5})
    expect(bench.page.locator(".disk-tip")).to_be_hidden()


def test_zoom_by_keys_and_buttons_moves_points_and_returns(tree, bench):
    box = tree.bounding_box()
    near = {"x": box["width"] * (0.5 + 0.48 * 0.6 * 0.5 * 1.5), "y": box["height"] / 2}
    tree.press("+")
    tree.hover(position={"x": box["width"] * (0.5 + 0.48 * 0.6), "y": box["height"] / 2})
    expect(bench.page.locator(".disk-tip")).to_be_hidden()
    tree.press("0")
    bench.page.get_by_role("button", name="Zoom in").click()
    tree.hover(position={**near, "x": box["width"] * 0.5})
    expect(bench.page.locator(".disk-tip")).to_have_text("root")
    bench.page.get_by_role("button", name="Show the whole disk").click()
    tree.hover(position={"x": box["width"] * (0.5 + 0.48 * 0.6), "y": box["height"] / 2})
    expect(bench.page.locator(".disk-tip")).to_have_text("left branch")


def test_new_points_keep_edges_and_names(tree, bench):
    bench.run(DISK + "points[1][0] = -0.5\nlive.add_figure('tree', figure, 2)\n")
    eventually(lambda: bench.page.get_by_role("img", name="tree at step 2: Poincaré disk of 3 points").count() == 1)
    canvas = bench.page.get_by_role("img", name="tree at step 2")
    box = canvas.bounding_box()
    canvas.hover(position={"x": box["width"] * (0.5 - 0.48 * 0.5), "y": box["height"] / 2})
    expect(bench.page.locator(".disk-tip")).to_have_text("left branch")
