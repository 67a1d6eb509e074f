"""Pictures that the repository shows, made from the real thing in dist/; the copies in web/ are made from them."""

from __future__ import annotations

import base64
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.pictures import indexed_png, read_png
from tests.support.site import PROJECT, built_site

SOCIAL = (1200, 630)  # as sites that show a preview ask for
MOST_BYTES = 250_000


def gradients(folder: Path, *arguments: str) -> tuple[bytes, str]:
    """The picture that the fractal example saves, and what it prints."""
    # One thread: the matrices are small, and on a busy machine the others would only wait for each other.
    environment = {**os.environ, "PYTHONPATH": str(PROJECT.package.parent), "OPENBLAS_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, PROJECT.web / "examples" / "fractal.py", "--device", "cpu", *arguments],
        cwd=folder, env=environment,
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    (picture,) = folder.glob("runs/*/gradients.png")
    return picture.read_bytes(), ended.stdout


def kept(name: str, picture: np.ndarray, colours: int) -> bytes:
    """The picture as a small file in dist/."""
    data = indexed_png(picture, colours)
    PROJECT.dist.mkdir(exist_ok=True)
    (PROJECT.dist / name).write_bytes(data)
    return data


def test_gradients_of_a_training(tmp_path):
    data, told = gradients(tmp_path, "--steps", "500")
    assert float(re.search(r"loss ([\d.]+)", told)[1]) < 0.15  # 0.25 before
    picture = read_png(data)
    blue, orange = picture[..., 2] > picture[..., 0] + 40, picture[..., 0] > picture[..., 2] + 40
    assert picture.shape == (400, 400, 3) and min(blue.mean(), orange.mean()) > 0.1
    assert len(kept("fractal.png", picture, 64)) < 120_000


def test_social_preview(pages, tmp_path):
    art, _ = gradients(tmp_path, "--size", "630", "--steps", "300")
    markup = (PROJECT.root / "tests" / "web" / "social.html").read_text()
    markup = markup.replace("{art}", f"data:image/png;base64,{base64.b64encode(art).decode()}")
    markup = markup.replace("{icon}", (PROJECT.web / "icon.svg").read_text())
    page = pages(viewport={"width": SOCIAL[0], "height": SOCIAL[1]}, device_scale_factor=1)
    page.set_content(markup)
    page.wait_for_function("document.querySelector('.art').complete")
    expect(page.get_by_role("heading")).to_have_text("SpiralTorch")
    boxes = [page.locator(name).bounding_box() for name in (".name", ".claim", ".facts", ".caption")]
    assert all(above["y"] + above["height"] < below["y"] for above, below in itertools.pairwise(boxes))
    picture = read_png(page.screenshot())[..., :3]
    assert picture.shape == (*SOCIAL[::-1], 3)
    assert len(kept("social.png", picture, 128)) < MOST_BYTES


@pytest.mark.parametrize("name", ["social.png", "examples/fractal.png"])
def test_pictures_are_served(name):
    assert (built_site("site") / name).read_bytes() == (PROJECT.web / name).read_bytes()


def test_the_page_names_its_preview():
    markup = (built_site("site") / "index.html").read_text()
    facts = dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[\w:]+)" content="([^"]*)">', markup))
    assert facts["og:image"] == "social.png" and facts["twitter:card"] == "summary_large_image"
    assert (facts["og:image:width"], facts["og:image:height"]) == tuple(map(str, SOCIAL))
    assert facts["og:title"] == "SpiralTorch" and facts["og:description"] and facts["og:image:alt"]
