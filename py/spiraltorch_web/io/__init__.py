"""Files: safetensors, NumPy's .npy and .npz, SpiralTorch's JSON, and WAV sound. No format runs code when it is read."""

from .files import load, load_metadata, loads, save, save_async
from .wav import Sound, load_wav, loads_wav, save_wav

__all__ = ["Sound", "load", "load_metadata", "load_wav", "loads", "loads_wav", "save", "save_async", "save_wav"]
