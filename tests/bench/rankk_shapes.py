"""Shapes of the Rank-K benchmark, and the exact NumPy check of a result."""

from __future__ import annotations

import numpy as np

from spiraltorch_web.kernels.rankk.choice import RankKind
from spiraltorch_web.kernels.rankk.problem import RankProblem
from spiraltorch_web.tuning.shapes import problem_of

# rows, cols, k of the published comparison with torch.topk.
TABLE = (
    (8, 65536, 1024),
    (256, 4095, 128),
    (512, 16383, 256),
    (512, 65535, 2048),
    (1024, 262143, 4096),
    (1, 1048576, 64),
    (64, 128256, 50),
    (4096, 4096, 32),
    (16384, 1024, 8),
    (128, 32768, 128),
    (1, 16777216, 1024),
    (32, 262144, 16),
    (65536, 256, 16),
)
# Between and beyond the tuner's grid: no table is fitted on these.
HELD_OUT = (
    (3, 20000, 7),
    (12, 50257, 40),
    (20, 3000, 1),
    (48, 150000, 300),
    (100, 700, 100),
    (200, 10000, 2000),
    (300, 1500, 20),
    (700, 30000, 64),
    (1500, 6000, 500),
    (3000, 512, 200),
    (6000, 20000, 1500),
    (10000, 96, 12),
    (24000, 2048, 4),
    (2, 3000000, 5000),
    (1, 200000, 1),
)
SOFTWARE = ((8, 65536, 1024), (256, 4095, 128), (64, 1024, 8), (1024, 256, 16), (1, 262144, 64))
MOST_ON_SOFTWARE = 1 << 20
MARGIN_BYTES = 256 << 20  # of a block of rows while it is checked


def shapes_named(words: str, kinds: list[RankKind], software: bool) -> list[RankProblem]:
    """ "table", "heldout", "small" or ROWSxCOLSxK,… for each kind; a software adapter gets the small ones of a list."""
    held_out = [size for size in HELD_OUT if not software or size[0] * size[1] <= MOST_ON_SOFTWARE]
    lists = {"table": SOFTWARE if software else TABLE, "heldout": held_out, "small": SOFTWARE}
    sizes = lists.get(words) or [tuple(map(int, word.split("x"))) for word in words.split(",")]
    return [problem_of(kind, *size) for size in sizes for kind in kinds]


def wrong_rows(kind: RankKind, x: np.ndarray, values: np.ndarray, indices: np.ndarray) -> int:
    """How many rows of (values, indices) are not the Rank-K of x, ties by lower index. Counts instead of sorting."""
    step = max(1, MARGIN_BYTES // (16 * x.shape[1]))
    return sum(
        _wrong_rows(kind, x[at : at + step], values[at : at + step], indices[at : at + step])
        for at in range(0, len(x), step)
    )


def _wrong_rows(kind: RankKind, x: np.ndarray, values: np.ndarray, indices: np.ndarray) -> int:
    k = values.shape[1]
    order = -x if kind is RankKind.TOPK else x  # ascending along the order that is asked for
    count = np.count_nonzero(~np.isnan(x), axis=1)
    taken = np.minimum(k, count)
    start = np.maximum(0, count - k) // 2 if kind is RankKind.MIDK else np.zeros_like(count)
    safe = np.clip(indices, 0, x.shape[1] - 1)
    found = np.take_along_axis(order, safe, 1)
    used = np.arange(k) < taken[:, None]
    same = np.take_along_axis(x, safe, 1) == values
    wrong = np.any(np.where(used, (indices != safe) | ~same, (indices != -1) | ~np.isnan(values)), axis=1)
    ascending = (found[:, :-1] < found[:, 1:]) | ((found[:, :-1] == found[:, 1:]) & (safe[:, :-1] < safe[:, 1:]))
    wrong |= np.any(used[:, 1:] & ~ascending, axis=1)
    ahead = _up_to(order, found[:, :1], safe[:, :1]) - 1
    last = np.maximum(taken - 1, 0)[:, None]
    through = _up_to(order, np.take_along_axis(found, last, 1), np.take_along_axis(safe, last, 1))
    return int(np.count_nonzero(wrong | ((taken > 0) & ((ahead != start) | (through != start + taken)))))


def _up_to(order: np.ndarray, value: np.ndarray, index: np.ndarray) -> np.ndarray:
    """How many entries of each row stand at (value, index) or before."""
    before = np.count_nonzero(order < value, axis=1)
    columns = np.arange(order.shape[1], dtype=np.int32)
    return before + np.count_nonzero((order == value) & (columns <= index), axis=1)
