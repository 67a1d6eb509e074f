"""The examples of Z-space, in the page and natively: what each is there to show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.support.site import PROJECT
from tests.web.conftest import eventually, shortened

TRAINING_SECONDS = 240


def distances(text: str) -> dict[str, float]:
    """How far from the true curve each network of `bands` ends."""
    return {name.strip(): float(value) for name, value in re.findall(r"^ *([\w ]+): ([\d.]+) from", text, re.M)}


def recalled(text: str) -> dict[str, float]:
    """The accuracies of `memory`."""
    return {name: float(value) for name, value in re.findall(r"(\w+): test accuracy ([\d.]+)", text)}


def languages(text: str) -> tuple[float, float]:
    """The accuracies of `languages`: by waves, by words."""
    return tuple(float(value) for value in re.findall(r"([\d.]+) by (?:waves|a bag)", text))


def shows_the_pull_of_errors(text: str) -> bool:
    found = distances(text)
    others = (found["all bands"], found["Here damped"], found["Beneath damped"])
    return found["Above damped"] < 0.12 and min(others) > 0.25


def shows_memory(text: str) -> bool:
    found = recalled(text)
    return found["memory"] > 0.95 and found["frames"] < 0.9


def shows_content(text: str) -> bool:
    waves, words = languages(text)
    return waves > 0.8 and waves > words


def runs_every_snippet(text: str) -> bool:
    loss = float(re.search(r"epoch loss: ([\d.]+)", text)[1])
    parts = ("BlackCat saw a loss of 0.", "bands are lossless: True", "folded (1, 48)")
    return loss < 1e-3 and all(part in text for part in parts)


SHOWN = {
    "bands": shows_the_pull_of_errors,
    "memory": shows_memory,
    "languages": shows_content,
    "seed": runs_every_snippet,
}
PICTURES = {"bands": "fit", "memory": "answers-frames", "languages": "confusion"}


@pytest.mark.parametrize("name", SHOWN)
def test_on_the_cpu(name, tmp_path):
    """The picture is kept as `dist/<name>.png`; the copy beside the example and in the README is made from it."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT.package.parent)}
    ended = subprocess.run(
        [sys.executable, PROJECT.web / "examples" / f"{name}.py", "--device", "cpu"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=TRAINING_SECONDS,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert SHOWN[name](ended.stdout), ended.stdout
    if name in PICTURES:
        (picture,) = tmp_path.glob(f"runs/*/{PICTURES[name]}.png")
        PROJECT.dist.mkdir(exist_ok=True)
        shutil.copyfile(picture, PROJECT.dist / f"{name}.png")


def test_the_seed_in_the_page(bench):
    title = "The seed, snippet by snippet"
    bench.page.get_by_role("button", name=title).click()
    eventually(lambda: title in bench.code)
    bench.button("Run").click()
    bench.wait_for_end(TRAINING_SECONDS)
    assert runs_every_snippet(bench.output), bench.output


@pytest.mark.parametrize("name, epochs", [("bands", 40), ("languages", 8)])
def test_in_the_page(bench, name, epochs):
    bench.run(shortened(name, epochs=epochs), TRAINING_SECONDS)
    assert SHOWN[name](bench.output), bench.output


def test_memory_in_the_page(bench):
    bench.run(shortened("memory", epochs=3), TRAINING_SECONDS)
    assert shows_memory(bench.output), bench.output
    rows = bench.page.get_by_role("region", name="answers/frames").get_by_role("row").all()
    confused = [[int(cell) for cell in row.get_by_role("cell").all_text_contents()] for row in rows[1:]]
    told_apart = (confused[1][1] + confused[2][2]) / (sum(confused[1]) + sum(confused[2]))
    assert told_apart < 0.7  # a half by chance
