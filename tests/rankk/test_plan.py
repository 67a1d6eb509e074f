"""Plans: what they say, when they are decided anew, whose they are, and how they print as SpiralK."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import spiraltorch_web as st
from spiraltorch_web import roundtable
from spiraltorch_web.errors import ArgumentError, DeviceError, SpiralKError
from spiraltorch_web.kernels.rankk import legal_choices, repair
from spiraltorch_web.kernels.rankk.choice import FIELDS, Choice, Merge, RankKind
from spiraltorch_web.kernels.rankk.problem import RankProblem
from spiraltorch_web.rankk import (
    CpuExecutor,
    RankKExecutor,
    WebGpuExecutor,
    execute_rank,
    parse_unison_script,
    plan_rank,
    planner,
)
from spiraltorch_web.rankk.alternatives import alternatives, measured
from spiraltorch_web.runtime.session import session
from spiraltorch_web.tuning import Cell, DeviceCaps, Provenance, TunerTable
from spiraltorch_web.tuning import measure as measuring
from tests.support.sessions import cpu_unless_asked, device, opened  # noqa: F401  fixtures

CAPS = DeviceCaps.wgpu(32, True, 256)
SIZES = (8, 65536, 1024)


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """No plans, rules or tables from elsewhere."""
    monkeypatch.setattr(session(), "planner", None)
    monkeypatch.setattr(session(), "roundtable", None)
    monkeypatch.setenv("SPIRAL_HEUR_FILE", str(tmp_path / "heur.kdsl"))
    monkeypatch.setenv("SPIRAL_LOG_FILE", str(tmp_path / "roundtable.log"))


def decisions() -> int:
    return len(roundtable.current().transcript.read().records)


def test_the_seeds_python_example_runs_as_it_is():
    plan = st.plan_topk(rows=8, cols=65_536, k=1_024, device="auto")
    assert isinstance(plan["choice"], Choice)
    assert dict(plan)["k"] == 1024 and plan["predicted"] > 0 and plan["reasons"]
    with pytest.raises(KeyError, match="'tile'"):
        plan["tile"]


def test_the_seeds_entry_point_plans_and_executes(device):  # noqa: F811
    plan = plan_rank(RankKind.TOPK, 4, 100, 3, DeviceCaps.probe())
    x = np.random.default_rng(0).standard_normal((4, 100)).astype(np.float32)
    executor: RankKExecutor = WebGpuExecutor() if device.info.name == "webgpu" else CpuExecutor()
    values, indices = execute_rank(executor, plan, x)
    assert indices.tolist() == np.argsort(-x, 1, kind="stable")[:, :3].tolist()
    assert values.tolist() == plan.execute(st.tensor(x))[0].tolist()


def test_a_plan_is_decided_once():
    first = plan_rank(RankKind.MIDK, *SIZES, CAPS)
    count = decisions()
    assert plan_rank(RankKind.MIDK, *SIZES, DeviceCaps.wgpu(32, True, 256)) is first
    assert decisions() == count
    assert plan_rank(RankKind.TOPK, *SIZES, CAPS) is not first
    planner().forget()
    assert plan_rank(RankKind.MIDK, *SIZES, CAPS) == first


@pytest.mark.parametrize("kind", RankKind)
@pytest.mark.parametrize("make", [DeviceCaps.wgpu, DeviceCaps.cuda, DeviceCaps.hip, DeviceCaps.mps, DeviceCaps.cpu])
def test_plans_hold_what_their_device_can_run(kind, make):
    caps = make()
    for sizes in ((1, 1, 1), (100_000, 5, 5), (3, 1 << 20, 1 << 10), (64, 4097, 4097)):
        plan = plan_rank(kind, *sizes, caps)
        assert repair(plan.choice, kind, *sizes, caps.limits) == (plan.choice, ())


def test_changed_rules_are_noticed(monkeypatch):
    assert plan_rank(RankKind.TOPK, *SIZES, CAPS).winner != "B"
    monkeypatch.setenv("SPIRAL_HEUR_K", "mk: 0;")
    monkeypatch.setattr(planner(), "_checked", float("-inf"))  # a second later
    plan = plan_rank(RankKind.TOPK, *SIZES, CAPS)
    assert (plan.winner, plan.choice.mk) == ("B", 0)


def test_a_choice_that_cannot_run_is_repaired_and_the_repair_is_told(monkeypatch):
    monkeypatch.setenv("SPIRAL_HEUR_K", "wg: 1024; mk: 2; use_2ce: 1;")
    plan = plan_rank(RankKind.TOPK, *SIZES, CAPS.with_subgroup(False).with_max_workgroup(64))
    assert plan.choice.wg <= 64 and plan.choice.mk != 2
    assert plan.repairs and any("wg" in told for told in plan.repairs)


def test_a_given_table_decides_where_it_says_so(monkeypatch):
    monkeypatch.setenv("SPIRAL_HEUR_GEN_WEIGHT", "50")
    choice = next(c for c in legal_choices(RankKind.TOPK, 64, 1000, 10, CAPS.limits) if c.mk == 0)
    fields = {name: int(getattr(choice, name)) for name in ("mk", "mkd", "tile", "ctile", "wg", "kl", "ch")}
    record = {"rows": 1, "cols_min": 1, "cols_max": 4096, "k_max": 64, **fields}
    made = Provenance("a card", "1", "Vulkan", "2026-11-22", "0.1.0", (CAPS.device_class,), 1e12, 2e-6)
    loaded = planner().use_table(TunerTable([record], (), made).to_json(), CAPS, "mine")
    assert (loaded.source, loaded.note) == ("mine", "")
    plan = plan_rank(RankKind.TOPK, 64, 1000, 10, CAPS)
    assert (plan.winner, plan.choice.mk) == ("C", 0)
    assert "table: mine" in plan.reasons
    other = planner().use_table(TunerTable([record], (), replace(made, device_classes=("x",))).to_json(), CAPS)
    assert other.source == "built-in" and "for x" in other.note
    assert any("for x" in reason for reason in plan_rank(RankKind.TOPK, 64, 1000, 10, CAPS).reasons)


@pytest.mark.parametrize(("merge", "sizes"), [(Merge.WARP, (1000, 64, 4)), (Merge.SWEEP, (4096, 16384, 16))])
def test_subgroups_and_sweeps_are_planned_only_where_a_table_vouches_for_them(merge, sizes):
    vouched = next(choice for choice in legal_choices(RankKind.TOPK, *sizes, CAPS.limits) if choice.mk == merge)
    assert plan_rank(RankKind.TOPK, *sizes, CAPS).choice.mk != merge
    made = Provenance("a card", "1", "Vulkan", "2026-11-22", "0.1.0", (CAPS.device_class,), 1e12, 2e-6)
    cell = Cell(RankProblem(RankKind.TOPK, *sizes), MappingProxyType({vouched: 0.001}))
    planner().use_table(TunerTable((), [cell], made).to_json(), CAPS)
    assert plan_rank(RankKind.TOPK, *sizes, CAPS).choice.mk == merge


@pytest.mark.parametrize(("rows", "cols", "k"), [(0, 5, 1), (5, 0, 1), (5, 5, 0), (5, 5, 6), (-1, 5, 1)])
def test_problems_that_are_none_are_refused(rows, cols, k):
    with pytest.raises(ArgumentError, match="must be from 1 to cols|needs rows"):
        plan_rank(RankKind.TOPK, rows, cols, k, CAPS)


def test_executors_and_plans_refuse_what_does_not_fit():
    session().use_device(opened("cpu"))
    plan = plan_rank(RankKind.TOPK, 2, 10, 3)
    with pytest.raises(ArgumentError, match=r"\(2, 10\), got one of \(3, 10\)"):
        execute_rank(CpuExecutor(), plan, st.ones(3, 10))
    with pytest.raises(DeviceError, match="runs on webgpu, the current device is cpu"):
        execute_rank(WebGpuExecutor(), plan, st.ones(2, 10))
    with pytest.raises(ArgumentError, match="'tpu'"):
        st.plan_topk(rows=1, cols=2, k=1, device="tpu")


choices = some.builds(
    Choice, **{name: some.sampled_from(field.domain) if name != "use_2ce" else some.booleans()
               for name, field in FIELDS.items()}
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(choices, some.sampled_from(RankKind))
def test_a_script_reproduces_its_choice(choice, kind):
    script = choice.to_unison_script(kind)
    assert parse_unison_script(script, kind) == choice
    assert st.spiralk.parse(script).check() == []


def test_a_script_as_the_users_rules_reproduces_the_plan(monkeypatch):
    choice = legal_choices(RankKind.BOTTOMK, *SIZES, CAPS.limits)[-1]
    monkeypatch.setenv("SPIRAL_HEUR_K", choice.to_unison_script(RankKind.BOTTOMK))
    plan = plan_rank(RankKind.BOTTOMK, *SIZES, CAPS)
    assert (plan.winner, plan.choice, plan.repairs) == ("B", choice, ())


def test_scripts_with_conditions_ask_for_the_facts():
    text = "mk: sel(sg && k <= 128, 2, 1); wg: sel(kind == 1, 64, 256);"
    assert parse_unison_script(text, RankKind.MIDK, k=100, c=200, sg=True) == Choice(mk=2, wg=64)
    assert parse_unison_script(text, RankKind.TOPK, k=500, c=900) == Choice(mk=1, wg=256)


def test_scripts_that_are_none_are_refused():
    with pytest.raises(SpiralKError, match="line 1"):
        parse_unison_script("mk 2", RankKind.TOPK)
    with pytest.raises(ArgumentError, match="wg is 100; it is one of 8"):
        parse_unison_script("wg: 100;", RankKind.TOPK)


def test_alternatives_hold_the_plan_and_are_measured_in_place(device, monkeypatch):  # noqa: F811
    plan = plan_rank(RankKind.TOPK, 4, 200, 5)
    found = alternatives(plan)
    assert [one.predicted for one in found] == sorted(one.predicted for one in found)
    assert [one.choice for one in found if one.planned] == [plan.choice]
    if device.info.name == "cpu":
        with pytest.raises(DeviceError, match="no launches to compare"):
            list(measured(plan, found))
    else:
        times = list(measured(plan, found[:2], rounds=2))
        assert all(one.measured > 0 for one in times)
        monkeypatch.setattr(measuring, "wrong_rows", lambda kind, x, values, indices: 2)
        (wrong,) = measured(plan, found[:1])
        assert (wrong.wrong_rows, wrong.measured) == (2, None)
    other = plan_rank(RankKind.TOPK, 4, 200, 5, CAPS)
    with pytest.raises(DeviceError, match="not the current device"):
        list(measured(other, alternatives(other)))
