"""Sound: WAV files with 8, 16, 24 or 32 bits or floats, to tensors and back.

Layout: "RIFF", a length (u32), "WAVE", then chunks of a name, a length and as many bytes, padded to an even number;
"fmt " says what "data" holds. Source: Microsoft and IBM, Multimedia Programming Interface and Data Specifications
1.0, 1991, and WAVE_FORMAT_EXTENSIBLE.
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..dtypes import float32
from ..errors import ArgumentError, FileFormatError
from ..runtime.realize import read_values
from ..tensor import Tensor, tensor

__all__ = ["Sound", "load_wav", "loads_wav", "save_wav"]

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
FULL_SCALE = 32767


class Sound(NamedTuple):
    """``samples`` f32[channels, n] in −1 … 1, ``rate`` of them per second."""

    samples: Tensor
    rate: int


class _Format(NamedTuple):
    tag: int
    channels: int
    rate: int
    bits: int


def load_wav(path: str | os.PathLike) -> Sound:
    """The sound of a WAV file. Raises FileFormatError for what is damaged, compressed or no WAV file."""
    return loads_wav(Path(path).read_bytes(), os.fspath(path))


def loads_wav(data: bytes, what: str = "wav") -> Sound:
    """As `load_wav`, from bytes; ``what`` names them in errors."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise FileFormatError(f"{what}: not a WAV file, it starts with {bytes(data[:12])!r}")
    format, frames = None, None
    for name, content in _chunks(data, what):
        if name == b"fmt ":
            format = _format(content, what)
        elif name == b"data":
            frames = content
    if format is None or frames is None:
        raise FileFormatError(f"{what}: the chunk {'data' if format else 'fmt'!r} is missing")
    if len(frames) % (format.channels * format.bits // 8):
        raise FileFormatError(
            f"{what}: {len(frames):,} bytes are no whole number of frames of {format.channels} × {format.bits} bits"
        )
    values = tensor(_floats(frames, format))
    return Sound(values.reshape(-1, format.channels).T, format.rate)


def save_wav(path: str | os.PathLike, samples: Tensor, rate: int) -> None:
    """Write f32[n] or f32[channels, n] as 16-bit PCM; what lies beyond −1 … 1 is clipped, NaN is silence."""
    if samples.ndim not in (1, 2) or samples.dtype.kind != "f":
        raise ArgumentError(
            f"save_wav takes floats [n] or [channels, n], got {samples.dtype.name}{list(samples.shape)}"
        )
    if not isinstance(rate, int) or not 0 < rate < 1 << 31:
        raise ArgumentError(f"save_wav: a rate is a positive number of samples per second, got {rate!r}")
    channels = 1 if samples.ndim == 1 else samples.shape[0]
    if not 0 < channels < 1 << 16:
        raise ArgumentError(f"save_wav: a WAV file has 1 to 65,535 channels, got {channels}")
    (values,) = read_values([(samples if samples.ndim == 1 else samples.T).to(float32)])
    levels = array("h", (_level(value) for value in values.cast("B").cast("f")[: samples.numel()]))
    content = _little(levels).tobytes()
    step = 2 * channels
    head = struct.pack("<HHIIHH", PCM, channels, rate, rate * step, step, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(content)) + content
    Path(path).write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)


def _level(value: float) -> int:
    return round(max(-1.0, min(1.0, value)) * FULL_SCALE) if value == value else 0


def _chunks(data: bytes, what: str) -> Iterator[tuple[bytes, bytes]]:
    place = 12
    while place + 8 <= len(data):
        name, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if place + 8 + length > len(data):
            raise FileFormatError(
                f"{what}: cut off in {name!r}, which has {length:,} bytes; {len(data) - place - 8:,} are there"
            )
        yield name, data[place + 8 : place + 8 + length]
        place += 8 + length + length % 2


def _format(content: bytes, what: str) -> _Format:
    if len(content) < 16:
        raise FileFormatError(f"{what}: the chunk 'fmt ' has {len(content)} bytes; 16 are the least")
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", content[:16])
    if tag == EXTENSIBLE and len(content) >= 26:
        tag = int.from_bytes(content[24:26], "little")
    if (tag, bits) not in ((PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)):
        raise FileFormatError(
            f"{what}: encoding {tag} with {bits} bits is not read; PCM (1) with 8, 16, 24 or 32 and floats (3) are"
        )
    if not channels or not rate:
        raise FileFormatError(f"{what}: {channels} channels at {rate} samples per second are no sound")
    return _Format(tag, channels, rate, bits)


def _floats(frames: bytes, format: _Format) -> array:
    """The samples in −1 … 1, channel by channel in each frame."""
    if format.tag == FLOAT:
        values = _little(array("f" if format.bits == 32 else "d", frames))
        return values if format.bits == 32 else array("f", values)
    if format.bits == 8:
        return array("f", [(level - 128) / 128 for level in frames])
    if format.bits == 24:  # three bytes each, to the upper end of four
        wide = bytearray(len(frames) // 3 * 4)
        for byte in range(3):
            wide[byte + 1 :: 4] = frames[byte::3]
        frames = bytes(wide)
    levels = _little(array("h" if format.bits == 16 else "i", frames))
    scale = 1 / (1 << (15 if format.bits == 16 else 31))
    return array("f", [level * scale for level in levels])


def _little(values: array) -> array:
    """Between this machine's order of bytes and the file's."""
    if sys.byteorder == "big":
        values.byteswap()
    return values
