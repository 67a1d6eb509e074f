"""Live spectrogram.

Sound in overlapping frames, each frame turned into its spectrum, painted as it arrives.
Time runs to the right, frequency upwards; bright is loud. By default synthesised chirps; a WAV file or the
microphone are one word away.
"""
# order: 40

import argparse
import math
import random
from array import array

import spiraltorch_web as st
from spiraltorch_web import io, live

SOURCE = "chirps"  # or "microphone", or the name of a WAV file (in the page: File, Give a file to the script)
RATE = 16_000  # samples per second of chirps and microphone
FRAME, HOP, BLOCK = 1024, 256, 8  # samples in a frame, between two frames; frames at a time
BINS, COLUMNS = 256, 400  # of the picture

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--device", help="webgpu or cpu; by default the best there is")
parser.add_argument("--source", default=SOURCE, help="chirps, microphone, or a WAV file")
parser.add_argument("--seconds", type=float, default=12.0, help="of sound")
options = parser.parse_args()
if options.device:
    st.set_device(options.device)


def chirps():
    """Blocks of a rising sweep, a whistle with vibrato, and a little noise."""
    draw, place, sweep, whistle = random.Random(0), 0, 0.0, 0.0
    while True:
        block = array("f")
        for _ in range(HOP * BLOCK):
            time = place / RATE
            sweep += (300 + 1500 * (time % 4.0)) / RATE  # turns: 300 Hz to 6,300 Hz every four seconds
            whistle += (2500 + 300 * math.sin(2 * math.pi * 3 * time)) / RATE
            loud = 0.25 * (time % 1.0 < 0.6)
            tones = 0.5 * math.sin(2 * math.pi * sweep) + loud * math.sin(2 * math.pi * whistle)
            block.append(tones + draw.gauss(0, 0.002))
            place += 1
        yield block


def in_blocks(pieces):
    """The same samples, as many at a time as the picture takes."""
    waiting = array("f")
    for piece in pieces:
        waiting.extend(piece)
        while len(waiting) >= HOP * BLOCK:
            yield waiting[: HOP * BLOCK]
            waiting = waiting[HOP * BLOCK :]


if options.source == "chirps":
    sound, rate = chirps(), RATE
elif options.source == "microphone":
    sound, rate = in_blocks(live.microphone(RATE)), RATE
else:
    samples, rate = io.load_wav(options.source)
    sound = in_blocks([array("f", samples.mean(0).data())])

window = st.tensor([0.5 - 0.5 * math.cos(2 * math.pi * n / FRAME) for n in range(FRAME)])


@st.compile
def paint(block, past, picture):
    """The picture f32[BINS, COLUMNS] with the spectra of a block, and the samples that later frames need."""
    sound = st.cat([past, block])
    frames = sound.unfold(0, FRAME, HOP) * window
    spectrum = st.fft.rfft(frames)[:, : 2 * BINS] * (4 / FRAME)  # a full-scale tone has 0 dB
    decibels = 20 * (abs(spectrum) + 1e-6).log10()
    bright = ((decibels + 80) / 80).clamp(0, 1).reshape(BLOCK, BINS, 2).amax(-1)
    return sound[HOP * BLOCK :], st.cat([picture[:, BLOCK:], bright.T.flip(0)], 1), bright[-1].argmax()


past, picture = st.zeros(FRAME - HOP), st.zeros(BINS, COLUMNS)
blocks = int(options.seconds * rate) // (HOP * BLOCK)
for step, block in zip(st.progress(range(blocks)), sound, strict=False):
    past, picture, loudest = paint(st.tensor(block), past, picture)
    live.add_image("spectrogram", picture, step, colours="ramp")

if blocks:
    heard = (step + 1) * HOP * BLOCK / rate
    print(f"{heard:.2f} s of sound; at the end the loudest tone is near {loudest.item() * rate / FRAME * 2:.0f} Hz")
