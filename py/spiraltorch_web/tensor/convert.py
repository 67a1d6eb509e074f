"""Values between Python and a device: nested lists, NumPy arrays and other buffers, and back."""

from __future__ import annotations

import struct
import sys
from array import array
from typing import Any, NamedTuple

from ..dtypes import DType, as_dtype, bool_, float16, float32, int32, uint32
from ..errors import DTypeError, ShapeError
from ..ir.node import Shape

# What the element types of buffers and arrays become; 64-bit numbers become 32-bit ones.
_FORMATS = {
    "?": bool_,
    **dict.fromkeys("bBhHilqQ", int32),
    **dict.fromkeys("IL", uint32),
    "e": float16,
    "f": float32,
    "d": float32,
}
_NUMBERS = frozenset({bool, int, float})
_RANGES = {"i": (-(2**31), 2**31 - 1), "u": (0, 2**32 - 1)}


class Values(NamedTuple):
    """Entries in device form (see `spiraltorch_web.dtypes`), row after row; of integers the least and the largest."""

    data: Any  # bytes-like
    shape: Shape
    dtype: DType
    bounds: tuple[int, int] | None = None


def values_of(data: Any, dtype: Any = None) -> Values:
    """Entries of a number, a nested sequence, a NumPy array or anything with the buffer protocol.

    The dtype follows from the data unless given: float64 becomes float32, and int64 becomes int32 where every value
    fits. DTypeError and ShapeError name what does not.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    numpy = sys.modules.get("numpy")  # an array can only come from a NumPy that is loaded already
    if numpy is not None and isinstance(data, (numpy.ndarray, numpy.generic)):
        return _from_numpy(numpy, data, wanted)
    if hasattr(data, "__array__") and not isinstance(data, (memoryview, array)):
        import numpy

        return _from_numpy(numpy, numpy.asarray(data), wanted)
    if isinstance(data, (memoryview, array, bytearray, bytes)):
        view = memoryview(data)
        flat = view.cast("B").cast(view.format) if view.ndim > 1 else view
        return _packed(flat.tolist(), tuple(view.shape), wanted or _format_dtype(view.format))
    entries: list = []
    shape = _flattened(data, entries)
    return _packed(entries, shape, wanted or _common(entries))


def _from_numpy(numpy: Any, data: Any, wanted: DType | None) -> Values:
    data = numpy.asarray(data)
    if data.dtype.kind not in "?biuf":
        raise DTypeError(f"an array of dtype {data.dtype} has no counterpart; convert it to float32 or int32 first")
    dtype, bounds = wanted or _numpy_dtype(data.dtype), None
    if dtype.kind in "iu" and data.dtype.kind in "iu" and data.size:
        bounds = _checked_range(int(data.min()), int(data.max()), dtype)
    stored = (data != 0) if dtype is bool_ else data
    contiguous = numpy.ascontiguousarray(stored, _device_format(dtype))
    return Values(memoryview(contiguous).cast("B") if data.size else b"", data.shape, dtype, bounds)


def _numpy_dtype(dtype: Any) -> DType:
    if dtype.kind == "b":
        return bool_
    if dtype.kind == "f":
        return float16 if dtype.itemsize == 2 else float32
    return uint32 if dtype.kind == "u" and dtype.itemsize == 4 else int32


def _device_format(dtype: DType) -> str:
    """The `struct` letter of an entry in device memory, little-endian as on every WebGPU device."""
    return f"<{dtype.code}"


def _format_dtype(letter: str) -> DType:
    found = _FORMATS.get(letter.lstrip("@=<"))
    if found is None:
        raise DTypeError(f"a buffer of format {letter!r} has no counterpart; use float32 or int32")
    return found


def _flattened(data: Any, entries: list) -> Shape:
    """Append the entries of a nested sequence and return its shape. ShapeError where rows differ in length."""
    if isinstance(data, (bool, int, float)):
        entries.append(data)
        return ()
    if hasattr(data, "_node") or hasattr(data, "__array__"):
        shape, inner = _array_like(data)
        entries.extend(inner)
        return shape
    if isinstance(data, (list, tuple, range)):
        if _NUMBERS.issuperset(map(type, data)):
            entries.extend(data)
            return (len(data),)
        shapes = [_flattened(item, entries) for item in data]
        if any(shape != shapes[0] for shape in shapes):
            other = next(shape for shape in shapes if shape != shapes[0])
            raise ShapeError(f"tensor needs rows of one shape, got {shapes[0]} and {other}")
        return (len(shapes), *(shapes[0] if shapes else ()))
    raise DTypeError(f"tensor takes numbers, nested sequences, arrays and buffers, got {type(data).__name__}")


def _array_like(data: Any) -> tuple[Shape, list]:
    """Shape and flat entries of a tensor or array that stands inside a list."""
    rows = data.tolist()
    entries: list = []
    return _flattened(rows, entries), entries


def _common(entries: list) -> DType:
    kinds = set(map(type, entries))
    if kinds <= {bool} and kinds:
        return bool_
    return int32 if kinds and all(issubclass(kind, int) for kind in kinds) else float32


def _checked_range(low: int, high: int, dtype: DType) -> tuple[int, int]:
    first, last = _RANGES[dtype.kind]
    if low < first or high > last:
        raise DTypeError(f"values from {low} to {high} do not fit {dtype.name}, which holds {first} to {last}")
    return low, high


def _packed(entries: list, shape: Shape, dtype: DType) -> Values:
    if dtype.kind in "iu":
        whole = [int(entry) for entry in entries]
        bounds = _checked_range(min(whole), max(whole), dtype) if whole else None
        return Values(array(dtype.code, whole), shape, dtype, bounds)
    return Values(_pack(entries, dtype), shape, dtype)


def _pack(entries: list, dtype: DType) -> Any:
    """Floats and bools in device form."""
    if dtype.kind == "b":
        return array("I", [1 if entry else 0 for entry in entries])
    try:
        if dtype is float16:
            return struct.pack(f"<{len(entries)}e", *entries)
        return array("f", entries)
    except OverflowError as error:
        raise DTypeError(f"a value does not fit {dtype.name}: {error}") from error


def unpack(data: memoryview, dtype: DType) -> list:
    """Numbers from device form."""
    if dtype is float16:
        return list(struct.unpack(f"<{len(data) // 2}e", data))
    entries = data.cast("B").cast(dtype.code).tolist()
    return [entry != 0 for entry in entries] if dtype is bool_ else entries


def nested(entries: list, shape: Shape) -> Any:
    """A flat list as nested lists of a shape; the entry itself for shape ()."""
    if not shape:
        return entries[0]
    for axis in range(len(shape) - 1, 0, -1):
        size, count = shape[axis], 1
        for length in shape[:axis]:
            count *= length
        entries = [entries[i * size : (i + 1) * size] for i in range(count)]
    return entries
