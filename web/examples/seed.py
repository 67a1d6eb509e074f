"""The seed, snippet by snippet.

What the document behind this project shows in Rust, here in Python: text as waves, a tape in the Poincaré ball, Rank-K
plans, a training with roundtable bands and one with BlackCat, gates that end in Z-space, rules for launches, and a fold
of relations.
"""
# order: 12

import argparse

import spiraltorch_web as st
from spiraltorch_web import live
from spiraltorch_web.nn import (
    HyperbolicCrossEntropy,
    Linear,
    MeanSquaredError,
    Relu,
    Sequential,
    ToposResonator,
    WaveGate,
    ZSpaceProjector,
)
from spiraltorch_web.zspace import FractalPatch, UringFractalScheduler

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--epochs", type=int, default=200)
options = parser.parse_args()
if options.device:
    st.set_device(options.device)
st.manual_seed(0)

# --- Python tensors and hypergrads ---
encoder = st.LanguageWaveEncoder(-1.0, 0.6)
target = encoder.encode_z_space("SpiralTorch dances in Z-space")
weights = st.Tensor(*target.shape())
tape = st.Hypergrad(-1.0, 0.05, *target.shape())
tape.accumulate_pair(weights, target)
tape.apply(weights)
print("updated weights", [round(value, 4) for value in weights.data()[:4]], "…")

# --- TopK via the unified entry ---
caps = st.DeviceCaps.wgpu(32, True, 256)  # lane, subgroups, max_wg
plan = st.plan_rank(st.RankKind.TOPK, 64, 1000, 10, caps)
executor = st.WebGpuExecutor() if st.device_info().name == "webgpu" else st.CpuExecutor()
values, indices = st.execute_rank(executor, plan, st.rand(64, 1000))
print("largest of each row", values[:2, 0].tolist())
print("planned for 8 × 65,536", st.plan_topk(rows=8, cols=65_536, k=1_024, device="auto")["choice"])

# --- a training with the roundtable ---
model = Sequential()
model.push(Linear("encoder", 3, 4))
model.push(Relu())
model.push(Linear("head", 4, 2))
trainer = st.ModuleTrainer(caps, -0.95, 0.05, 0.01)
trainer.prepare(model)
schedule = trainer.roundtable(1, 2, st.RoundtableConfig())
dataset = [
    (st.Tensor(1, 3, [0.3, -0.7, 0.1]), st.Tensor(1, 2, [1.0, 0.0])),
    (st.Tensor(1, 3, [-0.1, 0.4, -0.6]), st.Tensor(1, 2, [0.0, 1.0])),
]
loss = MeanSquaredError()
for epoch in st.progress(range(options.epochs), "epoch"):
    stats = trainer.train_epoch(model, loss, dataset, schedule)
    live.add_scalar("loss", stats.average_loss, epoch)
    live.add_scalars("bands", stats.energy._asdict(), epoch)
print(f"epoch loss: {stats.average_loss:.6f}")

logits = model.forward(dataset[0][0])
ce = HyperbolicCrossEntropy(-0.95).forward(logits, dataset[0][1])
print(f"hyperbolic CE: {ce.data()[0]:.6f}")

# --- BlackCat rides along ---
groups = st.ChoiceGroups({"tile": ["128", "256", "512"], "merge": ["bitonic", "shared", "warp"]})
runtime = st.BlackCatRuntime(st.ZMetaParams(), groups, 8, st.SoftBanditMode.TS, None)
trainer = st.ModuleTrainer(caps, -1.0, 0.05, 0.01).with_blackcat(runtime)
model = Sequential()
model.push(Linear("encoder", 4, 4))
schedule = trainer.roundtable(1, 4, st.RoundtableConfig())
pair = (st.Tensor(1, 4, [0.4, -0.2, 0.1, 0.0]), st.Tensor(1, 4, [0.1, 0.2, 0.3, 0.4]))
trainer.prepare(model)
stats = trainer.train_epoch(model, MeanSquaredError(), [pair] * 4, schedule)
print(f"BlackCat saw a loss of {stats.average_loss:.3f} and a drift band of {runtime.drift.mean:.3f}")

# --- gates and projector ---
encoder = st.LanguageWaveEncoder(-0.9, 0.7)
topos = st.OpenCartesianTopos(-0.9, 1e-6, 1e4, 512, 16_384)
projector = ZSpaceProjector(topos, encoder)
text = projector.encode_text("SpiralTorch keeps the open topos alive")
gate = WaveGate("gate", text.shape()[1], encoder, topos)
trainer = st.ModuleTrainer(caps, -0.9, 0.05, 0.01)
trainer.prepare_with_topos(gate, topos)
forward = gate.forward(text)
grad = forward.hadamard(text).scale(1.0 / forward.shape()[0])
gate.backward(text, grad)
trainer.step(gate)

resonator = ToposResonator("res", *forward.shape())
resonator.attach_hypergrad(-0.9, 0.02)
activated = resonator.forward(forward)
schedule = trainer.roundtable(*activated.shape(), st.RoundtableConfig())
bands = schedule.split(activated)
print("bands are lossless:", bands.combine().equal(activated))
energy = schedule.band_energy(activated)
print(f"above energy {energy.above:.3f}, here {energy.here:.3f}, beneath {energy.beneath:.3f}")

# --- rules for launches, and the transform that a plan chooses ---
program = st.spiralk.parse("""
  mk:   sel(sg && (k<=128), 2, sel(k<=2048, 1, 0));
  tile: sel(log2(c)>15.0, 2048, 256);
  soft(mk, 1, 0.20, (k>128)&&(k<=2048));
""")
print("assigned", program.evaluate(r=1024, c=65_536, k=64, sg=True).hard)
print(st.fft.auto_fft_spiralk(1024, 16, 4, True).strip())
print(f"{len(st.fft.auto_fft_wgsl(1024, 16, 4, True)):,} characters of WGSL for a transform")

# --- relations through the ring ---
scheduler = UringFractalScheduler(32)
waves = (encoder.encode_wave(word * 8).abs() for word in ("spiral", "torch!", "waves ", "relate"))
for depth, relation in enumerate(waves):
    scheduler.push(FractalPatch(relation, 0.9, 0.7, depth))
frame = scheduler.fold_coherence()
live.add_image("folded relation", frame / frame.amax(), dataformats="HW", colours="ramp")
print("folded", tuple(frame.shape), f"of weight {scheduler.total_weight():.3f}")
