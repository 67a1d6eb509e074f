"""`st.live` in a terminal: what is printed, drawn and saved."""

from __future__ import annotations

import io
import struct
import zlib

import pytest

import spiraltorch_web as st
from spiraltorch_web.errors import ArgumentError, ShapeError
from spiraltorch_web.live import Curves, Matrix, Writer
from spiraltorch_web.live.terminal import TerminalSink


@pytest.fixture
def shown(tmp_path):
    """(writer, stream, folder) of a fresh run."""
    stream = io.StringIO()
    return Writer(TerminalSink(tmp_path / "run", stream)), stream, tmp_path / "run"


def read_png(content: bytes) -> tuple[int, int, bytes]:
    """Width, height and RGB bytes of a PNG as we write them (no filter)."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, colour = struct.unpack(">IIBB", content[16:26])
    assert (depth, colour) == (8, 2)
    start = content.index(b"IDAT")
    (length,) = struct.unpack(">I", content[start - 4 : start])
    lines = zlib.decompress(content[start + 4 : start + 4 + length])
    assert zlib.crc32(content[start : start + 4 + length]) == struct.unpack(">I", content[start + 4 + length :][:4])[0]
    stride = 3 * width + 1
    return width, height, b"".join(lines[row * stride + 1 : (row + 1) * stride] for row in range(height))


def test_nothing_is_written_until_something_is_shown(shown):
    writer, stream, folder = shown
    writer.close()
    assert not folder.exists() and stream.getvalue() == ""


def test_scalars_become_csv_with_a_column_per_tag(shown):
    writer, stream, folder = shown
    writer.add_scalars("loss", {"train": 1.0, "test": 2.0}, 0)
    writer.add_scalar("loss/train", 0.5, 10)
    writer.close()
    assert (folder / "scalars.csv").read_text() == "step,loss/train,loss/test\n0,1,2\n10,0.5,\n"
    assert f"saved in {folder}" in stream.getvalue()


def test_steps_count_by_themselves_per_tag(shown):
    writer, _, folder = shown
    for value in (5.0, 6.0):
        writer.add_scalar("a", value)
    writer.add_scalar("b", 7.0)
    writer.close()
    assert (folder / "scalars.csv").read_text() == "step,a,b\n0,5,7\n1,6,\n"


def test_image_is_saved_as_png(shown):
    writer, _, folder = shown
    writer.add_image("a picture", [[0.0, 1.0], [0.2, 0.6]])
    writer.close()
    width, height, rgb = read_png((folder / "a-picture.png").read_bytes())
    assert (width, height) == (2, 2)
    assert list(rgb[::3]) == [0, 255, 51, 153]


@pytest.mark.parametrize(
    ("image", "layout"),
    [([[[1.0]], [[0.5]], [[0.0]]], ""), ([[[1.0, 0.5, 0.0]]], "HWC"), ([[[255]], [[127.5]], [[0]]], "CHW")],
)
def test_colour_images_of_both_layouts_and_ranges(shown, image, layout):
    writer, _, folder = shown
    writer.add_image("rgb", image, dataformats=layout)
    writer.close()
    assert list(read_png((folder / "rgb.png").read_bytes())[2]) == [255, 128, 0]


def test_batch_becomes_one_sheet(shown):
    writer, _, folder = shown
    writer.add_images("sheet", [[[1.0]], [[0.5]], [[0.25]]], columns=2)
    writer.close()
    width, height, rgb = read_png((folder / "sheet.png").read_bytes())
    assert (width, height) == (3, 3)
    assert list(rgb[::3]) == [255, 0, 128, 0, 0, 0, 64, 0, 0]


def test_figures_are_saved_as_numbers_and_as_pictures(shown):
    writer, stream, folder = shown
    writer.add_figure("fit", Curves([0, 1], {"SGD": [0.0, 1.0]}, [0.5], [0.4]))
    writer.add_figure("confusion", Matrix([[3, 1], [0, 4]], rows=["cat", "dog"], columns=["cat", "dog"]))
    writer.close()
    assert (folder / "fit.csv").read_text() == "x,SGD\n0,0\n1,1\n"
    assert (folder / "confusion.csv").read_text() == ",cat,dog\ncat,3,1\ndog,0,4\n"
    assert read_png((folder / "fit.png").read_bytes())[:2] == (640, 400)
    assert "cat    3    1" in stream.getvalue()


def test_histogram_draws_its_counts(shown):
    writer, stream, _ = shown
    writer.add_histogram("weights", [0.0, 0.0, 0.0, 1.0, float("nan")], bins=2)
    assert stream.getvalue() == "weights 0 █▁ 1\n"


def test_boundary_shows_the_side_of_each_class(shown):
    writer, _, folder = shown

    def right_is_one(xy):
        return 50.0 * xy[:, :1]

    st.set_device("cpu")
    writer.add_boundary("halves", right_is_one, [[-0.9, 0.9]], [0], extent=(-1, 1, -1, 1), resolution=10)
    writer.close()
    width, height, rgb = read_png((folder / "halves.png").read_bytes())
    assert (width, height) == (40, 40)
    left, right = rgb[3 * (20 * 40 + 2) :][:3], rgb[3 * (20 * 40 + 37) :][:3]
    assert left[0] > left[2] + 40 and right[2] > right[0] + 40


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: w.add_scalar("", 1.0), "a tag is a text"),
        (lambda w: w.add_figure("f", 3), "takes live.Matrix, live.Curves or a Matplotlib figure; got int"),
        (lambda w: w.add_image("i", [1.0]), "add_image needs 2 or 3 dimensions; got shape (1,)"),
        (lambda w: w.add_image("i", [[1.0], [1.0, 2.0]]), "rows of equal length"),
        (lambda w: w.add_image("i", "text"), "nested"),
        (lambda w: w.add_histogram("h", [1.0], bins=0), "bins >= 1; got 0"),
        (lambda w: w.add_figure("c", Curves([0, 1], {"a": [1]})), "'a' has 1, x 2"),
        (lambda w: w.add_figure("m", Matrix([[1]], rows=["a", "b"])), "1 rows and 2 names"),
        (lambda w: w.add_boundary("b", None, resolution=1), "resolution from 2 to 1024; got 1"),
        (lambda w: w.add_boundary("b", None, [[1, 2, 3]], [0]), "points of shape (n, 2); got (1, 3)"),
    ],
)
def test_errors_say_what_was_given_and_what_fits(shown, call, message):
    with pytest.raises((ArgumentError, ShapeError)) as caught:
        call(shown[0])
    assert message in str(caught.value)
