"""Plans that trials have taught are followed, and what rules and tables say about transforms counts."""

from __future__ import annotations

import json

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web.errors import ArgumentError, NoDeviceError
from spiraltorch_web.fft.chosen import plans
from spiraltorch_web.fft.family import FftFamily, plan_of, problem_of
from spiraltorch_web.rankk.planner import planner
from spiraltorch_web.roundtable import current
from spiraltorch_web.runtime.session import session
from spiraltorch_web.tuning import DeviceCaps, TunerTable
from tests.support.adapters import note_adapter
from tests.support.sessions import opened

ROWS, COLS = 64, 256
# Two points at a time, one line a workgroup: the slowest way there is.
SLOW = {"radix": 2, "tile_cols": 16, "segments": 1}
# Trials on a busy machine may leave it open which is faster; each lesson adds to those before it.
LESSONS = 5
EVERYWHERE = {"rows": 1, "cols_min": 1, "cols_max": 1 << 24, "k_max": 1 << 24}


@pytest.fixture
def on(tmp_path, monkeypatch, request):
    """Factory: work on a device, with rules and a transcript of the test, and no plans from before."""
    monkeypatch.setenv("SPIRAL_HEUR_FILE", str(tmp_path / "heur.kdsl"))
    monkeypatch.setenv("SPIRAL_LOG_FILE", str(tmp_path / "roundtable.log"))

    def use(name):
        device = opened(name)
        if name != "cpu":
            note_adapter(request.node, f"{device.info.adapter} ({device.info.backend})")
        session().use_device(device)
        planner().forget()
        plans().forget()

    yield use
    use("cpu")


def agrees_with_numpy() -> bool:
    signal = np.random.default_rng(0).standard_normal((ROWS, COLS)).astype(np.float32)
    # A transform of 256 points sums 256 terms of size 1 in 8 levels of float32 roundings.
    return np.abs(st.fft.fft(st.tensor(signal)).numpy() - np.fft.fft(signal)).max() < 1e-4


def test_a_slow_plan_of_the_table_is_unlearnt(on):
    on("webgpu")
    planner().use_table(json.dumps([{**EVERYWHERE, **SLOW}]))
    slow = st.fft.SpiralKFftPlan(**SLOW)
    assert plans().plan_for(ROWS, COLS) == slow, "a table that says something is followed"
    learnt = slow
    for _ in range(LESSONS):
        if learnt == slow:
            learnt = st.fft.learn(ROWS, COLS)
    assert learnt != slow
    assert {rule.field for rule in current().learnt()} <= set(SLOW)
    plans().forget()
    assert plans().plan_for(ROWS, COLS) == learnt
    assert agrees_with_numpy()
    current().undo()
    plans().forget()
    assert plans().plan_for(ROWS, COLS) == slow


def test_hard_rules_and_silence(on, monkeypatch):
    on("webgpu")
    assert plans().plan_for(ROWS, COLS) is None, "without rules the lowering chooses"
    assert not current().transcript.read().records
    monkeypatch.setenv("SPIRAL_HEUR_K", "radix: 4; segments: 2;")
    plans().forget()
    found = plans().plan_for(ROWS, COLS)
    assert (found.radix, found.segments) == (4, 2)
    assert agrees_with_numpy()
    (record,) = current().transcript.read().records
    assert (record["kind"], record["winner"]) == ("fft", "B")


def test_learning_is_for_devices_that_run_kernels(on):
    on("cpu")
    with pytest.raises(NoDeviceError, match="NumPy"):
        st.fft.learn(ROWS, COLS)
    with pytest.raises(ArgumentError, match="at least one"):
        st.fft.learn(0, 4)
    assert agrees_with_numpy()


@pytest.mark.parametrize("caps", [DeviceCaps.wgpu(32, True, 256), DeviceCaps.wgpu(8, False, 1024)])
@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (7, 1000), (4096, 64), (1, 1 << 20)])
def test_every_problem_has_distinct_candidates_and_the_automatic_one_is_first(caps, rows, cols):
    family, problem = FftFamily(caps, TunerTable()), problem_of(rows, cols, caps)
    candidates = family.candidates(problem)
    assert candidates[0] == family.automatic(problem) == family.table_choice(problem)
    assert len(set(candidates)) == len(candidates) >= 1
    for choice in candidates:
        assert family.repair(problem, choice) == (choice, ())
        assert plan_of(choice).modules(rows, cols, caps.limits)
        assert family.predict(problem, choice).seconds > 0
