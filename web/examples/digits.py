"""Handwritten digits.

A small network reads 1,797 images of 8 by 8 pixels (UCI, 43 writers).
The table shows which digits of the test set it takes for which.
"""
# order: 2

import argparse
import random
import zlib

import spiraltorch_web as st
from spiraltorch_web import data, live, nn, optim

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--epochs", type=int, default=15)
options = parser.parse_args()
if options.device:
    st.set_device(options.device)
st.manual_seed(0)


def digits(records):
    """Images x: f32[n, 1, 8, 8] with values 0 to 1, and the digit y: i32[n] that each shows."""
    images = [[[[pixel / 16 for pixel in record[row : row + 8]] for row in range(0, 64, 8)]] for record in records]
    return st.tensor(images), st.tensor([record[64] for record in records], dtype=st.int32)


content = zlib.decompress(data.open_example("digits.bin"))
records = [content[start : start + 65] for start in range(0, len(content), 65)]
random.Random(0).shuffle(records)
train = data.TensorDataset(*digits(records[:1437]))
test_x, test_y = digits(records[1437:])
batches = data.DataLoader(train, batch_size=64, shuffle=True, drop_last=True, seed=0)
live.add_images("samples", test_x[:32])

model = nn.Sequential(nn.Flatten(), nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))
optimizer = optim.Adam(model.parameters(), lr=0.006)
loss_of = nn.CrossEntropyLoss()
live.watch(model)


@st.compile
def train_step(x, y):
    logits = model(x)
    loss = loss_of(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss, (logits.argmax(1) == y).to(st.float32).mean()


@st.compile
def evaluate(x, y):
    logits = model(x)
    answers = logits.argmax(1)
    confusion = st.one_hot(y, 10).to(st.float32).T @ st.one_hot(answers, 10).to(st.float32)
    return loss_of(logits, y), (answers == y).to(st.float32).mean(), confusion


step = 0
for _ in st.progress(range(options.epochs), "epoch"):
    for x, y in batches:
        loss, accuracy = train_step(x, y)
        live.add_scalar("loss/train", loss, step)
        live.add_scalar("accuracy/train", accuracy, step)
        step += 1
    test_loss, test_accuracy, confusion = evaluate(test_x, test_y)
    live.add_scalar("loss/test", test_loss, step)
    live.add_scalar("accuracy/test", test_accuracy, step)
    live.add_figure("confusion", live.Matrix(confusion, row_title="digit shown", column_title="answer"), step)

print(f"test accuracy {test_accuracy.item():.3f}")
