"""Pictures of a fold: the shader and its twin agree, signs show, and files are what was painted."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.live.terminal import TerminalSink
from spiraltorch_web.live.writer import Writer
from spiraltorch_web.runtime.session import session
from spiraltorch_web.zspace import FractalCanvas, FractalPatch
from spiraltorch_web.zspace.fractal.palettes import PALETTES, SHADES, shades
from spiraltorch_web.zspace.fractal.twin import shade
from tests.support.sessions import opened

# One level where float32 rounds a value into the neighbouring shade.
TOLERANCE = 1


def waves(rows: int, columns: int) -> np.ndarray:
    down, right = np.mgrid[0:rows, 0:columns] / max(rows, columns)
    return (np.sin(11 * down + 3 * right) * np.cos(7 * right - 2 * down)).astype(np.float32)


def canvas_of(relation, width, height, **look) -> FractalCanvas:
    canvas = FractalCanvas(3, width, height, **look)
    canvas.push(FractalPatch(st.tensor(relation)))
    return canvas


def picture(canvas: FractalCanvas) -> np.ndarray:
    """u8[height, width, 4]."""
    return np.frombuffer(canvas.pixels(), np.uint8).reshape(canvas.height, canvas.width, 4)


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize(
    ("layout", "shape", "size"),
    [
        ("plane", (6, 9), (70, 53)),  # larger than the relation, rows that need padding
        ("plane", (1, 40), (64, 8)),  # the seed's spectrum
        ("plane", (90, 70), (33, 30)),  # several cells under a pixel
        ("spiral", (24, 24), (96, 64)),
        ("spiral", (1, 5), (40, 40)),
    ],
)
def test_shader_and_twin_paint_the_same(native_session, layout, shape, size, palette):
    canvas = canvas_of(waves(*shape), *size, layout=layout, palette=palette)
    painting = canvas.painting()
    assert painting.scene() is not None
    painted = picture(canvas).astype(int)
    relation, peak = painting.fold.relation.tolist(), painting.fold.peak.tolist()
    session().use_device(opened("cpu"))
    twin = shade(st.tensor(relation), st.tensor(peak), painting._view(), painting.look.shades)
    expected = np.array(twin.tolist(), np.uint32).view(np.uint8).reshape(size[1], size[0], 4)
    assert np.abs(painted - expected).max() <= TOLERANCE
    assert len(np.unique(expected.reshape(-1, 4), axis=0)) > 8


def test_cells_have_the_colours_of_their_values(device):
    relation = np.array([[-1.0, 0.0], [0.25, 1.0]], np.float32)
    painted = picture(canvas_of(relation, 40, 40))
    table = np.frombuffer(shades("dusk", 0.5), np.uint8).reshape(-1, 4)
    for (row, column), entry in {(0, 0): 0, (0, 1): SHADES, (1, 0): SHADES + 256, (1, 1): 2 * SHADES}.items():
        corner = painted[39 * row, 39 * column].astype(int)
        assert np.abs(corner - table[entry]).max() <= TOLERANCE


def test_a_relation_of_zeros_is_the_middle_of_the_palette(device):
    painted = picture(canvas_of(np.zeros((4, 4), np.float32), 9, 9, layout="spiral"))
    middle = np.frombuffer(shades("dusk", 0.5), np.uint8).reshape(-1, 4)[SHADES]
    assert (painted == middle).all()


def test_gamma_brings_small_values_up():
    relation = np.array([[1.0, 0.01]], np.float32)
    levels = [picture(canvas_of(relation, 8, 4, gamma=gamma))[0, 7, 0] for gamma in (1.0, 0.5, 0.25)]
    assert levels == sorted(set(levels))


def test_png_holds_the_pixels(device, tmp_path):
    canvas = canvas_of(waves(5, 8), 21, 13)
    canvas.save(tmp_path / "canvas.png")
    data = (tmp_path / "canvas.png").read_bytes()
    assert data == canvas.png() and data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (21, 13)
    (length,) = struct.unpack(">I", data[33:37])
    lines = np.frombuffer(zlib.decompress(data[41 : 41 + length]), np.uint8).reshape(13, 1 + 21 * 4)
    assert (lines[:, 1:].reshape(13, 21, 4) == picture(canvas)).all()


def test_a_patch_that_is_not_finite_stops_the_picture(device):
    canvas = canvas_of(waves(3, 3), 8, 8)
    canvas.push(FractalPatch(st.full((3, 3), float("nan"))))
    with pytest.raises(ArgumentError, match="patch number 2 of a ring holds NaN or infinity"):
        canvas.pixels()
    with pytest.raises(ArgumentError, match="got nan at row 0, column 0"):
        FractalCanvas(3, strict=True).push(FractalPatch(st.full((3, 3), float("nan"))))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"capacity": 0}, "capacity is an int from 1 on; got 0"),
        ({"width": 0}, "width is an int from 1 to 8192 pixels; got 0"),
        ({"height": 8193}, "height is an int from 1 to 8192 pixels; got 8193"),
        ({"palette": "jet"}, "palette is one of dusk, dawn, ramp; got 'jet'"),
        ({"layout": "disk"}, "layout is one of plane, spiral; got 'disk'"),
        ({"gamma": 0}, "gamma is a number from 0.05 to 4; got 0"),
        ({"gamma": float("nan")}, "gamma .* got nan"),
    ],
)
def test_looks_that_cannot_be_painted_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        FractalCanvas(**{"capacity": 2, **arguments})


def test_an_empty_canvas_has_no_picture():
    with pytest.raises(ArgumentError, match="push a patch before folding"):
        FractalCanvas(2).png()


def test_a_terminal_saves_the_last_state(device, tmp_path):
    writer = Writer(TerminalSink(tmp_path, io.StringIO()))
    canvas = canvas_of(waves(4, 4), 16, 12)
    assert writer.due("fold")
    for step in range(3):
        canvas.push(FractalPatch(st.tensor(waves(4, 4) + step)))
        writer.add_canvas("fold", canvas, step)
    expected = picture(canvas)
    writer.close()
    data = (tmp_path / "fold.png").read_bytes()
    (length,) = struct.unpack(">I", data[33:37])
    lines = np.frombuffer(zlib.decompress(data[41 : 41 + length]), np.uint8).reshape(12, 1 + 16 * 3)
    assert (lines[:, 1:].reshape(12, 16, 3) == expected[..., :3]).all()
