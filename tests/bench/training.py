"""Section ``training``: what text codes carry, what tapes reach, and what the trainer costs beside a plain step."""

from __future__ import annotations

import math
import random
from statistics import fmean

import spiraltorch_web as st
from spiraltorch_web import nn, optim

from .mlp import CASE, WIDTHS, problem
from .options import Options
from .report import Report, Row
from .timing import Runner, interleaved

SECTION = "training"
PRINTABLE = [chr(point) for point in range(32, 127)]
SEEDS, EPOCHS = 100, 200


def run(report: Report, options: Options) -> None:
    """All figures on the CPU, where they are exact, and the step on the chosen device."""
    info = st.set_device("cpu")
    report.add([*_content(), *_line(), *_seeds()])
    info = st.set_device(options.device)
    report.adapters.setdefault("native", info.adapter)
    for batch in options.batches:
        report.add(_steps(batch, options))


def _content() -> list[Row]:
    """Mean |cosine| of the codes of unrelated texts, and the cosine where one character of 100 differs."""
    encoder, draw = st.LanguageWaveEncoder(-1.0, 1.0), random.Random(0)

    def cosine(a: str, b: str) -> float:
        pair = st.cat([encoder.encode_z_space(a), encoder.encode_z_space(b)])
        return (pair[0] @ pair[1]).item() / math.prod(pair.square().sum(1).sqrt().tolist())

    def text(n: int) -> str:
        return "".join(draw.choices(PRINTABLE, k=n))

    rows = []
    for n in (3, 6, 12, 50, 400):
        mean = fmean(abs(cosine(text(n), text(n))) for _ in range(400))
        goal = "≤ 0.2" if n >= 12 else f"≤ {1.25 / math.sqrt(math.pi * n):.2f}"
        rows.append(Row(SECTION, "text codes", f"mean |cosine|, {n} random characters", mean, "", goal=goal))
    near = min(cosine(one, f"{one[:50]}é{one[51:]}") for one in (text(100) for _ in range(50)))
    rows.append(Row(SECTION, "text codes", "least cosine, 1 of 100 characters changed", near, "", goal="≥ 0.9"))
    return rows


def _line() -> list[Row]:
    """The error of y = 2x + 1 after 200 steps through tapes on parameters in flat space."""
    st.manual_seed(0)
    model, x = nn.Linear(1, 1), st.linspace(-1, 1, 32).reshape(-1, 1)
    trainer = st.ModuleTrainer(curvature=-1.0, hyper_lr=0.1)
    trainer.prepare(model)
    for _ in range(200):
        stats = trainer.train_epoch(model, nn.MSELoss(), [(x, 2.0 * x + 1.0)])
    return [Row(SECTION, "y = 2x + 1 through a tape", "squared error", stats.average_loss, "", goal="< 1e-4")]


def _seeds() -> list[Row]:
    """The seed's Linear–Relu–Linear at lr 0.05 after 200 epochs, for 100 seeds."""
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    trainer = st.ModuleTrainer(curvature=-1.0, hyper_lr=0.05)
    trainer.prepare(model)
    pairs = [
        (st.Tensor(1, 4, [0.1, -0.2, 0.3, -0.4]), st.Tensor(1, 2, [0.0, 1.0])),
        (st.Tensor(1, 4, [0.2, 0.1, -0.3, 0.5]), st.Tensor(1, 2, [1.0, 0.0])),
    ]
    losses = []
    for seed in range(SEEDS):
        st.manual_seed(seed)
        model[0].reset_parameters()
        model[2].reset_parameters()
        for _ in range(EPOCHS):
            stats = trainer.train_epoch(model, nn.MSELoss(), pairs)
        losses.append(stats.average_loss)
    named = f"Linear–Relu–Linear, {EPOCHS} epochs"
    return [
        Row(SECTION, named, "loss with seed 0", losses[0], "", goal="< 1e-3"),
        Row(SECTION, named, "seeds of 100 below 1e-3", sum(loss < 1e-3 for loss in losses), "", goal="≥ 80"),
    ]


def _steps(batch: int, options: Options) -> list[Row]:
    """A step of gradient descent alone, through the trainer, and with its bands."""
    given = problem(batch)
    x, y = st.tensor(given.images), st.tensor(given.labels)
    timings = interleaved(
        [
            Runner("optim.SGD, compiled", _plain(given, x, y)),
            Runner("ModuleTrainer", _trained(given, x, y, False)),
            Runner("ModuleTrainer with a roundtable", _trained(given, x, y, True)),
        ],
        options.rounds,
        options.seconds,
    )
    first = timings[0].seconds
    named = f"MLP {CASE}, batch {batch}, {st.device_info().name}"
    return [Row(SECTION, named, t.name, t.seconds, "s", spread=t.spread, ratio=t.seconds / first) for t in timings]


def _model(given) -> nn.Sequential:
    layers = [layer for pair in zip(WIDTHS, WIDTHS[1:], strict=False) for layer in (nn.Linear(*pair), nn.ReLU())]
    model = nn.Sequential(layers[:-1])
    model.load_state_dict(given.parameters)
    return model


def _plain(given, x: st.Tensor, y: st.Tensor):
    model, loss_of = _model(given), nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=1e-3)

    @st.compile
    def step(x, y):
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    def steps(count: int) -> float:
        for _ in range(count):
            loss = step(x, y)
        return loss.item()

    return steps


def _trained(given, x: st.Tensor, y: st.Tensor, banded: bool):
    model, loss_of = _model(given), nn.CrossEntropyLoss()
    trainer = st.ModuleTrainer(curvature=-1.0, hyper_lr=1e-3)
    trainer.prepare(model)
    schedule = trainer.roundtable(given.batch, WIDTHS[-1]) if banded else None
    return lambda count: trainer.train_epoch(model, loss_of, [(x, y)] * count, schedule).average_loss
