"""Two spirals.

A small network learns to tell two interleaved spirals apart.
The picture shows what it says about every point of the plane, while it learns.
"""
# order: 1

import argparse
import math
import random

import spiraltorch_web as st
from spiraltorch_web import live, nn, optim

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--steps", type=int, default=500)
options = parser.parse_args()
if options.device:
    st.set_device(options.device)
st.manual_seed(0)


def spirals(per_class, noise, seed):
    """Points x: f32[2 * per_class, 2] of two spiral arms, and the arm y: i32[2 * per_class] of each."""
    draw = random.Random(seed)
    points, arms = [], []
    for arm in (0, 1):
        for _ in range(per_class):
            radius = draw.uniform(0.1, 1.0)
            angle = 9.0 * radius + math.pi * arm
            x = radius * math.cos(angle) + draw.gauss(0, noise)
            y = radius * math.sin(angle) + draw.gauss(0, noise)
            points.append([x, y])
            arms.append(arm)
    return st.tensor(points), st.tensor(arms, dtype=st.int32)


train_x, train_y = spirals(200, noise=0.02, seed=1)
test_x, test_y = spirals(200, noise=0.02, seed=2)

model = nn.Sequential(nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 2))
optimizer = optim.Adam(model.parameters(), lr=0.01)
loss_of = nn.CrossEntropyLoss()
live.watch(model)


@st.compile
def train_step(x, y):
    loss = loss_of(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


@st.compile
def evaluate(x, y):
    logits = model(x)
    return loss_of(logits, y), (logits.argmax(1) == y).float().mean()


predict = st.compile(model)

for step in st.progress(range(options.steps)):
    loss = train_step(train_x, train_y)
    live.add_scalar("loss/train", loss, step)
    if step % 20 == 10:
        test_loss, test_accuracy = evaluate(test_x, test_y)
        _, train_accuracy = evaluate(train_x, train_y)
        live.add_scalar("loss/test", test_loss, step)
        live.add_scalars("accuracy", {"train": train_accuracy, "test": test_accuracy}, step)
        live.add_boundary("decision boundary", predict, train_x, train_y, step)

_, test_accuracy = evaluate(test_x, test_y)
print(f"test accuracy {test_accuracy.item():.3f}")
