"""Matrices to measure and check Rank-K on, made on the device: no upload, the same values on every device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..dtypes import float32
from ..errors import ArgumentError
from ..tensor import Generator, arange, flip, full, rand, randint, randn, reshape, where
from ..tensor.core import Tensor

NAN, INFINITY = float("nan"), float("inf")


def _sorted(rows: int, cols: int, generator: Generator) -> Tensor:
    places = reshape(arange(cols), (1, cols)).to(float32)
    return rand(rows, 1, generator=generator) + places


def _with(value: float, share: float) -> Callable[[int, int, Generator], Tensor]:
    def make(rows: int, cols: int, generator: Generator) -> Tensor:
        return where(rand(rows, cols, generator=generator) < share, value, randn(rows, cols, generator=generator))

    return make


def _clustered(rows: int, cols: int, generator: Generator) -> Tensor:
    """All entries share their exponent and most of their leading bits."""
    return 1 + rand(rows, cols, generator=generator) * 2**-10


DISTRIBUTIONS: Mapping[str, Callable[[int, int, Generator], Tensor]] = MappingProxyType(
    {
        "normal": lambda rows, cols, generator: randn(rows, cols, generator=generator),
        "uniform": lambda rows, cols, generator: rand(rows, cols, generator=generator),
        "constant": lambda rows, cols, generator: full((rows, cols), 0.5),
        "few": lambda rows, cols, generator: randint(0, 4, (rows, cols), generator=generator).to(float32),
        "ascending": _sorted,
        "descending": lambda rows, cols, generator: flip(_sorted(rows, cols, generator), 1),
        "clustered": _clustered,
        "infinite": _with(INFINITY, 0.01),
        "nan": _with(NAN, 0.1),
    }
)


def matrix(distribution: str, rows: int, cols: int, seed: int = 0) -> Tensor:
    """float32 [rows, cols] of a distribution in `DISTRIBUTIONS`, on the session's device. Raises ArgumentError."""
    if distribution not in DISTRIBUTIONS:
        raise ArgumentError(f"there is no distribution {distribution!r}; there are {', '.join(DISTRIBUTIONS)}")
    return DISTRIBUTIONS[distribution](rows, cols, Generator(seed))
