"""PNG files from the standard library alone."""

from __future__ import annotations

import struct
import zlib

COLOUR_KINDS = {3: 2, 4: 6}  # bytes per pixel -> PNG's colour type


def encode_png(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG file of RGB or RGBA pixels, 8 bits each, the top row first. [PNG 1.2, RFC 2083]"""
    stride = len(pixels) // height
    lines = (b"\0" + pixels[start : start + stride] for start in range(0, len(pixels), stride))
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_KINDS[stride // width], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
