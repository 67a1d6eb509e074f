"""Tuning by hyper-gradients.

How fast to learn, and how much to hold back each layer? A small network fits few, noisy points, and its loss on other
points is differentiated through all updates of its training. Each lesson moves the learning rate and the weight
decay of every layer downhill; a grid search with as many trainings tries one pair of them after the other.
"""
# order: 42

import argparse
import math
import random

import spiraltorch_web as st
from spiraltorch_web import live

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--lessons", type=int, default=36, help="a square, so that the grid has as many trainings")
options = parser.parse_args()
if options.device:
    st.set_device(options.device)

UPDATES, WIDTH = 150, 24
SIDE = math.isqrt(options.lessons)  # of the grid
RATES, DECAYS = (0.01, 1.0), (1e-5, 0.1)  # the grid's ends

draw = random.Random(0)


def truth(x):
    return math.sin(4 * x)


def points(count, noise):
    """(x, y), both [count, 1]."""
    xs = [draw.uniform(-1, 1) for _ in range(count)]
    ys = [truth(x) + draw.gauss(0, noise) for x in xs]
    return st.tensor(xs).reshape(-1, 1), st.tensor(ys).reshape(-1, 1)


def layer(inputs, outputs):
    """Weights, [inputs, outputs], and biases, [outputs]."""
    bound = (3 / inputs) ** 0.5
    weights = [[draw.uniform(-bound, bound) for _ in range(outputs)] for _ in range(inputs)]
    return st.tensor(weights), st.tensor([draw.uniform(-1, 1) for _ in range(outputs)])


train_x, train_y = points(24, 0.3)
other_x, other_y = points(64, 0.3)
start = [*layer(1, WIDTH), *layer(WIDTH, WIDTH), *layer(WIDTH, 1)]


def predict(parameters, x):
    first, first_bias, second, second_bias, third, third_bias = parameters
    x = (x @ first + first_bias).tanh()
    return (x @ second + second_bias).tanh() @ third + third_bias


def inner_step(parameters, logs):
    """One update of training. The logarithms of the hyper-parameters are tuned, so that they stay positive."""

    def loss(*parameters):
        decays = [logs[n].exp() * parameters[2 * n - 2].square().sum() for n in (1, 2, 3)]
        return (predict(parameters, train_x) - train_y).square().mean() + sum(decays)

    slopes = st.grad(loss, argnums=range(len(parameters)))(*parameters)
    return [value - logs[0].exp() * slope for value, slope in zip(parameters, slopes, strict=True)]


def outer_loss(parameters, logs):
    return (predict(parameters, other_x) - other_y).square().mean()


hypergradient = st.hypergrad.unrolled(inner_step, outer_loss, UPDATES)
step, loss_of, line_of = st.compile(inner_step), st.compile(outer_loss), st.compile(predict)


def trained(logs):
    """(loss on the other points, parameters) after one training."""
    parameters = start
    for _ in range(UPDATES):
        parameters = step(parameters, logs)
    return loss_of(parameters, logs).item(), parameters


def finite_loss(outcome):
    """The loss, which comes first; infinite where the training ran away."""
    return outcome[0] if math.isfinite(outcome[0]) else math.inf


def between(ends, index):
    """The logarithm of the grid's n-th value."""
    share = index / max(1, SIDE - 1)
    return (1 - share) * math.log(ends[0]) + share * math.log(ends[1])


grid = [(between(RATES, i), between(DECAYS, j)) for i in range(SIDE) for j in range(SIDE)]
draw.shuffle(grid)
line = [-1 + index / 50 for index in range(101)]
line_x = st.tensor(line).reshape(-1, 1)
# Hyper-gradients start in the middle of the grid.
logs = st.tensor([sum(map(math.log, ends)) / 2 for ends in (RATES, DECAYS, DECAYS, DECAYS)])
strides, signs = st.full((4,), 0.3), st.zeros(4)
best = {name: (math.inf, start, []) for name in ("hyper-gradients", "grid search")}

for lesson in st.progress(range(SIDE * SIDE), "lesson"):
    found = hypergradient(start, logs)
    values = logs.exp().tolist()
    rate, decay = grid[lesson]
    tried = {
        "hyper-gradients": (found.value.item(), found.state, values),
        "grid search": (*trained(st.tensor([rate, decay, decay, decay])), [rate, decay]),
    }
    # Rprop: each value goes on by its own stride, longer while its slope keeps its sign, else shorter.
    if math.isfinite(tried["hyper-gradients"][0]):
        before, origin, signs = signs, logs, found.gradient.sign()
        strides = strides * st.where(signs == before, 1.2, 0.5)
    else:  # learning too fast: half as far from where it went well
        strides = strides / 2
    logs = origin - strides * signs
    best = {name: min(best[name], tried[name], key=finite_loss) for name in best}
    live.add_scalars("best loss", {name: loss for name, (loss, _, _) in best.items()}, lesson)
    live.add_scalars("learning rate", {"hyper-gradients": values[0], "grid search": math.exp(rate)}, lesson)
    live.add_scalars("weight decay", {f"layer {n}": values[n] for n in (1, 2, 3)}, lesson)
    if lesson % 5 == 0 or lesson == SIDE * SIDE - 1:
        lines = {name: line_of(parameters, line_x) for name, (_, parameters, _) in best.items()}
        lines["without noise"] = st.tensor([truth(x) for x in line])
        live.add_figure("fit", live.Curves(line, lines, train_x, train_y), lesson)

for name, (loss, _, _) in best.items():
    print(f"{name:>15}: loss {loss:.4f} on other points after {SIDE * SIDE} trainings")
rate, *decays = best["hyper-gradients"][2]
print(f"learning rate {rate:.3f}, weight decay by layer {', '.join(f'{decay:.2g}' for decay in decays)}")
