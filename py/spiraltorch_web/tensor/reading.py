"""Values leave the device: reading waits for queued work, everything else does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dtypes import as_dtype, bool_
from ..errors import ArgumentError, ShapeError
from ..runtime.realize import read_values, read_values_async, upload
from .convert import nested, unpack
from .core import Tensor
from .format import pretty


def item(x: Tensor) -> bool | int | float:
    """The value of a tensor with one entry."""
    _check_single(x)
    return unpack(read_values([x])[0], x.dtype)[0]


async def item_async(x: Tensor) -> bool | int | float:
    """As `item`, without blocking the event loop."""
    _check_single(x)
    return unpack((await read_values_async([x]))[0], x.dtype)[0]


def _check_single(x: Tensor) -> None:
    if x._node.size != 1:
        raise ShapeError(f"item needs a tensor with one entry, got shape {tuple(x.shape)}; use tolist() or numpy()")


def data(x: Tensor) -> list:
    """All values as a flat list, row after row."""
    return unpack(read_values([x])[0], x.dtype)


def tolist(x: Tensor) -> Any:
    """The values as nested lists; a number for a tensor without axes."""
    return nested(data(x), tuple(x.shape))


async def tolist_async(x: Tensor) -> Any:
    """As `tolist`, without blocking the event loop."""
    return nested(unpack((await read_values_async([x]))[0], x.dtype), tuple(x.shape))


def numpy(x: Tensor) -> Any:
    """The values as a new NumPy array."""
    return _array(read_values([x])[0], x)


async def numpy_async(x: Tensor) -> Any:
    """As `numpy`, without blocking the event loop."""
    return _array((await read_values_async([x]))[0], x)


def _array(values: memoryview, x: Tensor) -> Any:
    import numpy  # only those who ask for arrays need NumPy

    flat = numpy.frombuffer(values, f"<{x.dtype.code}", x._node.size)
    return (flat != 0 if x.dtype is bool_ else flat.copy()).reshape(tuple(x.shape))


def complex_array(parts: Sequence[memoryview], shape: tuple[int, ...]) -> Any:
    """A complex64 array of float32 real and imaginary parts."""
    import numpy

    real, imag = (numpy.frombuffer(part, "<f4") for part in parts)
    result = numpy.empty(real.size, numpy.complex64)
    result.real, result.imag = real, imag
    return result.reshape(shape)


def to_array(x: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    """NumPy's protocol: ``numpy.asarray(tensor)``."""
    if copy is False:
        raise ArgumentError("a tensor's values live on the device: an array of them is always a copy")
    result = numpy(x)
    return result if dtype is None else result.astype(dtype)


def to_bool(x: Tensor) -> bool:
    """Whether the one entry is not zero."""
    if x._node.size != 1:
        raise ShapeError(f"the truth of a tensor of shape {tuple(x.shape)} is ambiguous; use any() or all()")
    return bool(item(x))


def to_float(x: Tensor) -> float:
    """The one entry as a float."""
    return float(item(x))


def to_int(x: Tensor) -> int:
    """The one entry as an int."""
    return int(item(x))


def to_index(x: Tensor) -> int:
    """The one entry of an integer tensor, for use as a Python index."""
    if x.dtype.kind not in "iu" or x._node.size != 1:
        raise ArgumentError(f"only an integer tensor with one entry is an index, got {x.dtype.name}{list(x.shape)}")
    return int(item(x))


def length(x: Tensor) -> int:
    """The length of the first axis."""
    if not x.ndim:
        raise ShapeError("a tensor without axes has no length")
    return x.shape[0]


def contains(x: Tensor, value: Any) -> bool:
    """Whether an entry equals ``value``."""
    return bool((x == value).any())


def allclose(x: Tensor, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all entries are close; see `isclose`."""
    from .composed import isclose
    from .reduction import all as every

    return bool(every(isclose(x, y, rtol, atol, equal_nan)))


def equal(x: Tensor, y: Tensor) -> bool:
    """Whether both have the same shape and entries."""
    return x.shape == y.shape and bool((x == y).all())


def representation(x: Tensor) -> str:
    """The values as PyTorch shows them; shape and dtype where they cannot be read."""
    return pretty(x)


def formatted(x: Tensor, spec: str) -> str:
    """``f"{loss:.3f}"`` for a tensor with one entry."""
    return format(item(x), spec) if spec and x._node.size == 1 else str(x)


def reduced(x: Tensor) -> tuple:
    """Pickle's protocol: values, shape and dtype."""
    return _restored, (type(x), bytes(read_values([x])[0]), tuple(x.shape), x.dtype.name, x.requires_grad)


def _restored(kind: type, values: bytes, shape: tuple[int, ...], dtype: str, requires_grad: bool) -> Tensor:
    result = kind.__new__(kind)
    result._setup(upload(values, shape, as_dtype(dtype)), False, True)
    return result.requires_grad_() if requires_grad else result
