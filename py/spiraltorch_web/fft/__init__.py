"""Discrete Fourier transforms with NumPy's names and meaning, on every device, with derivatives of any order.

Any length, any axis, batched over all others. Powers of two take one launch while a line fits workgroup memory, else
a few; other lengths are convolutions with a chirp (Bluestein). Results agree with float64 to a few 1e-7.
"""

from .frequencies import fftfreq, fftshift, ifftshift, rfftfreq
from .learning import learn
from .plans import SpiralKFftPlan, auto_fft_spiralk, auto_fft_wgsl, fft_modules
from .transforms import fft, fft2, fftn, ifft, ifft2, ifftn, irfft, rfft

__all__ = [  # fmt: skip
    "SpiralKFftPlan", "auto_fft_spiralk", "auto_fft_wgsl", "fft", "fft2", "fft_modules", "fftfreq", "fftn", "fftshift",
    "ifft", "ifft2", "ifftn", "ifftshift", "irfft", "learn", "rfft", "rfftfreq",
]  # fmt: skip
