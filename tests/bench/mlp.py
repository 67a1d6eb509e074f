"""The problem that every contender of the step benchmark solves: data, first weights and settings of Adam."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

WIDTHS = (784, 512, 256, 10)
RATE = 1e-3
BETAS = (0.9, 0.999)
EPSILON = 1e-8
CASE = "-".join(map(str, WIDTHS))


@dataclass(frozen=True)
class Problem:
    """A batch and a network. ``parameters``: float32 by PyTorch's names in a Sequential with ReLUs between layers."""

    images: np.ndarray  # f32[batch, 784]
    labels: np.ndarray  # i32[batch]
    parameters: dict[str, np.ndarray]

    @property
    def batch(self) -> int:
        return len(self.labels)


def problem(batch: int, seed: int = 0) -> Problem:
    """Random pictures and labels; weights uniform in ±1/√inputs, as `nn.Linear` starts."""
    random = np.random.default_rng(seed)
    parameters = {}
    for layer, (inside, outside) in enumerate(pairwise(WIDTHS)):
        bound = inside**-0.5
        for name, shape in (("weight", (outside, inside)), ("bias", (outside,))):
            parameters[f"{2 * layer}.{name}"] = random.uniform(-bound, bound, shape).astype(np.float32)
    images = random.standard_normal((batch, WIDTHS[0])).astype(np.float32)
    return Problem(images, random.integers(0, WIDTHS[-1], batch).astype(np.int32), parameters)


def relative_error(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    """The L2 norm of the difference over that of what is expected, all arrays as one vector, in float64."""
    difference = sum(float(((f.astype(np.float64) - e) ** 2).sum()) for f, e in zip(found, expected, strict=True))
    norm = sum(float((e.astype(np.float64) ** 2).sum()) for e in expected)
    return (difference / norm) ** 0.5
