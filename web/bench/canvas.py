"""A training as a user writes it, with or without a fractal canvas of its gradients; `canvas.js` runs it in turns.

SETTINGS comes before it: sizes of the layers, batch, seconds, warmup, painted.
"""

import itertools
import json
import sys
import time
from collections import Counter
from types import SimpleNamespace

import spiraltorch_web as st
from spiraltorch_web import live, nn, optim, page_sink
from spiraltorch_web.host import HOSTS
from spiraltorch_web.live.current import CURRENT
from spiraltorch_web.live.events import Painting
from spiraltorch_web.runtime.session import session
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


class Watch:
    """Seconds of the worker by part; a part within another is not counted twice."""

    def __init__(self):
        self.seconds, self.inner = Counter(), 0.0

    def timed(self, part, function):
        def timing(*given):
            start, outer, self.inner = time.perf_counter(), self.inner, 0.0
            try:
                return function(*given)
            finally:
                took = time.perf_counter() - start
                self.seconds[part] += took - self.inner
                self.inner = outer + took

        return timing


def paint(gradient, step):
    canvas.push(FractalPatch(gradient, 0.9, 0.7, 0))
    live.add_canvas("gradients", canvas, step)


def train(seconds, painted):
    """Train for about that long; steps, seconds until all were queued, and until the last loss was there."""
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        watched = painted and live.due("gradients")
        loss, gradient = (watched_step if watched else train_step)(images, labels, watched)
        if watched:
            timed_paint(gradient, steps)
        steps += 1
    queued = time.perf_counter() - start
    loss.item()
    return steps, queued, time.perf_counter() - start


watch = Watch()
timed_paint, watched_step = watch.timed("fold and scene", paint), watch.timed("watched step", train_step)
device, host = session().device, HOSTS.current
# The two places where Python waits: for the queue, and for the event loop's turn with its frames.
device._wait, host._breathe = watch.timed("queue", device._wait), watch.timed("event loop", host._breathe)
shown = page_sink.page.show
page_sink.page = SimpleNamespace(frameDue=page_sink.page.frameDue, show=watch.timed("JavaScript", shown))
sink = CURRENT.writer()._sink
sink.show = count(sink.show)
train(SETTINGS["warmup"], SETTINGS["painted"])  # noqa: F821
paintings = 0
watch.seconds.clear()
steps, queued, seconds = train(SETTINGS["seconds"], SETTINGS["painted"])  # noqa: F821
found = {"steps": steps, "queued": queued, "seconds": seconds, "paintings": paintings, "parts": watch.seconds}
page_sink.page = sys.modules["spiraltorch_page"]  # the next script's
del host._breathe, device._wait
print(json.dumps({**found, "shape": list(watching.weight.shape), "adapter": st.device_info().adapter}))
