"""A training as a user writes it, with or without a fractal canvas of its gradients; `canvas.js` runs it in turns.

SETTINGS comes before it: sizes of the layers, batch, seconds, warmup, painted.
"""

import itertools
import json
import time

import spiraltorch_web as st
from spiraltorch_web import live, nn, optim
from spiraltorch_web.live.current import CURRENT
from spiraltorch_web.live.events import Painting
from spiraltorch_web.zspace import FractalCanvas, FractalPatch

SIDE = 512

st.manual_seed(0)
sizes, batch = SETTINGS["sizes"], SETTINGS["batch"]  # noqa: F821
images, labels = st.rand(batch, sizes[0]), st.randint(0, sizes[-1], (batch,))
linears = [nn.Linear(*pair) for pair in itertools.pairwise(sizes)]
model = nn.Sequential(*(part for linear in linears[:-1] for part in (linear, nn.ReLU())), linears[-1])
watching = linears[1]
optimizer = optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
canvas = FractalCanvas(32, SIDE, SIDE)
paintings = 0


@st.compile
def train_step(images, labels, watched):
    optimizer.zero_grad()
    loss = criterion(model(images), labels)
    loss.backward()
    gradient = watching.weight.grad if watched else None
    optimizer.step()
    return loss, gradient


def count(show):
    """Let the sink count what it paints."""

    def counting(event):
        global paintings
        paintings += isinstance(event, Painting)
        show(event)

    return counting


def train(seconds, painted):
    """Train for about that long; steps, and the seconds until the last loss was there."""
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        watched = painted and live.due("gradients")
        loss, gradient = train_step(images, labels, watched)
        if watched:
            canvas.push(FractalPatch(gradient, 0.9, 0.7, 0))
            live.add_canvas("gradients", canvas, steps)
        steps += 1
    loss.item()
    return steps, time.perf_counter() - start


sink = CURRENT.writer()._sink
sink.show = count(sink.show)
train(SETTINGS["warmup"], SETTINGS["painted"])  # noqa: F821
paintings = 0
steps, seconds = train(SETTINGS["seconds"], SETTINGS["painted"])  # noqa: F821
found = {"steps": steps, "seconds": seconds, "paintings": paintings, "shape": list(watching.weight.shape)}
print(json.dumps({**found, "adapter": st.device_info().adapter}))
