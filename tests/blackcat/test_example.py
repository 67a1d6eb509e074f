"""The example in a terminal: the better alternatives and a better rate are found, on every device."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys

import pytest

from tests.support.site import PROJECT


@pytest.mark.parametrize("device", ["cpu", "webgpu"])
def test_blackcat_beats_what_was_set(device, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT.package.parent)}
    ended = subprocess.run(
        [sys.executable, PROJECT.web / "examples" / "blackcat.py", "--device", device],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    told = ended.stdout
    learnt, fixed = (float(value) for value in re.findall(r"test accuracy [\w ]+: ([\d.]+)", told))
    lost, by_chance = (float(value) for value in re.findall(r"regret [\w ]+: (\d+) ms", told))
    assert learnt > fixed + 0.05
    chosen = dict(re.findall(r"([\w ]+): [\d.]+ ms a step, chosen (\d+) times", told))
    if device == "cpu":  # where a busy machine may hide what little one way gains on another
        assert "launches no kernels" in told and len(chosen) == 3
    else:  # where sorting whole rows takes several times as long
        assert lost < by_chance / 2
        sorting = sum(int(count) for way, count in chosen.items() if "bitonic" in way)
        assert 0 < sorting < sum(map(int, chosen.values())) / 4
    assert {"scalars.csv", "regret-in-ms.png"} <= {path.name for path in tmp_path.glob("runs/*/*")}


def test_equal_seeds_choose_equal_rates(tmp_path):
    """Rates are judged by the loss alone, so they do not depend on the machine's mood, as launches do."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT.package.parent)}
    curves = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        subprocess.run(
            [sys.executable, PROJECT.web / "examples" / "blackcat.py", "--device", "cpu", "--epochs", "3"],
            cwd=folder, env=environment, capture_output=True, check=True, timeout=240,
        )  # fmt: skip
        (scalars,) = folder.glob("runs/*/scalars.csv")
        curves.append(list(csv.DictReader(scalars.read_text().splitlines())))
    first, second = ([row["learning rate/BlackCat"] for row in rows] for rows in curves)
    assert first and first == second
    losses = [[float(row["loss/BlackCat"]) for row in rows] for rows in curves]
    # The CPU device's sums may differ in the last digit, by how arrays lie in memory.
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
