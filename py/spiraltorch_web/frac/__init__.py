"""Fractional operators: derivatives of any order, the fractional Laplacian and Fourier transform, Mellin transforms.

All are linear in the signal, have derivatives in it and in their order, and run on every device. The package can also
be called: ``st.frac(x)`` is PyTorch's function of that name, x − trunc(x).
"""

import sys
from types import ModuleType
from typing import Any

from ..tensor import Tensor
from ..tensor.composed import frac as fractional_part
from .differences import gl_diff, gl_weights
from .fourier import frft
from .laplacian import fractional_laplacian
from .mellin import inverse_mellin, log_grid, mellin


class _CallableModule(ModuleType):
    def __call__(self, x: Any) -> Tensor:
        """x − trunc(x)."""
        return fractional_part(x)


sys.modules[__name__].__class__ = _CallableModule

__all__ = ["fractional_laplacian", "frft", "gl_diff", "gl_weights", "inverse_mellin", "log_grid", "mellin"]
