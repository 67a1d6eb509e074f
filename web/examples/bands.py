"""Bands at work.

A curve under gross errors: one measurement in eight is far too high. The roundtable splits each step's gradient into
Above (the largest fifth), Beneath (the smallest half) and Here (the rest). Four equal networks learn, three of them
with one band damped: without the largest gradients, the errors lose their pull.
"""
# order: 7

import argparse
import math
import random

import spiraltorch_web as st
from spiraltorch_web import live, nn

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--epochs", type=int, default=80)
options = parser.parse_args()
if options.device:
    st.set_device(options.device)

COUNT, STEPS, DAMPED = 200, 20, 0.05  # measurements, steps per epoch, the weight of a damped band


def truth(x):
    return math.sin(4 * x) * (1 - 0.3 * x)


draw = random.Random(0)
xs = sorted(draw.uniform(-1, 1) for _ in range(COUNT))
ys = [truth(x) + (draw.uniform(1.5, 3.0) if draw.random() < 0.125 else draw.gauss(0, 0.1)) for x in xs]
line = [-1 + index / 50 for index in range(101)]
data_x, data_y = st.tensor(xs).reshape(-1, 1), st.tensor(ys).reshape(-1, 1)
line_x, line_y = st.tensor(line).reshape(-1, 1), st.tensor([truth(x) for x in line]).reshape(-1, 1)


def learner(weights):
    """(epoch, predict) of a fresh network whose bands are weighted; equal seeds give equal networks."""
    st.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    trainer = st.ModuleTrainer(curvature=-1.0, hyper_lr=0.15)
    trainer.prepare(model)
    trainer.set_band_weights(weights)
    schedule = trainer.roundtable(COUNT, 1, st.RoundtableConfig(top_k=0.2, mid_k=0.3, bottom_k=0.5))
    loss, steps = nn.MeanSquaredError(), [(data_x, data_y)] * STEPS

    @st.compile
    def predict(x):
        found = model(x)
        return found, (found - line_y).square().mean().sqrt()

    return lambda: trainer.train_epoch(model, loss, steps, schedule), predict


learners = {
    "all bands": learner((1, 1, 1)),
    "Above damped": learner((DAMPED, 1, 1)),
    "Here damped": learner((1, DAMPED, 1)),
    "Beneath damped": learner((1, 1, DAMPED)),
}
for epoch in st.progress(range(options.epochs), "epoch"):
    stats = {name: train() for name, (train, _) in learners.items()}
    found = {name: predict(line_x) for name, (_, predict) in learners.items()}
    live.add_scalars("distance to the true curve", {name: distance for name, (_, distance) in found.items()}, epoch)
    live.add_scalars("energy", stats["all bands"].energy._asdict(), epoch)
    if epoch % 10 == 0 or epoch == options.epochs - 1:
        live.add_figure("fit", live.Curves(line, {name: fit for name, (fit, _) in found.items()}, xs, ys), epoch)

for name, (_, distance) in found.items():
    print(f"{name:>14}: {distance.item():.3f} from the true curve")
