"""WAV files of every encoding, and what is no WAV file."""

from __future__ import annotations

import struct

import numpy as np
import pytest

import spiraltorch_web as st
from spiraltorch_web.errors import ArgumentError, FileFormatError
from spiraltorch_web.io import load_wav, loads_wav, save_wav

LEVELS = np.array([[0.0, 0.5, -1.0], [0.25, -0.75, 0.125]])  # exact in 8 bits


def wav(content: bytes, tag: int, bits: int, channels: int = 2, rate: int = 8000, before: bytes = b"") -> bytes:
    head = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", 16) + head
    body += b"data" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(body)) + body


def encoded(bits: int) -> bytes:
    frames = LEVELS.T.reshape(-1)
    if bits == 8:
        return (frames * 128 + 128).astype(np.uint8).tobytes()
    if bits == 24:
        return b"".join(int(v * (1 << 23)).to_bytes(3, "little", signed=True) for v in frames)
    return (frames * (1 << (bits - 1))).astype(f"<i{bits // 8}").tobytes()


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_levels_of_every_width(bits):
    sound = loads_wav(wav(encoded(bits), 1, bits))
    assert sound.rate == 8000
    np.testing.assert_array_equal(sound.samples.numpy(), LEVELS)


@pytest.mark.parametrize("bits", [32, 64])
def test_floats(bits):
    sound = loads_wav(wav(LEVELS.T.astype(f"<f{bits // 8}").tobytes(), 3, bits))
    np.testing.assert_array_equal(sound.samples.numpy(), LEVELS)


def test_other_chunks_are_passed_over():
    extra = b"LIST" + struct.pack("<I", 3) + b"abc\0"  # an odd length is padded
    assert loads_wav(wav(encoded(16), 1, 16, before=extra)).samples.shape == (2, 3)


def test_written_and_read_again(tmp_path):
    path = tmp_path / "tone.wav"
    samples = np.array([[0.1, -2.0, 1.0, np.nan]], np.float32)
    save_wav(path, st.tensor(samples), 44100)
    sound = load_wav(path)
    assert sound.rate == 44100
    np.testing.assert_allclose(sound.samples.numpy(), [[0.1, -1, 1, 0]], atol=5e-5)
    save_wav(path, st.zeros(3), 8000)
    assert load_wav(path).samples.shape == (1, 3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a WAV file"),
        (b"ID3\x03" + bytes(40), "starts with b'ID3"),
        (wav(encoded(16), 85, 16), "encoding 85 with 16 bits"),
        (wav(encoded(16), 1, 12), "encoding 1 with 12 bits"),
        (wav(encoded(16)[:-1], 1, 16), "no whole number of frames"),
        (wav(encoded(16), 1, 16)[:-2], "cut off in b'data'"),
        (wav(encoded(16), 1, 16, channels=0), "0 channels"),
        (b"RIFF\x04\0\0\0WAVE", "'fmt' is missing"),
    ],
)
def test_what_is_no_sound_is_refused(data, message):
    with pytest.raises(FileFormatError, match=message):
        loads_wav(data, "song.wav")


@pytest.mark.parametrize(("samples", "rate"), [(st.zeros(2, 2, 2), 8000), (st.zeros(3).int(), 8000), (st.zeros(3), 0)])
def test_what_cannot_be_saved(samples, rate, tmp_path):
    with pytest.raises(ArgumentError, match="save_wav"):
        save_wav(tmp_path / "x.wav", samples, rate)
