"""The safetensors format: a length, a JSON header and one block of bytes. Nothing in it is ever executed.

Layout: u64 little-endian header length; that many bytes of JSON, ``{name: {"dtype", "shape", "data_offsets"}}`` with
an optional ``__metadata__`` of strings; the tensors' bytes, row-major and little-endian, without gaps.
Source: https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import ArgumentError, FileFormatError
from . import strict_json
from .arrays import ELEMENTS, Array, Element, from_file_bytes, to_file_bytes

__all__ = ["decode", "decode_metadata", "encode"]

# Far above any real model's header (about 100 bytes a tensor), and small enough to parse in a browser tab.
MAX_HEADER_BYTES = 16 << 20
MAX_DIMENSIONS = 32
METADATA = "__metadata__"
ALIGNMENT = 8


@dataclass(frozen=True)
class Entry:
    """One checked row of the header; ``start`` and ``stop`` count from the end of the header."""

    name: str
    element: Element
    shape: tuple[int, ...]
    start: int
    stop: int


def decode(data: bytes) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and the metadata of a safetensors file. Raises FileFormatError, before any array is built."""
    header, body = _split(data)
    metadata = _metadata(header)
    entries = [_entry(name, row) for name, row in header.items() if name != METADATA]
    _check_cover(entries, len(body))
    arrays = {
        entry.name: from_file_bytes(entry.element, entry.shape, body[entry.start : entry.stop]) for entry in entries
    }
    return arrays, metadata


def decode_metadata(data: bytes) -> dict[str, str]:
    """The metadata alone."""
    header, _ = _split(data)
    return _metadata(header)


def encode(arrays: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> bytes:
    """A safetensors file. Metadata are strings; a tensor may not be called ``__metadata__``."""
    header: dict[str, object] = {}
    if metadata:
        header[METADATA] = dict(metadata)
        _metadata(header, ArgumentError)
    blocks: list[bytes] = []
    offset = 0
    if METADATA in arrays:
        raise ArgumentError(f"a tensor may not be called {METADATA!r}; the format keeps that name for itself")
    rows = [(name, value, *to_file_bytes(value)) for name, value in arrays.items()]
    # Wide elements first keep every tensor aligned without padding, which the format forbids.
    for name, value, element, raw in sorted(rows, key=lambda row: (-ELEMENTS[row[2]].itemsize, row[0])):
        header[name] = {"dtype": element, "shape": list(value.shape), "data_offsets": [offset, offset + len(raw)]}
        blocks.append(raw)
        offset += len(raw)
    text = strict_json.dumps(header)
    text += b" " * (-len(text) % ALIGNMENT)
    return b"".join((len(text).to_bytes(8, "little"), text, *blocks))


def _split(data: bytes) -> tuple[dict[str, object], memoryview]:
    """The parsed header and the block behind it."""
    if len(data) < 8:
        raise FileFormatError(f"not a safetensors file: it has {len(data)} bytes and needs at least 8")
    length = int.from_bytes(data[:8], "little")
    if length > MAX_HEADER_BYTES:
        raise FileFormatError(f"safetensors: a header of {length:,} bytes is longer than {MAX_HEADER_BYTES:,}")
    if 8 + length > len(data):
        raise FileFormatError(f"safetensors: a header of {length:,} bytes does not fit a file of {len(data):,}")
    text = data[8 : 8 + length]
    if not text.startswith(b"{"):
        raise FileFormatError("safetensors: the header does not start with '{'")
    header = strict_json.loads(text, "safetensors header")
    if not isinstance(header, dict):
        raise FileFormatError("safetensors: the header is not an object")
    return header, memoryview(data)[8 + length :]


def _metadata(header: Mapping[str, object], error: type[Exception] = FileFormatError) -> dict[str, str]:
    metadata = header.get(METADATA, {})
    if not isinstance(metadata, dict):
        raise error(f"safetensors: {METADATA} has to be an object of strings")
    for key, value in metadata.items():
        if not (isinstance(key, str) and isinstance(value, str)):
            raise error(f"safetensors: metadata are strings, got {key!r}: {value!r}")
    return metadata


def _entry(name: str, row: object) -> Entry:
    """One header row, checked on its own."""
    if not isinstance(row, dict) or set(row) != {"dtype", "shape", "data_offsets"}:
        raise FileFormatError(f"safetensors: {name!r} needs dtype, shape and data_offsets, nothing else")
    code = row["dtype"]
    if not isinstance(code, str) or code not in ELEMENTS:
        raise FileFormatError(f"safetensors: {name!r} has dtype {code!r}; readable are {', '.join(ELEMENTS)}")
    shape = _naturals(row["shape"], f"the shape of {name!r}")
    if len(shape) > MAX_DIMENSIONS:
        raise FileFormatError(f"safetensors: {name!r} has {len(shape)} dimensions, more than {MAX_DIMENSIONS}")
    offsets = _naturals(row["data_offsets"], f"data_offsets of {name!r}")
    if len(offsets) != 2 or offsets[0] > offsets[1]:
        raise FileFormatError(f"safetensors: data_offsets of {name!r} are {list(offsets)}, not a range")
    element = ELEMENTS[code]
    expected = math.prod(shape) * element.itemsize
    if offsets[1] - offsets[0] != expected:
        raise FileFormatError(
            f"safetensors: {name!r} of shape {shape} and dtype {code} takes {expected:,} bytes, "
            f"its data_offsets span {offsets[1] - offsets[0]:,}"
        )
    return Entry(name, element, shape, *offsets)


def _naturals(value: object, what: str) -> tuple[int, ...]:
    """A JSON list of integers ≥ 0 as a tuple."""
    if not isinstance(value, list):
        raise FileFormatError(f"safetensors: {what} has to be a list")
    for item in value:
        if type(item) is not int or item < 0:
            raise FileFormatError(f"safetensors: {what} holds {item!r}, not a whole number ≥ 0")
    return tuple(value)


def _check_cover(entries: list[Entry], size: int) -> None:
    """The ranges follow each other from 0 to ``size``: none overlaps, none is left out."""
    offset = 0
    for entry in sorted(entries, key=lambda entry: (entry.start, entry.stop)):
        if entry.start != offset:
            problem = "overlaps the tensor before it" if entry.start < offset else "leaves a gap before it"
            raise FileFormatError(f"safetensors: {entry.name!r} at {entry.start:,} {problem} (expected {offset:,})")
        offset = entry.stop
    if offset != size:
        raise FileFormatError(f"safetensors: the tensors take {offset:,} bytes, the file holds {size:,}")
