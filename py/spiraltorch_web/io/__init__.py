"""Files: safetensors, NumPy's .npy and .npz, and SpiralTorch's JSON. No format runs code when it is read."""

from .files import load, load_metadata, loads, save, save_async

__all__ = ["load", "load_metadata", "loads", "save", "save_async"]
