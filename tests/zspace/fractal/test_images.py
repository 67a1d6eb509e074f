"""Images as relations."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web.errors import ArgumentError, ShapeError
from spiraltorch_web.zspace import FractalCanvas, FractalPatch, UringFractalScheduler, relation_from_image

LUMA = np.array([0.2126, 0.7152, 0.0722])
IMAGE = np.random.default_rng(3).uniform(size=(6, 8, 3)).astype(np.float32)
BRIGHTNESS = IMAGE @ LUMA


def centred(values):
    return values - values.mean()


@pytest.mark.parametrize(
    "image",
    [
        st.tensor(IMAGE),
        st.tensor(IMAGE.transpose(2, 0, 1)),
        st.tensor(np.concatenate([IMAGE, np.ones((6, 8, 1), np.float32)], 2)),
        st.tensor(BRIGHTNESS.astype(np.float32)),
        BRIGHTNESS.tolist(),
        st.tensor(BRIGHTNESS.astype(np.float32)[None]),
    ],
    ids=["HWC", "CHW", "RGBA", "HW", "lists", "1HW"],
)
def test_brightness_about_its_mean(image):
    patch = relation_from_image(image, coherence=0.5, depth=3)
    np.testing.assert_allclose(patch.relation.tolist(), centred(BRIGHTNESS), atol=1e-6)
    assert (patch.coherence, patch.tension, patch.depth) == (0.5, 1.0, 3)


def test_cells_are_means_of_their_pixels():
    patch = relation_from_image(st.tensor(IMAGE), (3, 2))
    means = BRIGHTNESS.reshape(3, 2, 2, 4).mean((1, 3))
    np.testing.assert_allclose(patch.relation.tolist(), centred(means), atol=1e-6)
    uneven = relation_from_image(st.tensor(BRIGHTNESS.astype(np.float32)), (4, 8)).relation
    rows = [(BRIGHTNESS[0] * 2 + BRIGHTNESS[1]) / 3, (BRIGHTNESS[1] + BRIGHTNESS[2] * 2) / 3]
    means = np.array([*rows, (BRIGHTNESS[3] * 2 + BRIGHTNESS[4]) / 3, (BRIGHTNESS[4] + BRIGHTNESS[5] * 2) / 3])
    np.testing.assert_allclose(uneven.tolist(), centred(means), atol=1e-6)


def test_a_browsers_image_data():
    pixels = np.round(255 * np.concatenate([IMAGE, np.ones((6, 8, 1))], 2)).astype(np.uint8)
    data = SimpleNamespace(width=8, height=6, data=SimpleNamespace(to_bytes=pixels.tobytes))
    patch = relation_from_image(data)
    np.testing.assert_allclose(patch.relation.tolist(), centred(pixels[..., :3] @ LUMA), atol=1e-3)


def test_a_canvas_goes_back_into_a_ring(device):
    canvas = FractalCanvas(2, 32, 32, palette="ramp", gamma=1.0)
    source = np.linspace(-1, 1, 16, dtype=np.float32).reshape(4, 4)
    canvas.push(FractalPatch(st.tensor(source)))
    ring = UringFractalScheduler(2)
    ring.push(relation_from_image(canvas, (4, 4)))
    again = np.array(ring.fold_coherence().tolist())
    # The ramp's brightness grows with the value, so order stays.
    assert (np.diff(again.ravel()) > 0).all()


def test_even_brightness_counts_as_nothing():
    ring = UringFractalScheduler(1)
    ring.push(relation_from_image(st.full((5, 5), 0.5)))
    assert not np.any(ring.fold_coherence().tolist())


@pytest.mark.parametrize("image", [st.ones(4), st.ones(2, 5, 6), st.ones(0, 3), st.ones(2, 2, 2, 2)])
def test_shapes_that_are_no_images(image):
    with pytest.raises(ShapeError, match="an image has shape"):
        relation_from_image(image)


@pytest.mark.parametrize("shape", [(0, 3), (3,), 5, (2.0, 2), (9000, 1)])
def test_shapes_that_are_no_relations(shape):
    with pytest.raises(ArgumentError, match="shape is"):
        relation_from_image(st.tensor(IMAGE), shape)
