"""Curve fit.

Three copies of one network fit the same noisy curve: one learns with SGD, one with momentum, one with Adam.
Same start, same data; only the rule of the step differs.
"""
# order: 3

import argparse
import math
import random

import spiraltorch_web as st
from spiraltorch_web import live, nn, optim

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--steps", type=int, default=600)
options = parser.parse_args()
if options.device:
    st.set_device(options.device)

draw = random.Random(0)
xs = sorted(draw.uniform(-1, 1) for _ in range(120))
ys = [math.sin(5 * x) * (1 - 0.4 * x) + draw.gauss(0, 0.1) for x in xs]
line = [-1 + 2 * index / 200 for index in range(201)]

data_x, data_y = st.tensor(xs).reshape(-1, 1), st.tensor(ys).reshape(-1, 1)
line_x = st.tensor(line).reshape(-1, 1)
loss_of = nn.MSELoss()


def learner(make_optimizer):
    """A compiled training step and a compiled prediction of a fresh network; equal seeds give equal networks."""
    st.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    optimizer = make_optimizer(model.parameters())

    @st.compile
    def train_step(x, y):
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return train_step, st.compile(model)


learners = {
    "SGD": learner(lambda parameters: optim.SGD(parameters, lr=0.05)),
    "momentum": learner(lambda parameters: optim.SGD(parameters, lr=0.05, momentum=0.9)),
    "Adam": learner(lambda parameters: optim.Adam(parameters, lr=0.01)),
}

for step in st.progress(range(options.steps)):
    losses = {name: train_step(data_x, data_y) for name, (train_step, _) in learners.items()}
    live.add_scalars("loss", losses, step)
    if step % 20 == 0 or step == options.steps - 1:
        lines = {name: predict(line_x) for name, (_, predict) in learners.items()}
        live.add_figure("fit", live.Curves(line, lines, xs, ys), step)

for name, loss in losses.items():
    print(f"{name:>8}: loss {loss.item():.4f}")
