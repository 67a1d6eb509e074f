"""Mammals in the Poincaré disk.

1,182 kinds of mammal (WordNet) find their places from 6,542 "is a" relations alone.
General kinds settle near the middle, single species at the rim; flat space of the same size has no room for them.
"""
# order: 4

import argparse
import zlib

import spiraltorch_web as st
from spiraltorch_web import data, live, nn, optim
from spiraltorch_web.zspace import geometry

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--epochs", type=int, default=200)
parser.add_argument("--dimensions", type=int, default=2)
options = parser.parse_args()
if options.device:
    st.set_device(options.device)
st.manual_seed(0)

BATCH, NEGATIVES = 128, 50
BURN_IN, SLOW, FAST = 20, 0.002, 0.07  # epochs in which the points only spread, and the learning rates

# A line per kind, the root first: its name and the lines directly above it.
lines = [line.split("\t") for line in zlib.decompress(data.open_example("mammals.bin")).decode().split("\n")]
names = [name for name, *_ in lines]
parents = [[int(row) for row in above] for _, *above in lines]
ancestors = []
for above in parents:
    ancestors.append(set(above).union(*(ancestors[row] for row in above)))
relations = st.tensor([[row, above] for row in range(len(names)) for above in sorted(ancestors[row])], dtype=st.int32)
related = st.zeros(len(names), len(names))
related[relations[:, 0], relations[:, 1]] = 1.0


def flat_distance(x, y):
    return (x - y).square().sum(-1).clamp(min=1e-12).sqrt()


def trainer(model, distance, optimizer):
    """A compiled step: every kind is to be nearer to what it is than to 50 random others that it is not."""

    @st.compile
    def step(pairs):
        kinds, above = pairs[:, :1], pairs[:, 1:]
        others = st.randint(0, len(names), (pairs.shape[0], NEGATIVES))
        wrong = related[kinds, others] + (kinds == others)
        far = distance(model(kinds), model(st.cat([above, others], dim=1)))
        far = far + 1e4 * st.nn.functional.pad(wrong, (1, 0))
        loss = (far[:, 0] + (-far).logsumexp(dim=1)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss / pairs.shape[0]

    return step


def judge(model, distance):
    """A compiled function: (mean rank, MAP) of the relations among all pairs, by distance."""

    @st.compile
    def reconstruction():
        points = model.weight.detach()
        far = distance(points.unsqueeze(1), points) + 1e9 * st.eye(len(names))
        hits = related.take_along_dim(far.argsort(dim=1), dim=1)
        found, place = hits.cumsum(dim=1), st.arange(1, len(names) + 1)
        counts = hits.sum(dim=1)
        rank = (hits * (place - found + 1)).sum() / counts.sum()
        precision = (hits * found / place).sum(dim=1) / counts.clamp(min=1)
        return rank, precision.sum() / (counts > 0).sum()

    return reconstruction


def branch(row):
    """The kind two steps below "mammal" that a line belongs to, such as "carnivore"."""
    while row and parents[row][0] not in (0, PLACENTAL):
        row = parents[row][0]
    return names[row] if row not in (0, PLACENTAL) else ""


PLACENTAL = names.index("placental")
branches = [branch(row) for row in range(len(names))]
links = [[row, above] for row in range(len(names)) for above in parents[row]]

ball = nn.PoincareEmbedding(len(names), options.dimensions)
flat = nn.Embedding(len(names), options.dimensions)
ball_optimizer = optim.RiemannianSGD(ball.parameters(), lr=SLOW)
ball_step = trainer(ball, geometry.distance, ball_optimizer)
flat_optimizer = optim.Adam(flat.parameters())  # did best in flat space, with a rate that falls to a tenth
flat_step = trainer(flat, flat_distance, flat_optimizer)
ball_judge, flat_judge = judge(ball, geometry.distance), judge(flat, flat_distance)

loader = data.DataLoader(data.TensorDataset(relations), batch_size=BATCH, shuffle=True, drop_last=True)
for epoch in st.progress(range(options.epochs), "epoch"):
    ball_optimizer.lr = SLOW if epoch < BURN_IN else FAST
    flat_optimizer.lr = 0.1 * (1 - 0.9 * epoch / options.epochs)
    for (pairs,) in loader:
        ball_loss, flat_loss = ball_step(pairs), flat_step(pairs)
    live.add_scalars("loss", {"Poincaré": ball_loss, "Euclidean": flat_loss}, epoch)
    if options.dimensions == 2 and (epoch % 5 == 0 or epoch == options.epochs - 1):
        live.add_figure("mammals", live.PoincareDisk(ball.weight.detach(), links, names, branches), epoch)

for name, judged in (("Poincaré ball", ball_judge), ("Euclidean space", flat_judge)):
    rank, precision = judged()
    print(f"{name}, {options.dimensions} dimensions: mean rank {rank.item():.2f}, MAP {precision.item():.3f}")
