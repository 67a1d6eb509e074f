"""The examples about waves as they run in a terminal."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "py")}
    command = [sys.executable, ROOT / "web" / "examples" / f"{name}.py", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200)


@pytest.mark.parametrize("device", ["cpu", "webgpu"])
def test_the_spectrogram_follows_the_sweep(tmp_path, device):
    ended = run(tmp_path, "spectrogram", "--device", device, "--seconds", "3")
    assert ended.returncode == 0, ended.stderr
    # After 2.94 s the sweep that rises by 1,500 Hz a second from 300 Hz is at 4,716 Hz.
    assert abs(float(re.search(r"near (\d+) Hz", ended.stdout)[1]) - 4700) < 100
    assert list(tmp_path.glob("runs/*/spectrogram.png"))


def test_the_spectrogram_of_a_file_in_stereo(tmp_path):
    frames = b"".join(struct.pack("<hh", value, value) for i in range(8000) for value in [20000 * (i // 4 % 2 * 2 - 1)])
    head = struct.pack("<HHIIHH", 1, 2, 8000, 32000, 4, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(frames)) + frames
    (tmp_path / "square.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    ended = run(tmp_path, "spectrogram", "--device", "cpu", "--source", "square.wav", "--seconds", "1")
    assert ended.returncode == 0, ended.stderr
    assert abs(float(re.search(r"near (\d+) Hz", ended.stdout)[1]) - 1000) < 32


def test_the_learnt_filter_reaches_wieners(tmp_path):
    ended = run(tmp_path, "denoising", "--device", "cpu", "--steps", "200")
    assert ended.returncode == 0, ended.stderr
    before, after, best = map(float, re.findall(r"(-?[\d.]+) dB", ended.stdout)[-3:])
    assert before < 0 and after > best - 0.1


def test_no_microphone_in_a_terminal(tmp_path):
    ended = run(tmp_path, "spectrogram", "--device", "cpu", "--source", "microphone")
    assert ended.returncode == 1 and "NoDeviceError" in ended.stderr
