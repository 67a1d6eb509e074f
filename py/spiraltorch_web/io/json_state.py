"""SpiralTorch's JSON form of a state: ``{"parameters": {name: {"rows", "cols", "data"}}}``.

Matrices of float32 are written just so. Arrays of another rank or dtype also carry ``shape`` and ``dtype``, with rows
and columns that describe them folded to a matrix, so that every reader of the plain form still gets the values. Points
of a Poincaré ball carry its ``curvature``.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping

from ..dtypes import DTYPES, DType, bool_, float16, float32
from ..errors import ArgumentError, FileFormatError
from . import strict_json
from .arrays import Array, as_points

__all__ = ["decode", "encode"]

MAX_DIMENSIONS = 32


def encode(arrays: Mapping[str, Array]) -> bytes:
    """The JSON text. Raises ArgumentError for NaN, infinity and float16, which the form cannot hold."""
    return strict_json.dumps({"parameters": {name: _row(name, value) for name, value in arrays.items()}})


def decode(data: bytes) -> dict[str, Array]:
    """The arrays of such a text by name. Raises FileFormatError."""
    tree = strict_json.loads(data, "JSON state")
    if not isinstance(tree, dict) or not isinstance(tree.get("parameters"), dict):
        raise FileFormatError('JSON state: expected an object with "parameters"')
    return {name: _array(name, row) for name, row in tree["parameters"].items()}


def _row(name: str, value: Array) -> dict[str, object]:
    if value.dtype is float16:
        raise ArgumentError(f"{name!r} is float16, which the JSON form does not hold; save it as .safetensors")
    numbers = memoryview(value.data).cast("B").cast(value.dtype.code).tolist() if value.data else []
    if value.dtype.kind == "f" and not all(map(math.isfinite, numbers)):
        raise ArgumentError(f"{name!r} holds NaN or infinity, which JSON cannot; save it as .safetensors")
    cols = value.shape[-1] if value.shape else 1
    row: dict[str, object] = {"rows": value.size // cols if cols else 0, "cols": cols, "data": numbers}
    if len(value.shape) != 2:
        row["shape"] = list(value.shape)
    if value.dtype is not float32:
        row["dtype"] = value.dtype.name
    if value.curvature is not None:
        row["curvature"] = value.curvature
    return row


def _array(name: str, row: object) -> Array:
    if not isinstance(row, dict) or not {"rows", "cols", "data"} <= set(row):
        raise FileFormatError(f"JSON state: {name!r} needs rows, cols and data")
    shape = row.get("shape", [row["rows"], row["cols"]])
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS or not all(type(n) is int and n >= 0 for n in shape):
        raise FileFormatError(f"JSON state: {name!r} has shape {shape!r}")
    data = row["data"]
    if not isinstance(data, list) or len(data) != math.prod(shape):
        found = len(data) if isinstance(data, list) else type(data).__name__
        raise FileFormatError(f"JSON state: {name!r} of shape {shape} needs {math.prod(shape)} numbers, got {found}")
    dtype = _dtype(name, row.get("dtype", "float32"))
    result = Array(dtype, tuple(shape), _numbers(name, data, dtype))
    return as_points(result, row["curvature"], f"JSON state: {name!r}") if "curvature" in row else result


def _dtype(name: str, value: object) -> DType:
    dtype = DTYPES.get(value) if isinstance(value, str) else None
    if dtype is None or dtype is float16:
        raise FileFormatError(f"JSON state: {name!r} has dtype {value!r}")
    return dtype


def _numbers(name: str, data: list, dtype: DType) -> bytes:
    allowed = (int, float) if dtype.kind == "f" else (int,)
    for value in data:
        if type(value) not in allowed or (dtype is bool_ and value not in (0, 1)):
            raise FileFormatError(f"JSON state: {name!r} holds {value!r}, not a {dtype.name}")
    try:
        return array(dtype.code, data).tobytes()
    except OverflowError as error:
        raise FileFormatError(f"JSON state: a number of {name!r} does not fit {dtype.name}") from error
