"""Denoising by a learnt filter.

Signals of one kind lie buried in noise. A filter that only weighs frequencies learns from examples which of them to
keep, and finds what theory calls the best one, Wiener's.
"""
# order: 41

import argparse
import math

import spiraltorch_web as st
from spiraltorch_web import live, nn, optim

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--steps", type=int, default=300)
options = parser.parse_args()
if options.device:
    st.set_device(options.device)
st.manual_seed(0)

LENGTH, BATCH, NOISE = 512, 32, 1.0
BINS = LENGTH // 2 + 1
# The kind of signal: how strong each frequency is, with two bands of the spectrum.
strength = [9 * math.exp(-(((k - 25) / 9) ** 2)) + 4 * math.exp(-(((k - 70) / 14) ** 2)) + 0.01 for k in range(BINS)]
amplitude = st.tensor([math.sqrt(power) for power in strength])
wiener = st.tensor([power / (power + NOISE**2) for power in strength])


def signals():
    """Random signals f32[BATCH, LENGTH] of that kind, and the same in noise."""
    clean = st.fft.irfft(st.fft.rfft(st.randn(BATCH, LENGTH)) * amplitude)
    return clean, clean + NOISE * st.randn(BATCH, LENGTH)


def filtered(noisy, gain):
    return st.fft.irfft(st.fft.rfft(noisy) * gain)


def decibels(clean, other):
    """How far the signal stands out of what is left of the noise."""
    return 10 * (clean.square().mean() / (other - clean).square().mean()).log10()


knobs = nn.Parameter(st.zeros(BINS))
optimizer = optim.Adam([knobs], lr=0.05)


@st.compile
def train_step():
    clean, noisy = signals()
    loss = (filtered(noisy, knobs.sigmoid()) - clean).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


@st.compile
def listen():
    """One new batch: signal-to-noise ratios before and after, Wiener's, and a piece of the first signal."""
    clean, noisy = signals()
    after = filtered(noisy, knobs.sigmoid())
    ratios = (decibels(clean, other) for other in (noisy, after, filtered(noisy, wiener)))
    return *ratios, (clean[0, :160], noisy[0, :160], after[0, :160])


for step in st.progress(range(options.steps)):
    live.add_scalar("loss", train_step(), step)
    if step % 20 == 0 or step == options.steps - 1:
        before, after, best, pieces = listen()
        live.add_scalars("signal to noise (dB)", {"before": before, "learnt": after, "Wiener": best}, step)
        gains = {"learnt": knobs.sigmoid().tolist(), "Wiener": wiener.tolist()}
        live.add_figure("filter", live.Curves(list(range(BINS)), gains), step)
        clean, noisy, heard = (piece.tolist() for piece in pieces)
        place = list(range(160))
        live.add_figure("signal", live.Curves(place, {"clean": clean, "filtered": heard}, place, noisy), step)

print(f"signal to noise: {before.item():.2f} dB before, {after.item():.2f} dB after, Wiener {best.item():.2f} dB")
