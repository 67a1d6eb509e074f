"""Complex numbers on a device: `ComplexTensor` and what makes them."""

from .making import as_complex, joined, polar, stacked
from .parts import parts_of
from .tensor import ComplexTensor, complex64

__all__ = ["ComplexTensor", "as_complex", "complex64", "joined", "parts_of", "polar", "stacked"]
