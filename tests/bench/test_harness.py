"""The benchmarks' own machinery: what it times, prints and refuses. No figure of speed is asserted anywhere."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spiraltorch_web.runtime.session import session
from tests.bench import canvas
from tests.bench.browser import BrowserFailure, run_page
from tests.bench.mlp import problem, relative_error
from tests.bench.page import _check_losses
from tests.bench.report import Report, Row
from tests.bench.spiral_step import SpiralStep, use
from tests.bench.timing import Runner, Timing, interleaved


def test_runners_take_turns():
    turns = []
    runners = [Runner(name, lambda steps, name=name: turns.append((name, steps)) or 0.0) for name in "ab"]
    timings = interleaved(runners, rounds=3, seconds=1e-6)
    assert [name for name, _ in turns[-6:]] == ["a", "b"] * 3
    assert [timing.name for timing in timings] == ["a", "b"]
    assert all(timing.rounds == 3 and timing.seconds > 0 for timing in timings)


def test_timing_is_the_median_with_quartiles():
    timing = Timing.of("x", [1.0, 2.0, 3.0, 4.0, 100.0], steps=7)
    assert (timing.seconds, timing.low, timing.high, timing.spread) == (3.0, 2.0, 4.0, 1.0)
    assert Timing.of("once", [2.0], steps=1).spread == 0.0


def test_table_and_file_hold_every_row(tmp_path):
    report = Report()
    report.adapters["native"] = "a card"
    report.add([Row("step", "case", "ours", 1.5e-4, "s", spread=1e-6, ratio=1.0, goal="≤ 200 µs")])
    report.add([Row("step", "case", "dispatches", 14, "")])
    report.remark("nothing else")
    table = str(report)
    assert "150 µs" in table and "14" in table and "a card" in table and "note: nothing else" in table
    report.write(tmp_path / "deep" / "bench.json")
    document = json.loads((tmp_path / "deep" / "bench.json").read_text())
    assert [row["value"] for row in document["rows"]] == [1.5e-4, 14]
    assert document["date"] and document["versions"]["python"]


def test_relative_error_is_over_all_arrays():
    expected = [np.array([3.0]), np.array([4.0])]
    assert relative_error(expected, expected) == 0.0
    assert relative_error([np.array([3.0]), np.array([4.5])], expected) == pytest.approx(0.1)


def test_same_problem_for_the_same_seed():
    first, second = problem(4), problem(4)
    assert np.array_equal(first.images, second.images)
    assert {name: values.shape for name, values in first.parameters.items()} == {
        "0.weight": (512, 784), "0.bias": (512,), "2.weight": (256, 512), "2.bias": (256,),
        "4.weight": (10, 256), "4.bias": (10,),
    }  # fmt: skip
    assert np.array_equal(first.parameters["4.weight"], second.parameters["4.weight"])


def test_our_contender_learns_the_same_compiled_and_eager(monkeypatch):
    monkeypatch.setattr(session(), "_device", None)  # other tests get their device back
    use("cpu")
    given = problem(4)
    compiled, eager = SpiralStep(given).losses(3), SpiralStep(given, compiled=False).losses(3)
    np.testing.assert_allclose(compiled, eager, rtol=1e-6)
    assert compiled[-1] < compiled[0]


def test_a_contender_that_does_other_work_is_refused():
    results = {"spiraltorch": {"lossAfterThreeSteps": 1.7}, "jax": {"lossAfterThreeSteps": 2.3}}
    with pytest.raises(BrowserFailure, match="not the same work"):
        _check_losses(results)


def test_a_site_without_benchmarks_is_named(tmp_path):
    with pytest.raises(BrowserFailure, match="build.py bench"):
        run_page(tmp_path, tmp_path / "chromium", (), {}, timeout=1.0)


def test_rows_of_the_canvas_tell_what_it_costs():
    parts = {"nothing": {"queue": 0.2}, "square": {"queue": 0.2}, "canvas": {"queue": 0.3, "JavaScript": 0.02}}
    runs = [
        {
            "beside": beside,
            "steps": steps,
            "queued": 1.9,
            "seconds": 2.0,
            "paintings": 114 * (beside == "canvas"),
            "frames": 59.5 * (beside == "square"),
            "shape": [4, 4],
            "parts": parts[beside],
        }
        for beside, steps in (("nothing", 1000), ("square", 980), ("canvas", 950)) * 2
    ]
    found = canvas.rows({"runs": runs, "batch": 64, "sizes": [9, 4, 4]}, software=False)
    assert {row.what: round(row.value, 6) for row in found} == {
        "step": 0.002, "step, painting": 0.002105, "steps lost to a plain square": 0.02, "steps lost": 0.05,
        "frames per second of the square": 59.5, "paintings per second": 60.0,
        "lost for a painting": 0.000877,
    }  # fmt: skip
    assert found[-1].note == "ms of a second: JavaScript 10, queue 150 (without 100)"
