"""The examples that tune themselves, in the page: hyper-gradients beside a grid, BlackCat beside what was set.

Their pictures are kept as `dist/<name>.png`; the copies beside the examples and in the README are made from them, of
runs at the examples' full length.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from playwright.sync_api import Locator

from tests.support.pictures import indexed_png, read_png
from tests.support.site import PROJECT
from tests.web.conftest import Workbench, shortened

TRAINING_SECONDS = 240
COLOURS, MARGIN = 32, 10


def figure(bench: Workbench, tag: str) -> Locator:
    return bench.page.locator("figure", has=bench.page.get_by_role("heading", name=tag, exact=True))


def chart(bench: Workbench, tag: str) -> Locator:
    return bench.page.get_by_role("article", name=f"Chart of {tag}")


def keep_picture(name: str, *shown: Locator) -> bytes:
    """Curves of the page side by side, with their legends but no captions, as `dist/<name>.png`."""
    parts = [read_png(curves.screenshot())[..., :3] for curves in shown]
    captions = [curves.locator("figcaption") for curves in shown]
    parts = [
        part[: -round(caption.bounding_box()["height"])] if caption.count() else part
        for part, caption in zip(parts, captions, strict=True)
    ]
    height, width = max(map(len, parts)) + 2 * MARGIN, sum(part.shape[1] + 2 * MARGIN for part in parts)
    sheet, left = np.full((height, width, 3), parts[0][-1, -1], np.uint8), 0
    for part in parts:
        rows, columns, _ = part.shape
        sheet[MARGIN : MARGIN + rows, left + MARGIN : left + MARGIN + columns] = part
        left += columns + 2 * MARGIN
    data = indexed_png(sheet, COLOURS)
    PROJECT.dist.mkdir(exist_ok=True)
    (PROJECT.dist / f"{name}.png").write_bytes(data)
    return data


def test_hyper_gradients_beat_the_grid(bench):
    bench.run(shortened("hypergradient", lessons=9), TRAINING_SECONDS)
    losses = dict(re.findall(r"(hyper-gradients|grid search): loss ([\d.]+)", bench.output))
    assert float(losses["hyper-gradients"]) < float(losses["grid search"])
    tags = ("best loss", "learning rate", "weight decay")
    picture = keep_picture("hypergradient", *(chart(bench, tag) for tag in tags))
    assert len(picture) > 5_000


def test_blackcat_finds_launches_and_a_rate(bench):
    """Times are measured, and a busy machine can mislead a short training: one of three has to find what is fast."""
    for _ in range(3):
        bench.run(shortened("blackcat", epochs=5), TRAINING_SECONDS)
        told = bench.output
        accuracies = [float(value) for value in re.findall(r"test accuracy [\w ]+: ([\d.]+)", told)]
        assert accuracies[0] > accuracies[1] + 0.05
        regrets = [float(value) for value in re.findall(r"regret [\w ]+: (\d+) ms", told)]
        chosen = Counter()
        for way, count in re.findall(r"(\w+) \d+: [\d.]+ ms a step, chosen (\d+) times", told):
            chosen[way] += int(count)
        assert set(chosen) >= {"shared", "bitonic"}
        if regrets[0] < regrets[1] and chosen["bitonic"] < chosen.total() / 2:  # by chance
            break
    else:
        pytest.fail(f"BlackCat chose no better than chance: {told}")
    regret = figure(bench, "regret in ms")
    picture = keep_picture("blackcat", regret, chart(bench, "loss"), chart(bench, "learning rate"))
    assert len(picture) > 5_000
