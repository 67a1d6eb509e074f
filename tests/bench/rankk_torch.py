"""The peer `torch.topk(sorted=True)` on CUDA: timed with events, on matrices taken in turn."""

from __future__ import annotations

import math
from importlib.util import find_spec

import numpy as np

from spiraltorch_web.kernels.rankk.choice import RankKind
from spiraltorch_web.kernels.rankk.problem import RankProblem
from spiraltorch_web.tuning.measure import MOST_MATRICES, MOST_RUNS, PAST_CACHES
from spiraltorch_web.tuning.shapes import input_bytes

PASS_SECONDS = 1e-3


def torch_device_name() -> str:
    """The card that PyTorch would use; empty where there is none."""
    if find_spec("torch") is None:
        return ""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else ""


class TorchTopk:
    """One shape, ready to be sampled. MidK has no counterpart in PyTorch."""

    def __init__(self, shape: RankProblem, x: np.ndarray) -> None:
        import torch

        self._torch = torch
        self._shape = shape
        first = torch.from_numpy(x).cuda()
        copies = max(1, min(MOST_MATRICES, 1 + math.ceil(PAST_CACHES / input_bytes(shape))))
        self._matrices = [first, *(first.clone() for _ in range(copies - 1))]
        self.samples: list[float] = []
        for _ in range(3):
            estimate = self._pass(len(self._matrices))
        self._runs = min(MOST_RUNS, max(len(self._matrices), math.ceil(PASS_SECONDS / estimate)))

    def sample(self) -> None:
        """One more sample: seconds per call over a pass."""
        self.samples.append(self._pass(self._runs))

    def _pass(self, runs: int) -> float:
        torch = self._torch
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        largest = self._shape.kind is RankKind.TOPK
        torch.cuda.synchronize()
        start.record()
        for run in range(runs):
            torch.topk(self._matrices[run % len(self._matrices)], self._shape.k, 1, largest, True)
        end.record()
        torch.cuda.synchronize()
        return start.elapsed_time(end) * 1e-3 / runs
