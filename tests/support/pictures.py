"""Pictures as arrays: read from PNG, and written small enough to be kept in the repository."""

from __future__ import annotations

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {2: 3, 6: 4}  # PNG's colour type -> channels of 8 bits


def read_png(data: bytes) -> np.ndarray:
    """u8[height, width, channels] of a file with 8 bits per channel, RGB or RGBA, not interlaced. [RFC 2083]"""
    assert data.startswith(SIGNATURE)
    parts, place = {}, len(SIGNATURE)
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        kind = data[place + 4 : place + 8]
        parts[kind] = parts.get(kind, b"") + data[place + 8 : place + 8 + length]
        place += 12 + length
    width, height, depth, colours, *_ = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert depth == 8
    channels = CHANNELS[colours]
    lines = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, 1 + width * channels)
    above = np.zeros(width * channels, np.uint8)
    rows = []
    for line in lines:
        above = _unfiltered(line[0], line[1:], above, channels)
        rows.append(above)
    return np.stack(rows).reshape(height, width, channels)


def _unfiltered(kind: int, line: np.ndarray, above: np.ndarray, channels: int) -> np.ndarray:
    if kind == 0:
        return line
    if kind == 2:
        return line + above
    row, up = bytearray(line.tobytes()), above.tobytes()
    for place in range(len(row)):
        left = row[place - channels] if place >= channels else 0
        corner = up[place - channels] if place >= channels else 0
        guess = {1: left, 3: (left + up[place]) // 2, 4: _paeth(left, up[place], corner)}[int(kind)]
        row[place] = (row[place] + guess) & 255
    return np.frombuffer(bytes(row), np.uint8)


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


def indexed_png(picture: np.ndarray, colours: int = 256) -> bytes:
    """u8[height, width, 3] as a file of at most 256 colours."""
    height, width, _ = picture.shape
    used, owner, counts = np.unique(picture.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    boxes = _median_cut(used.astype(int), counts, colours)
    entry = np.zeros(len(used), np.uint8)
    for index, box in enumerate(boxes):
        entry[box] = index
    palette = [np.round(np.average(used[box], axis=0, weights=counts[box])) for box in boxes]
    lines = np.zeros((height, 1 + width), np.uint8)
    lines[:, 1:] = entry[owner].reshape(height, width)
    return SIGNATURE + b"".join(
        _chunk(kind, body)
        for kind, body in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", np.array(palette, np.uint8).tobytes()),
            (b"IDAT", zlib.compress(lines.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


def _median_cut(used: np.ndarray, counts: np.ndarray, colours: int) -> list[np.ndarray]:
    """The rows of ``used`` in at most ``colours`` groups of similar ones, each cut from the largest [Heckbert 1982]."""
    boxes = [np.arange(len(used))]
    while len(boxes) < min(colours, len(used)):
        boxes.sort(key=lambda box: np.ptp(used[box], axis=0).max() * counts[box].sum() ** 0.5 * (len(box) > 1))
        box = boxes.pop()
        order = box[np.argsort(used[box][:, np.ptp(used[box], axis=0).argmax()], kind="stable")]
        cut = int(np.searchsorted(np.cumsum(counts[order]), counts[order].sum() / 2))
        cut = min(max(cut, 1), len(order) - 1)
        boxes += [order[:cut], order[cut:]]
    return boxes


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
