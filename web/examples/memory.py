"""What came first?

Two marked symbols, X or Y, stand anywhere among twelve; the answer is their order: XX, XY, YX or YY.
A wave network remembers the first until the second comes. A network of the same frames without memory cannot tell XY
from YX.
"""
# order: 6

import argparse
import random

import spiraltorch_web as st
from spiraltorch_web import data, live, nn, optim

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--epochs", type=int, default=6)
options = parser.parse_args()
if options.device:
    st.set_device(options.device)
st.manual_seed(0)

LENGTH, SYMBOLS, HIDDEN = 12, 6, 24  # symbols 0 and 1 are X and Y, the other four say nothing
ANSWERS = ["XX", "XY", "YX", "YY"]


def sequences(count, seed):
    """One-hot sequences f32[count, SYMBOLS, LENGTH] and their answers i32[count]."""
    draw = random.Random(seed)
    rows, answers = [], []
    for _ in range(count):
        row = [draw.randrange(2, SYMBOLS) for _ in range(LENGTH)]
        first, second = sorted(draw.sample(range(LENGTH), 2))
        row[first], row[second] = draw.randrange(2), draw.randrange(2)
        rows.append(row)
        answers.append(2 * row[first] + row[second])
    return st.one_hot(st.tensor(rows), SYMBOLS).float().transpose(1, 2), st.tensor(answers)


class Frames(nn.Module):
    """The same convolution, averaged over time."""

    def __init__(self):
        self.front = nn.Conv1d(SYMBOLS, 2 * HIDDEN, 3, padding=1)
        self.head = nn.Sequential(nn.Linear(2 * HIDDEN, 2 * HIDDEN), nn.Tanh(), nn.Linear(2 * HIDDEN, 4))

    def forward(self, x):
        return self.head(self.front(x).tanh().mean(-1))


models = {"memory": nn.WaveRnn(SYMBOLS, HIDDEN, 3, 1, 1, curvature=-1.0, temperature=1.0, out=4), "frames": Frames()}
train = data.TensorDataset(*sequences(2000, seed=1))
test_x, test_y = sequences(1000, seed=2)


def learner(model):
    """(step, evaluate) of a model."""
    optimizer, loss_of = optim.Adam(model.parameters(), lr=0.01), nn.CrossEntropyLoss()

    @st.compile
    def step(x, y):
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    @st.compile
    def evaluate(x, y):
        answers = model(x).argmax(1)
        confusion = st.one_hot(y, 4).float().T @ st.one_hot(answers, 4).float()
        return (answers == y).float().mean(), confusion

    return step, evaluate


learners = {name: learner(model) for name, model in models.items()}
batches = data.DataLoader(train, batch_size=100, shuffle=True, drop_last=True, seed=0)
for epoch in st.progress(range(options.epochs), "epoch"):
    for x, y in batches:
        losses = {name: step(x, y) for name, (step, _) in learners.items()}
        live.add_scalars("loss", losses)
    found = {name: evaluate(test_x, test_y) for name, (_, evaluate) in learners.items()}
    live.add_scalars("accuracy", {name: accuracy for name, (accuracy, _) in found.items()}, (epoch + 1) * len(batches))
    for name, (_, confusion) in found.items():
        live.add_figure(f"answers/{name}", live.Matrix(confusion, ANSWERS, ANSWERS, "order", "answer"), epoch)

for name, (accuracy, _) in found.items():
    size = sum(parameter.numel() for parameter in models[name].parameters())
    print(f"{name}: test accuracy {accuracy.item():.3f} with {size:,} parameters")
