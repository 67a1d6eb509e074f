"""Complex tensors made of other values and of each other."""

from __future__ import annotations

from typing import Any

from ..tensor import cat, cos, sin, stack
from .tensor import ComplexTensor


def as_complex(value: Any) -> ComplexTensor:
    """The value itself if it is a `ComplexTensor`, else one made of it; real values get a zero imaginary part."""
    return value if isinstance(value, ComplexTensor) else ComplexTensor(value)


def polar(abs: Any, angle: Any) -> ComplexTensor:
    """The complex numbers with these absolute values and angles."""
    return ComplexTensor(abs * cos(angle), abs * sin(angle))


def joined(values: Any, dim: int = 0) -> ComplexTensor:
    """Complex (or real) tensors one after another along an axis, as `st.cat`."""
    parts = [as_complex(value) for value in values]
    return ComplexTensor(cat([part.real for part in parts], dim), cat([part.imag for part in parts], dim))


def stacked(values: Any, dim: int = 0) -> ComplexTensor:
    """Complex (or real) tensors along a new axis, as `st.stack`."""
    parts = [as_complex(value) for value in values]
    return ComplexTensor(stack([part.real for part in parts], dim), stack([part.imag for part in parts], dim))
