"""Fractional operators: derivatives of any order, the fractional Laplacian and Fourier transform, Mellin transforms.

All are linear in the signal, have derivatives in it and in their order, and run on every device.
"""

from .differences import gl_diff, gl_weights
from .fourier import frft
from .laplacian import fractional_laplacian
from .mellin import inverse_mellin, log_grid, mellin

__all__ = ["fractional_laplacian", "frft", "gl_diff", "gl_weights", "inverse_mellin", "log_grid", "mellin"]
