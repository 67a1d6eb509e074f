"""Element types: their names, sizes on a device and WGSL spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .errors import DTypeError


@dataclass(frozen=True)
class DType:
    """One element type. ``itemsize`` counts bytes in device memory; ``code`` is its `array`/`struct` letter there."""

    name: str
    kind: str  # "f" float, "i" signed, "u" unsigned, "b" bool
    itemsize: int
    code: str
    storage: str  # WGSL element type of a buffer
    value: str  # WGSL type that kernels compute with
    rank: int  # place in the promotion order

    def __repr__(self) -> str:
        return f"spiraltorch_web.{self.name}"

    @property
    def is_floating_point(self) -> bool:
        return self.kind == "f"


# bool takes a u32 in memory: WGSL has no host-shareable bool.
bool_ = DType("bool", "b", 4, "I", "u32", "bool", 0)
uint32 = DType("uint32", "u", 4, "I", "u32", "u32", 1)
int32 = DType("int32", "i", 4, "i", "i32", "i32", 2)
float16 = DType("float16", "f", 2, "e", "f16", "f32", 3)
float32 = DType("float32", "f", 4, "f", "f32", "f32", 4)

DTYPES: Mapping[str, DType] = MappingProxyType(
    {
        **{dtype.name: dtype for dtype in (bool_, uint32, int32, float16, float32)},
        # Wider names that users type; WebGPU has no 64-bit arithmetic.
        "float": float32,
        "int": int32,
        "half": float16,
    }
)


def as_dtype(value: DType | str | type) -> DType:
    """The `DType` for a `DType`, a name such as ``"float32"``, or Python's float, int, bool."""
    if isinstance(value, DType):
        return value
    name = value if isinstance(value, str) else getattr(value, "__name__", str(value))
    if name in DTYPES:
        return DTYPES[name]
    raise DTypeError(f"unknown dtype {value!r}; the dtypes are bool, uint32, int32, float16 and float32")


def promote(a: DType, b: DType) -> DType:
    """The common dtype of two operands: the later one of bool < uint32 < int32 < float16 < float32."""
    return a if a.rank >= b.rank else b


def python_dtype(value: object) -> DType:
    """The dtype that a Python scalar stands for."""
    if isinstance(value, bool):
        return bool_
    if isinstance(value, int):
        return int32
    if isinstance(value, float):
        return float32
    raise DTypeError(f"expected a bool, int or float, got {type(value).__name__}")
