"""NumPy's .npy and .npz files, without NumPy and without pickles.

Layout of .npy: ``\\x93NUMPY``, two version bytes, the header's length (u16 in version 1, u32 after), a Python dict
literal with descr, fortran_order and shape, padding, then the entries. A .npz file is a zip archive of such files.
Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import FileFormatError
from .arrays import ELEMENTS, Array, Element, from_file_bytes, to_file_bytes

__all__ = ["decode_npy", "decode_npz", "encode_npy", "encode_npz"]

MAGIC = b"\x93NUMPY"
ALIGNMENT = 64
MAX_HEADER_BYTES = 1 << 16
MAX_DIMENSIONS = 32
# What a .npz archive may unpack to: deflate shrinks zeros a thousandfold, so a small file could ask for all memory.
MAX_UNPACKED_BYTES = 2 << 30

# All the ways in which zipfile answers damage; RuntimeError is an encrypted member.
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, UnicodeError, LookupError, OverflowError)

ELEMENT_OF_DESCR = {
    **{f"f{ELEMENTS[name].itemsize}": ELEMENTS[name] for name in ("F64", "F32", "F16")},
    **{f"i{ELEMENTS[name].itemsize}": ELEMENTS[name] for name in ("I64", "I32", "I16", "I8")},
    **{f"u{ELEMENTS[name].itemsize}": ELEMENTS[name] for name in ("U64", "U32", "U16", "U8")},
    "b1": ELEMENTS["BOOL"],
}
DESCR_OF_ELEMENT = {"F32": "<f4", "F16": "<f2", "I32": "<i4", "U32": "<u4", "BOOL": "|b1"}

# The header is a Python literal of one fixed form; matching that form is simpler and safer than evaluating it.
FIELD = re.compile(
    r"""\s*'(?P<key>\w+)'\s*:\s*
    (?:'(?P<text>[^']*)'|(?P<flag>True|False)|\((?P<numbers>[\d\s,]*)\)|(?P<other>[^,}]+))
    \s*(?P<end>,?)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Header:
    """What a .npy header says; ``start`` is the offset of the entries."""

    element: Element
    big_endian: bool
    fortran_order: bool
    shape: tuple[int, ...]
    start: int

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.element.itemsize


def decode_npy(data: bytes, what: str = "npy") -> Array:
    """The array of a .npy file. ``what`` names the file in errors. Raises FileFormatError."""
    header = _header(data, what)
    if len(data) - header.start != header.nbytes:
        raise FileFormatError(
            f"{what}: shape {header.shape} takes {header.nbytes:,} bytes, the file holds {len(data) - header.start:,}"
        )
    raw = data[header.start :]
    if header.fortran_order:
        raw = _row_major(array(header.element.code, raw), header.shape).tobytes()
    return from_file_bytes(header.element, header.shape, raw, header.big_endian)


def encode_npy(value: Array) -> bytes:
    """A .npy file, version 1.0."""
    element, raw = to_file_bytes(value)
    text = f"{{'descr': '{DESCR_OF_ELEMENT[element]}', 'fortran_order': False, 'shape': {value.shape!r}, }}"
    padding = -(len(MAGIC) + 4 + len(text) + 1) % ALIGNMENT
    header = (text + " " * padding + "\n").encode("latin1")
    return b"".join((MAGIC, b"\x01\x00", len(header).to_bytes(2, "little"), header, raw))


def decode_npz(data: bytes) -> dict[str, Array]:
    """The arrays of a .npz archive by name. Raises FileFormatError when any of them is bad."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _members(archive.infolist())
            return {name: decode_npy(archive.read(info), f"npz: {name!r}") for name, info in members.items()}
    except ZIP_ERRORS as error:
        raise FileFormatError(f"npz: not a readable zip archive ({error or type(error).__name__})") from error


def encode_npz(arrays: Mapping[str, Array]) -> bytes:
    """A .npz archive of uncompressed members, as `numpy.savez` writes it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, value in arrays.items():
            # A fixed date keeps equal contents equal files.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), encode_npy(value))
    return target.getvalue()


def _members(infos: Sequence[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The archive's members by array name, checked before anything is unpacked."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if not info.filename.endswith(".npy"):
            raise FileFormatError(f"npz: {info.filename!r} is not a .npy member")
        name = info.filename.removesuffix(".npy")
        if name in members:
            raise FileFormatError(f"npz: {name!r} appears twice")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileFormatError(f"npz: {name!r} is packed by method {info.compress_type}; only deflate is read")
        members[name] = info
    total = sum(info.file_size for info in members.values())
    if total > MAX_UNPACKED_BYTES:
        raise FileFormatError(f"npz: it unpacks to {total:,} bytes, more than the {MAX_UNPACKED_BYTES:,} allowed")
    return members


def _header(data: bytes, what: str) -> Header:
    if not data.startswith(MAGIC) or len(data) < 10:
        raise FileFormatError(f"{what}: not a .npy file, it starts with {bytes(data[:6])!r}")
    major = data[6]
    if major not in (1, 2, 3):
        raise FileFormatError(f"{what}: .npy version {major} is unknown; readable are 1, 2 and 3")
    start = 10 if major == 1 else 12
    length = int.from_bytes(data[8:start], "little")
    if length > MAX_HEADER_BYTES or start + length > len(data):
        raise FileFormatError(f"{what}: a header of {length:,} bytes does not fit a file of {len(data):,}")
    fields = _fields(data[start : start + length].decode("utf-8", "replace"), what)
    element, big_endian = _element(fields["descr"], what)
    return Header(element, big_endian, fields["fortran_order"], fields["shape"], start + length)


def _fields(text: str, what: str) -> dict:
    """The header's three fields, of their right types."""
    body = text.strip()
    if not (body.startswith("{") and body.endswith("}")):
        raise FileFormatError(f"{what}: the header is not a dict")
    fields: dict[str, object] = {}
    position, stop = 1, len(body) - 1
    while body[position:stop].strip():
        match = FIELD.match(body, position, stop)
        if match is None or match["other"] or match["key"] in fields:
            raise FileFormatError(f"{what}: the header cannot be read at {body[position : position + 40]!r}")
        fields[match["key"]] = _value(match, what)
        position = match.end()
        if not match["end"]:
            break
    types = {"descr": str, "fortran_order": bool, "shape": tuple}
    if body[position:stop].strip() or {key: type(value) for key, value in fields.items()} != types:
        raise FileFormatError(f"{what}: the header needs descr, fortran_order and shape, got {body[:200]!r}")
    return fields


def _value(match: re.Match[str], what: str) -> str | bool | tuple[int, ...]:
    if match["text"] is not None:
        return match["text"]
    if match["flag"] is not None:
        return match["flag"] == "True"
    numbers = [part.strip() for part in match["numbers"].split(",")]
    if numbers[-1] == "":
        numbers.pop()
    if len(numbers) > MAX_DIMENSIONS or not all(re.fullmatch("[0-9]{1,19}", number) for number in numbers):
        raise FileFormatError(f"{what}: {match['numbers'][:80]!r} is not a shape")
    return tuple(int(part) for part in numbers)


def _element(descr: str, what: str) -> tuple[Element, bool]:
    """The element type of a descr such as '<f4', and whether it is big-endian."""
    if "O" in descr:
        raise FileFormatError(f"{what}: it holds pickled objects, which could run code; such files are refused")
    order, name = descr[:1], descr[1:]
    if order not in "<>|=" or name not in ELEMENT_OF_DESCR:
        raise FileFormatError(f"{what}: dtype {descr!r} is not readable; use f2, f4, f8, i1 … i8, u1 … u8 or b1")
    return ELEMENT_OF_DESCR[name], order == ">"


def _row_major(values: array, shape: tuple[int, ...]) -> array:
    """Column-major entries in row-major order: entry i of the first axis is every shape[0]-th value from i on."""
    if len(shape) < 2 or not values:
        return values
    result = array(values.typecode)
    for index in range(shape[0]):
        result += _row_major(values[index :: shape[0]], shape[1:])
    return result
