"""The closed loop: choices are applied, rewards come one step later, winners become rules, training gets better."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web import nn, spiralk
from spiraltorch_web.blackcat import Knob, RewardWeights
from spiraltorch_web.errors import AnomalyError, ArgumentError
from spiraltorch_web.roundtable import Problem
from spiraltorch_web.roundtable.rewrite import learnt_rules
from spiraltorch_web.training import StepMetrics

TILES = {"tile": ["128", "256", "512"]}
SPEED = RewardWeights(time=1.0, memory=0.0, loss=0.0)
NO_KNOBS = st.ZMetaParams({})


def runtime(groups=TILES, zmeta=NO_KNOBS, feat_dim=1, mode=st.SoftBanditMode.TS, path=None, **options):
    return st.BlackCatRuntime(zmeta, st.ChoiceGroups(groups), feat_dim, mode, path, **options)


def race(cat, seconds, steps: int = 200, seed: int = 0) -> None:
    """Steps that take as long as ``seconds`` says of a choice, within a few percent."""
    random = Random(seed)
    for step in range(1, steps + 1):
        took = seconds(cat.choose([1.0])) * math.exp(random.gauss(0.0, 0.02))
        cat.post_step(StepMetrics(step, took, 1.0, 1 << 20))


@pytest.mark.parametrize("mode", st.SoftBanditMode)
def test_the_faster_alternative_is_found_and_written_down(mode, tmp_path):
    path, problem = tmp_path / "heur.kdsl", Problem("topk", 64, 4096, 16, "some gpu")
    path.write_text("mk: 2;\n")
    for _ in range(2):  # the second runtime finds the rule and does not double it
        cat = runtime(mode=mode, path=path, problem=problem, rewards=SPEED)
        race(cat, lambda choice: {"128": 2e-3, "256": 1e-3, "512": 1.5e-3}[choice["tile"]])
        assert cat.pulls["tile"]["256"] > 150 and sum(cat.pulls["tile"].values()) == 199
        (rule,) = learnt_rules(path.read_text())
        assert (rule.device, rule.field, rule.value) == ("some gpu", "tile", 256)
        assert rule.bucket == problem.bucket and rule.tally.convincing and 0 < rule.weight <= 8
    assert spiralk.parse(path.read_text()).evaluate(r=64, c=4096, k=16, device="some gpu").soft[0].value == 256


def test_a_rule_weighs_what_it_gains_whatever_time_counts_beside_the_loss(tmp_path):
    problem, rules = Problem("topk", 64, 4096, 16, "some gpu"), []
    for number, weights in enumerate((SPEED, RewardWeights(time=0.1, memory=0.0, loss=1.0))):
        path = tmp_path / f"{number}.kdsl"
        cat = runtime(path=path, problem=problem, rewards=weights)
        race(cat, lambda choice: {"128": 2e-3, "256": 1e-3, "512": 1.5e-3}[choice["tile"]])
        rules += learnt_rules(path.read_text())
    assert len(rules) == 2 and rules[0].value == rules[1].value == 256
    assert rules[0].weight == pytest.approx(rules[1].weight) and rules[0].tally == rules[1].tally


def test_without_a_problem_a_rule_holds_for_every_launch_of_this_device(tmp_path, device):
    path = tmp_path / "heur.kdsl"
    for _ in range(2):
        race(
            runtime({"merge": ["bitonic", "warp"]}, path=path, rewards=SPEED),
            lambda choice: 1e-3 if choice["merge"] == "warp" else 2e-3,
        )
    here = st.rankk.planner().current_caps().device_class
    (hint,) = spiralk.parse(path.read_text()).evaluate(r=1, c=7, k=3, device=here).soft
    assert (hint.field, hint.value) == ("mk", 2)


def test_equal_alternatives_teach_nothing(tmp_path):
    path = tmp_path / "heur.kdsl"
    race(runtime(path=path, rewards=SPEED), lambda choice: 1e-3)
    assert not path.exists()


def test_a_reward_is_known_with_the_next_loss():
    applied = []
    cat = runtime(apply=applied.append, rewards=RewardWeights(time=0.0, memory=0.0))
    assert [cat.choose([1.0])] == applied
    assert cat.post_step(StepMetrics(1, 0.1, 1.0, 0)) is None
    cat.choose([1.0])
    assert cat.post_step(StepMetrics(2, 0.1, 0.9, 0)) == pytest.approx(math.log(1 / 0.9), rel=0.01)
    assert sum(cat.pulls["tile"].values()) == 1


@pytest.mark.parametrize("mode", st.SoftBanditMode)
def test_launches_are_judged_by_time_alone(mode):
    """Losses that jump up and down by a factor of e say nothing about launches that differ by a fifth."""
    random, cat = Random(1), runtime(mode=mode)
    for step in range(1, 201):
        took = {"128": 1.2e-3, "256": 1e-3, "512": 1.2e-3}[cat.choose([1.0])["tile"]]
        cat.post_step(StepMetrics(step, took * math.exp(random.gauss(0, 0.02)), math.exp(random.gauss(0, 1)), 0))
    assert cat.pulls["tile"]["256"] > 150


def test_a_step_that_waited_for_a_compiler_teaches_nothing_about_launches():
    cat = runtime({**TILES, "order": ["same", "shuffled"]}, st.ZMetaParams({"x": Knob(0.1, 1.0, 0.5)}, patience=1))
    for step, loss in ((1, 1.0), (2, 0.5), (3, 0.25)):
        cat.choose([1.0])
        cat.post_step(StepMetrics(step, 10.0 if step == 1 else 0.1, loss, 0, recorded=step == 1))
    assert sum(cat.pulls["tile"].values()) == 1 and sum(cat.pulls["order"].values()) == 2


def test_own_rewards_are_learnt_at_once():
    cat = runtime({}, st.ZMetaParams({"x": Knob(0.1, 10.0, 1.0)}, patience=1))
    for _ in range(200):
        cat.update(-abs(math.log(cat.choose([1.0])["x"] / 3.0)))
    assert cat.search.best()["x"] == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (lambda: st.ChoiceGroups({"tile": ["128"]}), "'tile'.*at least two"),
        (lambda: st.ChoiceGroups({"tile": ["1", "1"]}), "twice"),
        (lambda: st.ChoiceGroups({"tile": [1, 2]}), "texts"),
        (lambda: st.ChoiceGroups(["tile"]), "dict"),
        (lambda: st.ChoiceGroups(TILES, costs=["way"]), r"groups \(tile\), got \['way'\]"),
        (lambda: st.ChoiceGroups(TILES, costs="tile"), "names of groups, got 'tile'"),
        (lambda: runtime(mode="TS"), "SoftBanditMode.*'TS'"),
        (lambda: runtime(feat_dim=0), "feat_dim.*0"),
        (lambda: runtime({"lr_scale": ["1", "2"]}, st.ZMetaParams()), "lr_scale"),
        (lambda: runtime().choose(None), "1 finite numbers, got None"),
        (lambda: runtime({}).choose([1.0, 2.0]), "1 finite numbers, got 2"),
        (lambda: runtime().post_step(StepMetrics(1, 0.1, 1.0, 0)), "choose"),
        (lambda: RewardWeights(time=-1.0), "time.*-1"),
    ],
)
def test_what_does_not_fit_is_named(act, named):
    with pytest.raises(ArgumentError, match=named):
        act()


def test_metrics_that_are_nan_lose_nothing():
    cat = runtime()
    cat.choose([1.0])
    for act in (lambda: cat.post_step(StepMetrics(1, 0.1, math.nan, 0)), lambda: cat.update(math.nan)):
        with pytest.raises(ArgumentError, match="nan"):
            act()
    cat.update(1.0)
    assert sum(cat.pulls["tile"].values()) == 1


def fit(cat, lr: float, epochs: int = 50) -> float:
    """The loss of a small network after 5 steps an epoch."""
    st.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2))
    x = st.randn(32, 4)
    y = st.stack([x[:, 0] * x[:, 1], (x[:, 2] - x[:, 3]).tanh()], 1)
    trainer = st.ModuleTrainer(None, -1.0, lr, 0.01)
    trainer.prepare(model)
    if cat is not None:
        trainer.with_blackcat(cat)
    schedule = trainer.roundtable(32, 2)
    for _ in range(epochs):
        stats = trainer.train_epoch(model, nn.MSELoss(), [(x, y)] * 5, schedule)
    return stats.average_loss


class TestTraining:
    """Along with ModuleTrainer."""

    def test_a_learning_rate_that_is_far_too_small_is_mended(self):
        cat = st.BlackCatRuntime()
        assert fit(cat, 0.01) < fit(None, 0.01) / 4
        assert cat.search.best()["lr_scale"] > 1.5 and cat.search.generation > 5
        assert cat.energy.above > 0 and 0 < cat.drift.mean < 1 and cat.drift.count == 250

    def test_knobs_reach_the_compiled_step(self, device):
        model = nn.Linear(2, 1, bias=False)
        x, y = st.ones(1, 2), st.full((1, 1), 100.0)
        knobs = {"lr_scale": Knob(2.0, 2.0001, 2.0), "clip": Knob(3.0, 3.0001, 3.0)}
        cat = st.BlackCatRuntime(st.ZMetaParams(knobs))
        trainer = st.ModuleTrainer(None, -1.0, 0.05).with_blackcat(cat)
        trainer.prepare(model)
        before = model.weight.detach().numpy()
        trainer.train_epoch(model, nn.MSELoss(), [(x, y)], trainer.roundtable(1, 1))
        # The gradient at the output is −200 or so; clipped to −3, both weights move by 2·0.05·3.
        np.testing.assert_allclose(model.weight.detach().numpy() - before, 0.3, rtol=1e-3)
        assert model.hypergrads()["weight"].lr == pytest.approx(0.1, rel=1e-3)

    def test_alternatives_reach_the_compiled_step(self, device):
        """Each is recorded once, with what `apply` has set by then, and chosen again without recording."""
        taken, traced = [], []

        class Scaled(nn.Linear):
            factor = "1"

            def forward(self, x):
                traced.append(self.factor)
                return super().forward(x) * float(self.factor)

        def act(choice):
            model.factor = choice["factor"]
            taken.append(choice["factor"])

        model = Scaled(2, 1, bias=False)
        with st.no_grad():
            model.weight.assign_(st.ones(1, 2))
        cat = st.BlackCatRuntime(NO_KNOBS, st.ChoiceGroups({"factor": ["1", "3"]}), apply=act)
        trainer = st.ModuleTrainer(None, -1.0, 0.0).with_blackcat(cat)
        trainer.prepare(model)
        losses = [
            trainer.train_epoch(model, nn.MSELoss(), [(st.ones(1, 2), st.zeros(1, 1))]).average_loss for _ in range(20)
        ]
        assert losses == pytest.approx([(2 * float(factor)) ** 2 for factor in taken])
        assert sorted(traced) == ["1", "3"]

    @pytest.mark.parametrize("device", ["webgpu"], indirect=True)
    def test_groups_with_the_names_of_fields_steer_the_launches(self, device):
        """Selections and transforms of the step are planned as chosen, everything else as usual."""

        class Selecting(nn.Linear):
            def forward(self, x):
                plans.append((st.plan_rank(st.RankKind.TOPK, 4, 256, 8), st.fft.SpiralKFftPlan.auto(4, 256)))
                spectrum = abs(st.fft.fft(x))
                return super().forward(x + spectrum).topk(8).values

        plans, usual = [], st.plan_rank(st.RankKind.TOPK, 4, 256, 8)
        groups = {"merge": ["bitonic", "shared"], "radix": ["2", "4"]}
        cat = st.BlackCatRuntime(NO_KNOBS, st.ChoiceGroups(groups))
        model, x = Selecting(256, 256), st.randn(4, 256)
        trainer = st.ModuleTrainer(None, -1.0, 1e-5).with_blackcat(cat)
        trainer.prepare(model)
        losses = [trainer.train_epoch(model, nn.MSELoss(), [(x, st.zeros(4, 8))]).average_loss for _ in range(12)]
        assert losses == sorted(losses, reverse=True)
        assert {(plan.choice.mk, transform.radix) for plan, transform in plans} == {(0, 2), (0, 4), (1, 2), (1, 4)}
        assert st.plan_rank(st.RankKind.TOPK, 4, 256, 8) == usual
        programs = trainer.programs(model, nn.MSELoss(), None).step.programs()
        assert len({program.kernels for program in programs}) == 4

    @pytest.mark.parametrize("device", ["webgpu"], indirect=True)
    def test_launches_are_as_usual_after_a_step_that_failed(self, device):
        class Failing(nn.Module):
            def forward(self, x):
                raise RuntimeError("no step")

        trainer = st.ModuleTrainer().with_blackcat(st.BlackCatRuntime(NO_KNOBS, st.ChoiceGroups(TILES)))
        usual = st.plan_rank(st.RankKind.TOPK, 4, 256, 8)
        with pytest.raises(RuntimeError, match="no step"):
            trainer.train_epoch(Failing(), nn.MSELoss(), [(st.ones(1, 2), st.ones(1, 1))])
        assert st.plan_rank(st.RankKind.TOPK, 4, 256, 8) == usual

    def test_nothing_is_recorded_anew(self, device):
        cat, counts, model = st.BlackCatRuntime(), [], nn.Linear(4, 2)
        trainer = st.ModuleTrainer().with_blackcat(cat)
        trainer.prepare(model)
        schedule = trainer.roundtable(8, 2)
        for _ in range(3):
            trainer.train_epoch(model, nn.MSELoss(), [(st.ones(8, 4), st.ones(8, 2))] * 4, schedule)
            counts.append(device.memory()["programs"])
        assert counts[1] == counts[2] and cat.search.ask() != cat.search.start()

    def test_a_step_that_fails_counts_against_its_knobs(self):
        cat, model = st.BlackCatRuntime(), nn.Linear(2, 1)
        trainer = st.ModuleTrainer().with_blackcat(cat)
        trainer.prepare(model)
        good, bad = ((st.full((1, 2), value), st.ones(1, 1)) for value in (1.0, math.nan))
        with pytest.raises(AnomalyError):
            trainer.train_epoch(model, nn.MSELoss(), [good, bad])
        assert cat.choose([0.0] * 8) == cat.search.start()

    def test_knobs_that_nobody_sets_are_refused(self):
        trainer = st.ModuleTrainer().with_blackcat(st.BlackCatRuntime(st.ZMetaParams({"momentum": Knob(0.1, 1, 0.5)})))
        with pytest.raises(ArgumentError, match="momentum.*apply="):
            trainer.train_epoch(nn.Linear(1, 1), nn.MSELoss(), [(st.ones(1, 1), st.ones(1, 1))])

    def test_the_loss_may_run_away_and_comes_back(self):
        # The start's rate is near the edge: what the search tries beyond it has to be taken back.
        assert fit(st.BlackCatRuntime(), 0.4, 40) < 0.1
