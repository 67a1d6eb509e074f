"""ZMeta: it finds what it is told about, stays in range, and survives failures."""

from __future__ import annotations

import math
from random import Random

import pytest

from spiraltorch_web.blackcat import Knob, ZMeta, ZMetaParams
from spiraltorch_web.errors import ArgumentError

KNOBS = {"lr": Knob(1e-5, 1.0, 1e-4), "momentum": Knob(0.0, 0.99, 0.5, log=False)}


def distance(values: dict[str, float]) -> float:
    return (math.log10(values["lr"] / 3e-2) / 5) ** 2 + (values["momentum"] - 0.9) ** 2


@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_best_values_in_spite_of_noise_and_failures(seed):
    search, random = ZMeta(ZMetaParams(KNOBS), seed), Random(seed)
    asked = set()
    for _ in range(400):
        values = search.ask()
        assert all(KNOBS[name].low <= value <= KNOBS[name].high for name, value in values.items())
        asked.add(tuple(values.values()))
        failed = values["lr"] > 0.5
        search.tell(-math.inf if failed else -distance(values) + random.gauss(0.0, 0.003))
    assert len(asked) > 300 and search.generation == 400 // 6
    assert distance(search.best()) < 0.01 < distance(search.start())


def test_a_proposal_stands_until_it_was_told_about():
    search = ZMeta(ZMetaParams(KNOBS))
    first = search.ask()
    assert search.ask() == first == ZMeta(ZMetaParams(KNOBS)).ask()
    search.tell(1.0)
    assert search.ask() != first


def test_a_retreat_goes_halfway_back():
    search = ZMeta(ZMetaParams({"x": Knob(0.0, 1.0, 0.5, log=False)}))
    while search.best()["x"] < 0.9:
        search.tell(search.ask()["x"])
    before = search.best()["x"]
    search.retreat()
    assert search.best()["x"] == pytest.approx((before + 0.5) / 2)


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (lambda: Knob(0.0, 1.0, 0.5), "0 < low"),
        (lambda: Knob(1.0, 1.0, 1.0), "low < high"),
        (lambda: Knob(0.1, 1.0, 2.0), "start between"),
        (lambda: Knob(0.1, math.inf, 2.0), "finite"),
        (lambda: ZMetaParams({"lr": 0.1}), "Knob"),
        (lambda: ZMetaParams(sigma=0.0), "sigma"),
        (lambda: ZMetaParams(population=1), "population.*≥ 2"),
        (lambda: ZMetaParams(patience=0), "patience.*≥ 1"),
        (lambda: ZMeta(ZMetaParams()).tell(1.0), "ask first"),
    ],
)
def test_what_does_not_fit_is_named(act, named):
    with pytest.raises(ArgumentError, match=named):
        act()


def test_a_reward_that_is_nan_loses_nothing():
    search = ZMeta(ZMetaParams(KNOBS))
    first = search.ask()
    with pytest.raises(ArgumentError, match="nan"):
        search.tell(math.nan)
    assert search.ask() == first
