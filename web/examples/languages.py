"""Which language?

Twenty-four characters from the Universal Declaration of Human Rights: which of twelve languages are they in?
A wave encoder with a gate and a resonator learns it beside a bag of words that knows the whole vocabulary.
"""
# order: 5

import argparse
import random
import zlib

import spiraltorch_web as st
from spiraltorch_web import data, live, nn, optim

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--epochs", type=int, default=12)
options = parser.parse_args()
if options.device:
    st.set_device(options.device)
st.manual_seed(0)
draw = random.Random(0)

LENGTH, WIDTH = 24, 1024  # characters of a sample, numbers of its code


def samples(paragraphs, count):
    """Pieces of LENGTH characters, each from the start of a word."""
    words = " ".join(paragraphs).split()
    pieces = (" ".join(words[start : start + LENGTH])[:LENGTH] for start in draw.sample(range(len(words)), len(words)))
    return [piece for piece in pieces if len(piece) == LENGTH][:count]


# One block per language: its name, the preamble, then an article per line. The last ten articles are the test.
blocks = [block.split("\n") for block in zlib.decompress(data.open_example("udhr.bin")).decode().strip().split("\n\n")]
names = [block[0] for block in blocks]
train = [(piece, k) for k, block in enumerate(blocks) for piece in samples(block[1:22], 300)]
test = [(piece, k) for k, block in enumerate(blocks) for piece in samples(block[22:], 80)]
train_y, test_y = (st.tensor([language for _, language in part], dtype=st.int32) for part in (train, test))

# Text as waves: no vocabulary, any characters.
encoder = st.LanguageWaveEncoder(curvature=-1.0, temperature=1.0)
topos = st.OpenCartesianTopos(curvature=-1.0, saturation=10.0)
train_waves, test_waves = (encoder.encode_z_space([piece for piece, _ in part], width=WIDTH) for part in (train, test))
waves = nn.Sequential(
    nn.WaveGate(WIDTH, encoder, topos),
    nn.Unflatten(1, (WIDTH // 2, 2)),
    nn.ToposResonator(WIDTH // 2, 2),
    nn.Flatten(),
    nn.Linear(WIDTH, len(names)),
)

# Text as words: a weight per word of the training set and language. Number 0 stands for all other words.
words = {word: number for number, word in enumerate(sorted({w for piece, _ in train for w in piece.split()}), start=1)}
numbered = [[[words.get(w, 0) for w in piece.split()] for piece, _ in part] for part in (train, test)]
longest = max(len(row) for part in numbered for row in part)
train_words, test_words = (
    st.tensor([row + [0] * (longest - len(row)) for row in part], dtype=st.int32) for part in numbered
)


class BagOfWords(nn.Module):
    def __init__(self):
        self.weights = nn.Embedding(len(words) + 1, len(names))
        nn.init.zeros_(self.weights.weight)

    def forward(self, numbers):
        return self.weights(numbers).sum(1)


def learner(model, x, lr):
    """(epoch, evaluate) of a model on training inputs x."""
    optimizer, loss_of = optim.Adam(model.parameters(), lr=lr), nn.CrossEntropyLoss()
    batches = data.DataLoader(data.TensorDataset(x, train_y), batch_size=100, shuffle=True, drop_last=True, seed=0)

    @st.compile
    def step(x, y):
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    def epoch():
        for x, y in batches:
            loss = step(x, y)
        return loss

    @st.compile
    def evaluate(x, y):
        answers = model(x).argmax(1)
        confusion = st.one_hot(y, len(names)).float().T @ st.one_hot(answers, len(names)).float()
        return (answers == y).float().mean(), confusion

    return epoch, evaluate


learn_waves, test_of_waves = learner(waves, train_waves, lr=0.01)
learn_words, test_of_words = learner(BagOfWords(), train_words, lr=0.05)
for epoch in st.progress(range(options.epochs), "epoch"):
    live.add_scalars("loss", {"waves": learn_waves(), "words": learn_words()}, epoch)
    wave_accuracy, confusion = test_of_waves(test_waves, test_y)
    word_accuracy, _ = test_of_words(test_words, test_y)
    live.add_scalars("accuracy", {"waves": wave_accuracy, "words": word_accuracy}, epoch)
    live.add_figure("confusion", live.Matrix(confusion, names, names, "language", "answer"), epoch)

sizes = {"waves": sum(p.numel() for p in waves.parameters()), "words": (len(words) + 1) * len(names)}
print(f"test accuracy {wave_accuracy.item():.3f} by waves, with {sizes['waves']:,} parameters")
print(f"against {word_accuracy.item():.3f} by a bag of {len(words):,} words, with {sizes['words']:,}")
