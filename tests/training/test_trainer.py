"""`ModuleTrainer`: the seed's example, honest books, band weights that change training, faults that change nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web import data, nn
from spiraltorch_web.device.select import open_device
from spiraltorch_web.errors import AnomalyError, ArgumentError, DeviceLostError
from spiraltorch_web.runtime.session import session
from spiraltorch_web.training import ModuleTrainer, StepMetrics
from spiraltorch_web.zspace import LanguageWaveEncoder, OpenCartesianTopos, PoincareBall, RoundtableConfig
from tests.support.adapters import note_adapter
from tests.support.sessions import opened


def seed_model() -> nn.Sequential:
    model = nn.Sequential()
    model.push(nn.Linear("encoder", 4, 3))
    model.push(nn.Relu())
    model.push(nn.Linear("head", 3, 2))
    return model


def batches(count: int, rows: int = 4, seed: int = 0) -> list[tuple[st.Tensor, st.Tensor]]:
    random = np.random.default_rng(seed)
    x = random.standard_normal((count, rows, 4)).astype(np.float32)
    return [(st.tensor(part), st.tensor(np.tanh(part[:, :2] + part[:, 2:]))) for part in x]


def smooth_model() -> nn.Sequential:
    st.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))


def values(model: nn.Module) -> np.ndarray:
    return np.concatenate([np.ravel(parameter.tolist()) for parameter in model.parameters()])


def prepared(model: nn.Module, lr: float = 0.1) -> ModuleTrainer:
    trainer = ModuleTrainer(None, -1.0, lr, 0.01)
    trainer.prepare(model)
    return trainer


class TestTheSeedsExample:
    """Linear–Relu–Linear, 200 epochs at 0.05; tiny networks of ReLU can die."""

    def losses(self, seeds: range, split: bool = False) -> list[float]:
        """The last average loss per seed. The layers draw new values, so that one recording serves all."""
        model, found = seed_model(), []
        pairs = [
            (st.Tensor(1, 4, [0.1, -0.2, 0.3, -0.4]), st.Tensor(1, 2, [0.0, 1.0])),
            (st.Tensor(1, 4, [0.2, 0.1, -0.3, 0.5]), st.Tensor(1, 2, [1.0, 0.0])),
        ]
        trainer = prepared(model, 0.05)
        schedule = trainer.roundtable(1, 2, RoundtableConfig()) if split else None
        loss = nn.MeanSquaredError()
        for seed in seeds:
            st.manual_seed(seed)
            model[0].reset_parameters()
            model[2].reset_parameters()
            for _ in range(200):
                stats = trainer.train_epoch(model, loss, pairs, schedule)
            found.append(stats.average_loss)
        return found

    def test_seed_0(self):
        assert self.losses(range(1), split=True)[0] < 1e-3

    def test_most_of_a_hundred_seeds(self):
        # A roundtable without weights changes no bit of the training, see TestBandWeights.
        assert sum(loss < 1e-3 for loss in self.losses(range(100))) >= 80


class TestBooks:
    """What an epoch reports is what happened."""

    def test_losses_are_those_of_the_steps(self, device):
        model, reference = smooth_model(), smooth_model()
        trainer, pairs, loss = prepared(model), batches(5), nn.MSELoss()
        reference.attach_hypergrad(-1.0, 0.1)
        expected = []
        for x, y in pairs:
            value = loss(reference(x), y)
            value.backward()
            reference.apply_step()
            expected.append(value.item())
        stats = trainer.train_epoch(model, loss, pairs)
        assert stats.batches == 5 and stats.energy is None
        assert stats.total_loss == pytest.approx(sum(expected), rel=1e-5)
        assert stats.average_loss == pytest.approx(sum(expected) / 5, rel=1e-5)
        np.testing.assert_allclose(values(model), values(reference), rtol=1e-5, atol=1e-6)

    def test_energy_is_the_mean_over_the_steps(self, device):
        model = smooth_model()
        trainer, pairs = prepared(model, 0.0), batches(3)
        schedule = trainer.roundtable(4, 2, RoundtableConfig(2, 0.5, 3))
        gradients = [nn.MSELoss().backward(model(x).detach(), y) for x, y in pairs]
        bands = [schedule.split(gradient).energy() for gradient in gradients]
        stats = trainer.train_epoch(model, nn.MSELoss(), pairs, schedule)
        for place in range(3):
            mean = sum(float(energy[place]) for energy in bands) / 3
            assert stats.energy[place] == pytest.approx(mean, rel=1e-5)
        assert 0 < stats.energy.drift < 1

    def test_a_loader_with_a_small_last_batch(self):
        model = smooth_model()
        x = st.cat([pair[0] for pair in batches(5)])
        y = st.cat([pair[1] for pair in batches(5)])
        trainer = prepared(model)
        loader = data.DataLoader(data.TensorDataset(x, y), batch_size=8, shuffle=True, seed=0)
        schedule = trainer.roundtable(8, 2)
        first, *_, last = (trainer.train_epoch(model, nn.MSELoss(), loader, schedule) for _ in range(30))
        assert first.batches == 3 and last.average_loss < 0.3 * first.average_loss

    def test_a_step_is_recorded_once_and_an_epoch_is_read_once(self, monkeypatch):
        class Counting(nn.Module):
            def __init__(self):
                self.inner, self.calls = smooth_model(), 0

            def forward(self, x):
                self.calls += 1
                return self.inner(x)

        model, reads = Counting(), []
        trainer, pairs = prepared(model), batches(6)
        schedule = trainer.roundtable(4, 2)
        device = session().device
        read = device.read
        monkeypatch.setattr(device, "read", lambda requests: reads.append(len(requests)) or read(requests))
        for _ in range(3):
            trainer.train_epoch(model, nn.MSELoss(), pairs, schedule)
        assert model.calls == 1
        assert len(reads) == 3

    def test_the_awaited_form_is_the_same(self):
        from tests.support.waiting import finish

        models = [smooth_model(), smooth_model()]
        stats = prepared(models[0]).train_epoch(models[0], nn.MSELoss(), batches(3))
        same = finish(prepared(models[1]).train_epoch_async(models[1], nn.MSELoss(), batches(3)))
        assert same == stats


class TestBandWeights:
    """The split of the loss's gradient at the output, and what scaling its bands does."""

    def test_weights_of_one_change_no_bit(self):
        found = []
        for weights, split in ((None, False), (None, True), ((1, 1, 1), True), (lambda energy: (1.0, 1, 1), True)):
            model = smooth_model()
            trainer = prepared(model)
            trainer.set_band_weights(weights)
            schedule = trainer.roundtable(4, 2) if split else None
            for _ in range(5):
                trainer.train_epoch(model, nn.MSELoss(), batches(4), schedule)
            found.append(values(model).tobytes())
        assert len(set(found)) == 1

    def test_weights_of_one_run_the_same_programs(self, device):
        programs = []
        for weights, split in ((None, False), (None, True), ((1, 1, 1), True), ((0.5, 1, 1), True)):
            model, loss = smooth_model(), nn.MSELoss()
            trainer = prepared(model)
            trainer.set_band_weights(weights)
            schedule = trainer.roundtable(4, 2) if split else None
            trainer.train_epoch(model, loss, batches(1), schedule)
            programs.append(str(trainer.programs(model, loss, schedule).step.programs()[0]))
        assert programs[0] == programs[1] == programs[2] != programs[3]

    @pytest.mark.parametrize("weights", [(0.0, 1.0, 1.0), (1.0, 0.5, 2.0)])
    def test_weights_scale_the_gradient_at_the_output(self, device, weights):
        model, reference = smooth_model(), smooth_model()
        trainer = prepared(model)
        schedule = trainer.roundtable(4, 2)
        ((x, y),) = batches(1)
        output = reference(x)
        gradient = nn.MSELoss().backward(output.detach(), y)
        output.backward(schedule.split(gradient).scale(*weights).combine())
        reference.attach_hypergrad(-1.0, 0.1)
        reference.apply_step()
        trainer.set_band_weights(weights)
        trainer.train_epoch(model, nn.MSELoss(), [(x, y)], schedule)
        np.testing.assert_allclose(values(model), values(reference), rtol=1e-5, atol=1e-6)

    def test_weights_may_depend_on_the_energy(self, device):
        model, same = smooth_model(), smooth_model()
        trainer, other = prepared(model), prepared(same)
        schedule = trainer.roundtable(4, 2)
        trainer.set_band_weights(lambda energy: (energy.above * 0.0 + 0.5, 0.5, st.tensor(0.5)))
        trainer.train_epoch(model, nn.MSELoss(), batches(1), schedule)
        other.set_band_weights((0.5, 0.5, 0.5))
        other.train_epoch(same, nn.MSELoss(), batches(1), schedule)
        np.testing.assert_allclose(values(model), values(same), rtol=1e-6)

    def test_new_weights_reach_a_step_that_was_recorded(self):
        model = smooth_model()
        trainer = prepared(model)
        schedule, loss = trainer.roundtable(4, 2), nn.MSELoss()
        trainer.train_epoch(model, loss, batches(1), schedule)
        before = values(model)
        trainer.set_band_weights((0, 0, 0))
        trainer.train_epoch(model, loss, batches(1), schedule)
        assert np.array_equal(values(model), before)
        trainer.set_band_weights(None)
        trainer.train_epoch(model, loss, batches(1), schedule)
        assert not np.array_equal(values(model), before)


class TestFaults:
    """NaN and infinity are named, and change nothing."""

    @pytest.mark.parametrize("place", ["x", "y"])
    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_a_bad_batch_is_named_and_skipped(self, device, bad, place):
        pairs = batches(3)
        spoilt = pairs[1][place == "y"].numpy()
        spoilt[2, 1] = bad
        pair = (st.tensor(spoilt), pairs[1][1]) if place == "x" else (pairs[1][0], st.tensor(spoilt))
        model, expected = smooth_model(), smooth_model()
        trainer = prepared(model)
        with pytest.raises(AnomalyError, match="batch 2 of this epoch"):
            trainer.train_epoch(model, nn.MSELoss(), [pairs[0], pair, pairs[2]])
        prepared(expected).train_epoch(expected, nn.MSELoss(), [pairs[0], pairs[2]])
        assert np.array_equal(values(model), values(expected))
        assert trainer.train_epoch(model, nn.MSELoss(), pairs).batches == 3

    def test_a_split_of_nan_stays_harmless(self):
        model = smooth_model()
        trainer = prepared(model)
        trainer.set_band_weights((0.0, 1.0, 0.5))
        before, x = values(model), st.full((4, 4), math.nan)
        with pytest.raises(AnomalyError, match="batch 1 "):
            trainer.train_epoch(model, nn.MSELoss(), [(x, st.zeros(4, 2))], trainer.roundtable(4, 2))
        assert np.array_equal(values(model), before)

    @pytest.mark.parametrize(
        ("act", "named"),
        [
            (lambda: ModuleTrainer(None, 0.0), "0.0"),
            (lambda: ModuleTrainer(None, -1.0, -0.1), "hyper_lr.*-0.1"),
            (lambda: ModuleTrainer(None, -1.0, 0.1, math.nan), "fallback_lr.*nan"),
            (lambda: ModuleTrainer().train_epoch(smooth_model(), nn.MSELoss(), []), "no batch"),
            (lambda: ModuleTrainer().train_epoch(smooth_model(), nn.MSELoss(), [(1, 2, 3)]), "batch 1 .* 3 entries"),
            (lambda: ModuleTrainer().train_epoch(smooth_model(), nn.MSELoss(), ["ab", 3]), "batch 1 .* str"),
            (lambda: ModuleTrainer().set_band_weights((1, 2)), r"\(1, 2\)"),
            (lambda: ModuleTrainer().set_band_weights((1, 2, math.inf)), "inf"),
            (lambda: ModuleTrainer().with_blackcat(object()), "choose"),
            (lambda: ModuleTrainer().prepare_with_topos(smooth_model(), OpenCartesianTopos(-0.5)), "-0.5"),
        ],
    )
    def test_what_does_not_fit_is_named(self, act, named):
        with pytest.raises(ArgumentError, match=named):
            act()

    def test_curvatures_have_to_agree(self):
        model = smooth_model()
        model.points = nn.Parameter(st.zeros(2, 2), manifold=PoincareBall(-0.5))
        with pytest.raises(ArgumentError, match="points.*-0.5"):
            ModuleTrainer(None, -1.0).prepare(model)


class TestTapes:
    """What the trainer does with tapes and without."""

    def test_parameters_without_a_tape_take_the_fallback_rate(self):
        model, same = smooth_model(), smooth_model()
        ModuleTrainer(None, -1.0, 0.7, 0.05).train_epoch(model, nn.MSELoss(), batches(3))
        prepared(same, 0.05).train_epoch(same, nn.MSELoss(), batches(3))
        np.testing.assert_allclose(values(model), values(same), rtol=1e-6)

    def test_points_of_a_ball_are_trained_within_it(self, device):
        class Pull(nn.Module):
            def __init__(self):
                self.points = nn.Parameter(st.zeros(4, 2), manifold=PoincareBall(-1.0))

            def forward(self, x):
                return self.points * x

        model = Pull()
        trainer = prepared(model, 30.0)
        far = st.tensor([[9.0, 0.0], [0.0, -9.0], [5.0, 5.0], [0.0, 0.0]])
        for _ in range(30):
            trainer.train_epoch(model, nn.MSELoss(), [(st.ones(4, 1), far)])
        norms = np.linalg.norm(model.points.detach().numpy(), axis=1)
        assert (norms[:3] > 0.99).all() and (norms < 1).all() and norms[3] == 0

    def test_what_tapes_hold_is_applied_first(self):
        model, same = smooth_model(), smooth_model()
        trainer, other = prepared(model), prepared(same)
        encoder = LanguageWaveEncoder(-1.0, 0.5)
        for owner in (model, same):
            owner.hypergrads()["0.weight"].absorb_text(encoder, "meaning")
        other.step(same)
        trainer.train_epoch(model, nn.MSELoss(), batches(2))
        other.train_epoch(same, nn.MSELoss(), batches(2))
        assert np.array_equal(values(model), values(same))
        model.hypergrads()["0.weight"].absorb_text(encoder, "meaning")
        trainer.zero(model)
        assert model.hypergrads()["0.weight"].depth == 0

    def test_new_tapes_reach_a_step_that_was_recorded(self):
        model = smooth_model()
        trainer, loss = prepared(model), nn.MSELoss()
        trainer.train_epoch(model, loss, batches(1))
        before = values(model)
        model.attach_hypergrad(-1.0, 0.0)
        trainer.train_epoch(model, loss, batches(1))
        assert np.array_equal(values(model), before)

    def test_the_explicit_form_of_a_step(self):
        model, same = smooth_model(), smooth_model()
        trainer = prepared(model)
        ((x, y),) = batches(1)
        trainer.zero(model)
        model.backward(x, nn.MSELoss().backward(model(x).detach(), y))
        trainer.step(model)
        prepared(same).train_epoch(same, nn.MSELoss(), [(x, y)])
        np.testing.assert_allclose(values(model), values(same), rtol=1e-6, atol=1e-7)
        assert all(parameter.grad is None for parameter in model.parameters())

    def test_training_goes_on_from_a_file(self, tmp_path):
        model = smooth_model()
        trainer = prepared(model)
        trainer.train_epoch(model, nn.MSELoss(), batches(3))
        for tape in model.hypergrads().values():
            tape.lr = 0.02
        st.save(trainer.state_dict(model), tmp_path / "state.safetensors")
        trainer.train_epoch(model, nn.MSELoss(), batches(3))
        other = smooth_model()
        again = prepared(other)
        again.load_state_dict(other, st.load(tmp_path / "state.safetensors"))
        again.train_epoch(other, nn.MSELoss(), batches(3))
        assert np.array_equal(values(model), values(other))
        with pytest.raises(ArgumentError, match="tapes"):
            again.load_state_dict(nn.Linear(1, 1), st.load(tmp_path / "state.safetensors"))


def test_training_holds_no_memory(device):
    model, loss = smooth_model(), nn.MSELoss()
    trainer, pairs = prepared(model), batches(4)
    schedule = trainer.roundtable(4, 2)
    counts = []
    for _ in range(3):
        for _ in range(4):
            trainer.train_epoch(model, loss, pairs, schedule)
        found = device.memory()
        counts.append((found["buffers"], found["programs"]))
    assert counts[2] == counts[1]


def test_training_outlives_a_lost_device(request):
    """Tapes and schedules follow the parameters, which a checkpoint brings back."""
    gpu = open_device("webgpu")
    note_adapter(request.node, f"{gpu.info.adapter} ({gpu.info.backend})")
    session().use_device(gpu)
    try:
        model, loss = smooth_model(), nn.MSELoss()
        trainer, pairs = prepared(model), batches(2)
        schedule = trainer.roundtable(4, 2)
        checkpoint = st.Checkpoint(model=model, constant=[part for pair in pairs for part in pair])
        trainer.train_epoch(model, loss, pairs, schedule)
        checkpoint.take()
        before = values(model)
        gpu.close()
        with pytest.raises(DeviceLostError):
            trainer.train_epoch(model, loss, pairs, schedule)
        st.recover("cpu")
        assert np.array_equal(values(model), before)
        stats = trainer.train_epoch(model, loss, pairs, schedule)
        assert stats.batches == 2 and not np.array_equal(values(model), before)
    finally:
        session().pending.clear()
        session().use_device(opened("cpu"))


def test_a_runtime_rides_along():
    """choose, step, post_step, in turn; what it is told is finite and the choice sees the last step's features."""

    class Runtime:
        def __init__(self):
            self.events = []

        def choose(self, context):
            self.events.append(("choose", tuple(context)))
            return {"tile": "128"}

        def post_step(self, metrics):
            self.events.append(("post", metrics))

    runtime, model = Runtime(), smooth_model()
    trainer = prepared(model).with_blackcat(runtime)
    stats = trainer.train_epoch(model, nn.MSELoss(), batches(3), trainer.roundtable(4, 2))
    assert [name for name, _ in runtime.events] == ["choose", "post"] * 3
    metrics = [found for name, found in runtime.events if name == "post"]
    assert all(isinstance(entry, StepMetrics) for entry in metrics)
    assert [entry.step for entry in metrics] == [1, 2, 3]
    assert sum(entry.loss for entry in metrics) == pytest.approx(stats.total_loss)
    assert all(entry.seconds > 0 and entry.memory > 0 and entry.energy.above > 0 for entry in metrics)
    contexts = [found for name, found in runtime.events if name == "choose"]
    assert all(len(context) == 8 and all(map(math.isfinite, context)) for context in contexts)
    assert contexts[1:] == [entry.features() for entry in metrics[:2]]
