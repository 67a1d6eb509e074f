"""Write golden.json with PyTorch (2.13.0, CPU): ``python -m tests.parity.make_golden`` where torch is installed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from tests.parity.golden_cases import CASES


def operands() -> dict[str, np.ndarray]:
    """The values that every case starts from."""
    random = np.random.default_rng(0)
    return {
        "x": random.uniform(-1, 1, (3, 4, 5)).round(4).astype(np.float32),
        "y": random.uniform(0.1, 1.5, (3, 4, 5)).round(4).astype(np.float32),
        "v": np.array([1, 2, 2, 0, 3, 3, 3, 1, 0, 0, 2, 1], np.float32),
        "i": np.array([[0, 2], [1, -1]], np.int64),
    }


def evaluated(case: str, arrays: dict[str, np.ndarray]) -> dict:
    """Shape, kind of dtype, values, and the gradient of a weighted sum for every float operand."""
    names = {name: torch.tensor(array, requires_grad=array.dtype == np.float32) for name, array in arrays.items()}
    result = eval(case, {"t": torch, "F": torch.nn.functional, **names})
    kind = "f" if result.is_floating_point() else "b" if result.dtype is torch.bool else "i"
    record = {"shape": list(result.shape), "kind": kind, "values": _rounded(result)}
    if result.requires_grad:
        weights = torch.cos(torch.arange(result.numel(), dtype=torch.float32)).reshape(result.shape)
        (result * weights).sum().backward()
        record["gradients"] = {name: _rounded(tensor.grad) for name, tensor in names.items() if tensor.grad is not None}
    return record


def _rounded(tensor: torch.Tensor) -> list:
    return [float(f"{value:.7g}") for value in tensor.detach().double().flatten().tolist()]


def main() -> None:
    arrays = operands()
    content = {
        "torch": torch.__version__,
        "operands": {name: array.tolist() for name, array in arrays.items()},
        "cases": {case: evaluated(case, arrays) for case in CASES},
    }
    Path(__file__).with_name("golden.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
