"""Text as waves and as points: golden values, what codes say about their texts, and what is no text."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from spiraltorch_web import nn
from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.tensor import ones
from spiraltorch_web.zspace import LanguageWaveEncoder, OpenCartesianTopos

PRINTABLE = [chr(point) for point in range(32, 127)]
TEXTS = ("a", "spiral", "naïve café — 猫と𝕫", "x" * 100)


def cosines(codes: np.ndarray) -> np.ndarray:
    """|cosine| of all pairs of rows."""
    unit = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    return np.abs(unit @ unit.T)[np.triu_indices(len(codes), 1)]


def random_texts(length: int, count: int) -> list[str]:
    draw = random.Random(length)
    return ["".join(draw.choices(PRINTABLE, k=length)) for _ in range(count)]


def test_the_wave_of_spiral(device):
    wave = LanguageWaveEncoder(-1.0, 0.5).encode_wave("spiral")
    assert wave.shape == (1, 6)
    np.testing.assert_allclose(wave.numpy()[0, :2], [1.904138, -0.234088 + 0.330522j], atol=2e-6)


@pytest.mark.parametrize("text", TEXTS)
def test_waves_are_fourier_transforms(device, text):
    n = len(text)
    signal = [((ord(c) % 1024) / 1024 + abs(math.sin((i + 1) / n))) * 0.7 for i, c in enumerate(text)]
    found = LanguageWaveEncoder(-0.5, 0.7).encode_wave(text).numpy()[0]
    # Sums of n float32 terms below 2.
    np.testing.assert_allclose(found, np.fft.fft(signal), atol=4e-6 * n)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("curvature", [-1.0, -0.04, -25.0])
def test_codes_lie_at_twice_the_temperature_from_the_origin(text, curvature):
    encoder = LanguageWaveEncoder(curvature, 0.6)
    radius = math.tanh(math.sqrt(-curvature) * 0.6) / math.sqrt(-curvature)
    for code, width in ((encoder.encode_z_space(text), 2 * len(text)), (encoder.encode_z_space(text, width=40), 40)):
        assert code.shape == (1, width)
        assert np.linalg.norm(code.numpy()) == pytest.approx(radius, rel=1e-5)


def test_no_temperature_leaves_the_ball():
    for encoder in (LanguageWaveEncoder(-1.0, 50.0), LanguageWaveEncoder(-4.0, 1e30)):
        norms = np.linalg.norm(encoder.encode_z_space(random_texts(30, 50), width=64).numpy(), axis=1)
        assert norms.max() * math.sqrt(-encoder.curvature) < 1.0


def test_codes_are_unitary_transforms_of_unit_phases():
    """The cosine of two codes is that of their signals: characters that agree in place count 1 each."""
    encoder = LanguageWaveEncoder(-1.0, 1.0)
    first, second = (encoder.encode_z_space(text).numpy()[0] for text in ("abcdefgh", "abcdefgX"))
    apart = np.array([encoder.encode_z_space(text).numpy()[0] for text in "hX"])
    alone = (apart[0] @ apart[1]) / (np.linalg.norm(apart[0]) * np.linalg.norm(apart[1]))
    cosine = first @ second / (np.linalg.norm(first) * np.linalg.norm(second))
    assert cosine == pytest.approx((7 + alone) / 8, abs=1e-5)


def test_codes_carry_content():
    """The figures of content: unrelated texts are nearly orthogonal, similar ones are close, equal ones equal."""
    encoder = LanguageWaveEncoder(-1.0, 1.0)
    print(f"\n{'n':>5} {'mean |cosine|':>14} {'of width 256':>13} {'1/√(πn)':>8}")
    for n in (1, 2, 3, 6, 9, 12, 20, 50, 100, 400):
        texts = random_texts(n, 120 if n < 12 else 60)
        whole = cosines(np.concatenate([encoder.encode_z_space(text).numpy() for text in texts])).mean()
        fixed = cosines(encoder.encode_z_space(texts, width=256).numpy()).mean()
        print(f"{n:>5} {whole:>14.3f} {fixed:>13.3f} {1 / math.sqrt(math.pi * n):>8.3f}")
        assert whole <= (0.2 if n >= 12 else 1.25 / math.sqrt(math.pi * n))
        assert fixed <= 0.2
    for text in random_texts(100, 20):
        changed = text[:50] + ("x" if text[50] != "x" else "y") + text[51:]
        for width in (None, 256):
            pair = np.concatenate([encoder.encode_z_space(entry, width).numpy() for entry in (text, changed)])
            assert cosines(pair)[0] >= 0.9


def test_equal_texts_have_equal_codes(device):
    encoder = LanguageWaveEncoder(-1.0, 1.0)
    texts = ["one text", "a longer text than the other", "one text"]
    codes = encoder.encode_z_space(texts, width=33).numpy()
    assert codes.shape == (3, 33)
    assert np.array_equal(codes[0], codes[2])
    np.testing.assert_allclose(codes[1:2], encoder.encode_z_space(texts[1], width=33).numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ("", "''"),
        ("a\ud800b", r"U\+D800 at place 1"),
        (b"bytes", "got bytes"),
        (None, "got NoneType"),
    ],
)
def test_what_is_no_text_is_named_and_changes_nothing(bad, named):
    encoder = LanguageWaveEncoder(-1.0, 1.0)
    gate = nn.WaveGate(8, encoder)
    before = gate(ones(1, 8)).tolist()
    tape = nn.Linear(4, 4)
    tape.attach_hypergrad(-1.0, 0.1)
    for take in (
        encoder.encode_wave,
        lambda text: encoder.encode_z_space(text, width=8),
        lambda text: encoder.encode_z_space([text], width=8),
        gate.infuse_text,
        lambda text: tape.hypergrads()["weight"].absorb_text(encoder, text),
    ):
        with pytest.raises(ArgumentError, match=named):
            take(bad)
    assert gate(ones(1, 8)).tolist() == before
    assert tape.hypergrads()["weight"].depth == 0


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: LanguageWaveEncoder(0.0, 1.0), "0.0"),
        (lambda: LanguageWaveEncoder(1.0, 1.0), "1.0"),
        (lambda: LanguageWaveEncoder(-1.0, 0.0), "temperature.*0.0"),
        (lambda: LanguageWaveEncoder(-1.0, math.nan), "temperature.*nan"),
        (lambda: LanguageWaveEncoder(-1.0).encode_z_space("a", width=0), "width.*0"),
        (lambda: LanguageWaveEncoder(-1.0).encode_z_space(["a", "b"]), "width"),
        (lambda: LanguageWaveEncoder(-1.0).encode_z_space([], width=4), "empty"),
        (lambda: nn.WaveGate(4, LanguageWaveEncoder(-1.0), OpenCartesianTopos(-0.9)), "-0.9"),
        (lambda: nn.ZSpaceProjector(OpenCartesianTopos(-0.9), LanguageWaveEncoder(-1.0)), "-0.9"),
    ],
)
def test_bad_settings_are_named(make, named):
    with pytest.raises(ArgumentError, match=named):
        make()
