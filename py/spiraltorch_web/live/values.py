"""From what users pass (tensors, arrays, nested lists, plain numbers) to flat floats with a shape."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import ArgumentError, ShapeError

__all__ = ["Numbers", "is_tensor", "numbers", "numbers_together", "read_tensors"]


class Numbers:
    """Flat float32 values with a shape."""

    def __init__(self, values: array, shape: tuple[int, ...]) -> None:
        self.values = values
        self.shape = shape

    def need_rank(self, name: str, *ranks: int) -> None:
        """ShapeError unless the rank is one of `ranks`."""
        if len(self.shape) not in ranks:
            fitting = " or ".join(str(rank) for rank in ranks)
            raise ShapeError(f"{name} needs {fitting} dimensions; got shape {self.shape}")


def is_tensor(value: Any) -> bool:
    """Whether the value lives on a device, so that reading it costs a round trip."""
    return hasattr(value, "item_async")


def read_tensors(tensors: Sequence[Any]) -> list[list[float]]:
    """The values of several tensors, flat, in one round trip. The one place where `st.live` reads the device."""
    from ..runtime.realize import read_values  # tensors are there, so the engine is loaded
    from ..tensor.convert import unpack

    blocks = read_values(tensors)
    return [unpack(block, tensor.dtype) for block, tensor in zip(blocks, tensors, strict=True)]


def numbers(name: str, value: Any) -> Numbers:
    """Take a tensor, anything with the array interface, nested sequences or a number."""
    if is_tensor(value):
        return Numbers(array("f", read_tensors([value])[0]), tuple(value.shape))
    if hasattr(value, "tolist") and hasattr(value, "shape"):
        shape = tuple(value.shape)
        return Numbers(array("f", _flat(value.tolist())), shape)
    shape = _shape(name, value)
    return Numbers(array("f", _flat(value)), shape)


def numbers_together(named: Mapping[str, Any]) -> list[Numbers]:
    """As `numbers` for several values by name; their tensors are read in one round trip."""
    tensors = [value for value in named.values() if is_tensor(value)]
    read = iter(read_tensors(tensors) if tensors else ())
    return [
        Numbers(array("f", next(read)), tuple(value.shape)) if is_tensor(value) else numbers(name, value)
        for name, value in named.items()
    ]


def _shape(name: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, (int, float)):
        return ()
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        raise ArgumentError(f"{name} takes a tensor, an array or (nested) lists of numbers; got {type(value).__name__}")
    if len(value) == 0:
        return (0,)
    inner = {_shape(name, item) for item in value}
    if len(inner) > 1:
        raise ShapeError(f"{name} needs rows of equal length; got rows of shapes {sorted(inner)}")
    return (len(value), *inner.pop())


def _flat(value: Any) -> Iterator[float]:
    if isinstance(value, (int, float)):
        yield float(value)
        return
    for item in value:
        yield from _flat(item)
