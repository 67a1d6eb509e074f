"""BlackCat at the wheel.

Before each step of a training it chooses twice: which launch finds the strongest neurons, and how fast to learn. Regret
is the time that other launches than the best one have cost so far; it flattens once the best is known. Beside it, the
same network learns at the rate that was set at the start.
"""
# order: 43

import argparse
import random
import tempfile
import zlib
from itertools import accumulate
from pathlib import Path
from statistics import median

import spiraltorch_web as st
from spiraltorch_web import data, live, nn, rankk

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--epochs", type=int, default=8)
options = parser.parse_args()
if options.device:
    st.set_device(options.device)
INFO = st.device_info()

BATCH, RATE = 64, 0.02
# On a GPU more neurons, so that the launch makes a difference.
NEURONS, STRONGEST = (512, 16) if INFO.name == "cpu" or INFO.caps.software else (8192, 256)


# --- what there is to choose: how to find the weakest of the strongest neurons, f32[rows, 1] of f32[rows, NEURONS] ---


def by_selection(x):
    return x.topk(STRONGEST).values[:, -1:]


def by_sorting(x):
    return x.sort(dim=1).values[:, NEURONS - STRONGEST, None]


def by_halving(x):
    """The threshold between the lowest and the highest entry, halved as often as float32 can tell."""
    low, high = x.amin(1, keepdim=True), x.amax(1, keepdim=True)
    for _ in range(24):
        middle = (low + high) / 2
        enough = (x >= middle).float().sum(1, keepdim=True) >= STRONGEST
        low, high = st.where(enough, middle, low), st.where(enough, high, middle)
    return low


if INFO.name == "cpu":
    print("The CPU device launches no kernels, so BlackCat chooses how NumPy finds the strongest neurons instead.")
    ways = {"topk": by_selection, "sort": by_sorting, "halving": by_halving}
    groups = {"way": list(ways)}
else:
    # Fields of a launch, which BlackCat sets by itself: how rows are held and searched, and the size of a workgroup.
    ways, names = {}, ("bitonic", "shared", "warp", "stream", "lane", "sweep")
    limits = rankk.planner().current_caps().limits
    choices = rankk.legal_choices(st.RankKind.TOPK, BATCH, NEURONS, STRONGEST, limits)
    merges = dict.fromkeys(names[choice.mk] for choice in choices)
    sizes = dict.fromkeys(str(choice.wg) for choice in choices if names[choice.mk] != "bitonic")  # which has one size
    groups = {"merge": list(merges), "wg": list(sizes)[:3]}


# --- data and network -------------------------------------------------------------------------------------------------


def digits(records):
    """Images x: f32[n, 64] with values 0 to 1, and the digit y: i32[n] that each shows."""
    images = [[pixel / 16 for pixel in record[:64]] for record in records]
    return st.tensor(images), st.tensor([record[64] for record in records], dtype=st.int32)


content = zlib.decompress(data.open_example("digits.bin"))
records = [content[start : start + 65] for start in range(0, len(content), 65)]
random.Random(0).shuffle(records)
train = data.TensorDataset(*digits(records[:1437]))
test_x, test_y = digits(records[1437:])


class Strongest(nn.Module):
    """Only the strongest neurons of each image speak."""

    way = "topk"

    def forward(self, x):
        find = ways.get(self.way, by_selection)
        return st.where(x >= find(x.detach()), x, 0.0)


class Watched(st.BlackCatRuntime):
    """Keeps what was chosen, and how long the steps took."""

    def __init__(self, layer):
        knobs = st.ZMetaParams({"lr_scale": st.blackcat.Knob(0.125, 16.0, 1.0)})
        rules = Path(tempfile.mkdtemp()) / "heur.kdsl"  # not your own: what wins here is only shown
        super().__init__(knobs, st.ChoiceGroups(groups, costs=list(groups)), heur_path=rules)
        self.layer, self.taken, self.seconds = layer, [], {}

    def choose(self, context):
        choice = super().choose(context)
        self.rate = RATE * choice["lr_scale"]
        self.layer.way = choice.get("way")
        self.taken.append(" ".join(choice[group] for group in groups))
        return choice

    def post_step(self, metrics):
        if not metrics.recorded:  # else a compiler was waited for
            self.seconds.setdefault(self.taken[-1], []).append(metrics.seconds)
        return super().post_step(metrics)

    def milliseconds(self):
        """What a step usually takes each way."""
        return {way: 1e3 * median(seconds) for way, seconds in self.seconds.items()}

    def regret(self):
        """Milliseconds lost up to each step, and what choosing by chance would have lost."""
        usual = self.milliseconds()
        best, mean = min(usual.values()), sum(usual.values()) / len(usual)
        lost = list(accumulate(usual.get(way, best) - best for way in self.taken))
        return {"BlackCat": lost, "by chance": [(mean - best) * step for step in range(1, len(lost) + 1)]}


def learner(runs_blackcat):
    """(train an epoch, evaluate, runtime) of a fresh network; equal seeds give equal networks."""
    st.manual_seed(0)
    layer = Strongest()
    model = nn.Sequential(nn.Linear(64, NEURONS), layer, nn.Linear(NEURONS, 10))
    trainer, runtime = st.ModuleTrainer(hyper_lr=RATE), None
    if runs_blackcat:
        runtime = Watched(layer)
        trainer.with_blackcat(runtime)
    trainer.prepare(model)
    batches = data.DataLoader(train, batch_size=BATCH, shuffle=True, drop_last=True, seed=0)
    schedule, loss = trainer.roundtable(BATCH, 10), nn.CrossEntropyLoss()

    @st.compile
    def evaluate(x, y):
        return (model(x).argmax(1) == y).float().mean()

    return lambda: trainer.train_epoch(model, loss, batches, schedule), evaluate, runtime


learners = {"BlackCat": learner(True), "as set": learner(False)}
runtime = learners["BlackCat"][2]
for epoch in st.progress(range(options.epochs), "epoch"):
    losses = {name: train_epoch().average_loss for name, (train_epoch, _, _) in learners.items()}
    accuracies = {name: evaluate(test_x, test_y) for name, (_, evaluate, _) in learners.items()}
    regret = runtime.regret()
    live.add_figure("regret in ms", live.Curves(range(1, len(runtime.taken) + 1), regret), epoch)
    live.add_scalars("loss", losses, epoch)
    live.add_scalars("learning rate", {"BlackCat": runtime.rate, "as set": RATE}, epoch)
    live.add_scalars("test accuracy", accuracies, epoch)

print(", ".join(f"test accuracy {name}: {accuracy.item():.3f}" for name, accuracy in accuracies.items()))
print(", ".join(f"regret {name}: {lost[-1]:.0f} ms" for name, lost in regret.items()))
for way, usual in sorted(runtime.milliseconds().items(), key=lambda item: item[1]):
    print(f"{way:>12}: {usual:.2f} ms a step, chosen {runtime.taken.count(way)} times")
for rule in runtime.adoption.rules.values():
    print(f"It would teach: {rule.code}")
