"""Fractal canvas.

The gradients of a network's middle layers, painted while it learns.
Blue is negative, orange positive; each ring inwards is the same picture again, smaller and fainter.
"""
# order: 60

import argparse

import spiraltorch_web as st
from spiraltorch_web import live, nn, optim
from spiraltorch_web.zspace import FractalCanvas, FractalPatch

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--steps", type=int, default=1000)
parser.add_argument("--layout", default="spiral", choices=("spiral", "plane"))
parser.add_argument("--size", type=int, default=400, help="of the picture, in pixels")
options = parser.parse_args()
if options.device:
    st.set_device(options.device)
st.manual_seed(1)

WIDTH = 32
x = st.rand(512, 2) * 2 - 1
y = ((6 * x[:, 0]).sin() * (6 * x[:, 1]).cos()).reshape(-1, 1)

first, last = nn.Linear(2, WIDTH), nn.Linear(WIDTH, 1)
middle = [nn.Linear(WIDTH, WIDTH) for _ in range(3)]
layers = [first, *middle, last]
model = nn.Sequential(*(part for layer in layers[:-1] for part in (layer, nn.Tanh())), last)
optimizer = optim.Adam(model.parameters(), lr=0.003)
loss_of = nn.MSELoss()
live.watch(model)


@st.compile
def train_step(x, y, watched):
    """The loss, and where watched the gradient of each middle layer's weights: f32[32, 32]."""
    loss = loss_of(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    gradients = [layer.weight.grad for layer in middle] if watched else []
    optimizer.step()
    return loss, gradients


canvas = FractalCanvas(24, options.size, options.size, layout=options.layout)

for step in st.progress(range(options.steps)):
    watched = live.due("gradients")  # would a new picture be seen?
    loss, gradients = train_step(x, y, watched)
    for depth, gradient in enumerate(gradients):
        # Eight levels of depth halve a weight: each layer counts half as much as the one before it.
        canvas.push(FractalPatch(gradient, coherence=0.9, tension=0.7, depth=8 * depth))
    if watched:
        live.add_canvas("gradients", canvas, step)
        live.add_scalar("loss", loss, step)

ring = canvas.scheduler
print(f"loss {loss.item():.5f}; {len(ring)} patches in the ring, {ring.dropped} dropped")
