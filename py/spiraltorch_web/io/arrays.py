"""Plain arrays between files and tensors: a dtype, a shape and bytes, with no device and no NumPy."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..dtypes import DType, bool_, float16, float32, int32, uint32
from ..errors import DTypeError

__all__ = ["ELEMENTS", "Array", "Element", "from_file_bytes", "to_file_bytes"]


@dataclass(frozen=True)
class Array:
    """A row-major array. ``data`` holds little-endian bytes as in device memory: a bool takes four."""

    dtype: DType
    shape: tuple[int, ...]
    data: bytes

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


def to_file_bytes(value: Array) -> tuple[str, bytes]:
    """The element name and the bytes that a file holds for ``value``."""
    if value.dtype is bool_:
        return "BOOL", bytes(map(bool, memoryview(value.data).cast("I")))
    return f"{value.dtype.kind.upper()}{8 * value.dtype.itemsize}", value.data
