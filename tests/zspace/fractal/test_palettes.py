"""Palettes keep their promises: even steps, and signs that everybody can tell apart."""

from __future__ import annotations

import numpy as np
import pytest

from spiraltorch_web.resources import shader_text
from spiraltorch_web.zspace.fractal.palettes import PALETTES, SHADES, TO_CONES, TO_RGB, colour_of, shades

# What dichromats see, in linear sRGB [Machado, Oliveira & Fernandes 2009, severity 1].
DICHROMACIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
JUST_NOTICEABLE = 0.02  # distance in OKLab, about


def oklab(linear: np.ndarray) -> np.ndarray:
    cones = np.linalg.solve(np.array(TO_RGB), linear.T)
    return np.linalg.solve(np.array(TO_CONES), np.cbrt(cones)).T


def linear(name: str, values: np.ndarray) -> np.ndarray:
    """Linear sRGB of values from -1 to 1."""
    encoded = np.array([colour_of(PALETTES[name], value) for value in values])
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("name", PALETTES)
def test_equal_steps_look_equal(name):
    colours = oklab(linear(name, np.linspace(-1, 1, 65)))
    steps = np.linalg.norm(np.diff(colours, axis=0), axis=1)
    assert steps.max() / steps.min() < 1.12


@pytest.mark.parametrize("name", PALETTES)
def test_anchors_are_colours_of_a_screen(name):
    lab = np.array(PALETTES[name]) @ np.array(TO_CONES).T
    rgb = lab**3 @ np.array(TO_RGB).T
    assert rgb.min() > -0.005 and rgb.max() < 1.0


@pytest.mark.parametrize("dichromacy", DICHROMACIES)
@pytest.mark.parametrize("name", PALETTES)
def test_dichromats_tell_signs_apart(name, dichromacy):
    magnitudes = np.linspace(0.125, 1, 8)
    seen = [
        oklab(np.clip(linear(name, sign * magnitudes) @ np.array(DICHROMACIES[dichromacy]).T, 0, 1)) for sign in (-1, 1)
    ]
    assert np.linalg.norm(seen[0] - seen[1], axis=1).min() > 3 * JUST_NOTICEABLE


@pytest.mark.parametrize("name", ["dusk", "dawn"])
def test_lightness_is_the_magnitude_whatever_the_sign(name):
    lightness = oklab(linear(name, np.linspace(-1, 1, 65)))[:, 0]
    np.testing.assert_allclose(lightness, lightness[::-1], atol=0.012)
    assert (np.diff(lightness[32:]) * np.sign(lightness[-1] - lightness[32]) > 0).all()


def test_lightness_alone_tells_the_value_of_the_ramp():
    assert (np.diff(oklab(linear("ramp", np.linspace(-1, 1, 65)))[:, 0]) > 0).all()


def test_table_holds_the_palette_around_its_middle():
    table = np.frombuffer(shades("dusk", 1.0), np.uint8).reshape(-1, 4)
    assert len(table) == 2 * SHADES + 1 and f"const SHADES = {SHADES};" in shader_text("fractal_canvas")
    for entry, value in [(0, -1.0), (SHADES - 256, -0.25), (SHADES, 0.0), (SHADES + 256, 0.25), (2 * SHADES, 1.0)]:
        expected = [round(255 * channel) for channel in colour_of(PALETTES["dusk"], value)]
        assert table[entry].tolist() == [*expected, 255]
