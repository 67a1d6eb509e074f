"""Plain arrays between files and tensors: a dtype, a shape and bytes, with no device and no NumPy."""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from ..dtypes import DType, bool_, float16, float32, int32, uint32
from ..errors import DTypeError, FileFormatError

__all__ = ["ELEMENTS", "Array", "Element", "as_points", "from_file_bytes", "to_file_bytes"]


@dataclass(frozen=True)
class Array:
    """A row-major array. ``data`` holds little-endian bytes as in device memory: a bool takes four.

    ``curvature`` is that of the Poincaré ball whose points the rows are, None for other values.
    """

    dtype: DType
    shape: tuple[int, ...]
    data: bytes
    curvature: float | None = None

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Element:
    """How files store one element type, and the dtype that it becomes here.

    ``code`` is the type's `array` letter. Wider types than the device has are narrowed: floats round, integers must
    fit.
    """

    name: str
    itemsize: int
    code: str
    dtype: DType


def _elements() -> dict[str, Element]:
    rows = (
        Element("F64", 8, "d", float32),
        Element("F32", 4, "f", float32),
        Element("F16", 2, "H", float16),
        Element("BF16", 2, "H", float32),
        Element("I64", 8, "q", int32),
        Element("I32", 4, "i", int32),
        Element("I16", 2, "h", int32),
        Element("I8", 1, "b", int32),
        Element("U64", 8, "Q", uint32),
        Element("U32", 4, "I", uint32),
        Element("U16", 2, "H", int32),
        Element("U8", 1, "B", int32),
        Element("BOOL", 1, "B", bool_),
    )
    return {row.name: row for row in rows}


# By the names that safetensors uses.
ELEMENTS: Mapping[str, Element] = MappingProxyType(_elements())


def from_file_bytes(element: Element, shape: tuple[int, ...], raw: bytes, big_endian: bool = False) -> Array:
    """The `Array` for ``raw``, entries of ``element`` in row-major order.

    Raises DTypeError when an integer does not fit 32 bits.
    """
    if element.itemsize == element.dtype.itemsize and not big_endian:
        return Array(element.dtype, shape, bytes(raw))
    values = array(element.code)
    values.frombytes(raw)
    if big_endian is not (sys.byteorder == "big"):
        values.byteswap()
    return Array(element.dtype, shape, _narrow(element, values))


def _narrow(element: Element, values: array) -> bytes:
    """The values as bytes of ``element.dtype``."""
    if element.name == "BOOL":
        return array("I", map(bool, values)).tobytes()
    if element.name == "BF16":  # the upper half of a float32
        return array("I", (bits << 16 for bits in values)).tobytes()
    if element.name == "F16":
        return values.tobytes()
    try:
        return array(element.dtype.code, values).tobytes()
    except OverflowError as error:
        raise DTypeError(
            f"an entry of type {element.name} does not fit {element.dtype.name}, the widest integer of a device"
        ) from error


def as_points(value: Array, curvature: object, what: str) -> Array:
    """The array as points of a ball. FileFormatError if there is no such ball, or one of them lies outside."""
    number = isinstance(curvature, (int, float)) and not isinstance(curvature, bool)
    if not number or not -math.inf < curvature < 0:
        raise FileFormatError(f"{what}: a curvature is a number < 0, got {curvature!r}")
    if value.dtype.name not in ("float32", "float16") or not value.shape:
        raise FileFormatError(f"{what}: points are vectors of floats, not {value.dtype.name} {list(value.shape)}")
    width = max(value.shape[-1], 1)
    squares = [number * number for number in struct.unpack(f"<{value.size}{value.dtype.code}", value.data)]
    for start in range(0, len(squares), width):
        squared = -curvature * math.fsum(squares[start : start + width])
        if not squared < 1.0:
            raise FileFormatError(
                f"{what}: row {start // width} is no point of the ball of curvature {curvature:g}: its norm is "
                f"{math.sqrt(squared / -curvature):.7g}"
            )
    return replace(value, curvature=float(curvature))


def to_file_bytes(value: Array) -> tuple[str, bytes]:
    """The element name and the bytes that a file holds for ``value``."""
    if value.dtype is bool_:
        return "BOOL", bytes(map(bool, memoryview(value.data).cast("I")))
    return f"{value.dtype.kind.upper()}{8 * value.dtype.itemsize}", value.data
