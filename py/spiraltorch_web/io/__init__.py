"""Files: safetensors, NumPy's .npy and .npz, and SpiralTorch's JSON. No format runs code when it is read."""
