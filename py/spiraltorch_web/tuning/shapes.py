"""Rank-K problems as the tuner sees them: valid, named, and with the least that solving them has to move."""

from __future__ import annotations

from ..errors import ArgumentError
from ..kernels.rankk.choice import RankKind
from ..kernels.rankk.problem import RankProblem

KIND_NAMES = {RankKind.TOPK: "topk", RankKind.MIDK: "midk", RankKind.BOTTOMK: "bottomk"}


def problem_of(kind: RankKind, rows: int, cols: int, k: int) -> RankProblem:
    """The problem, if there is one of these sizes. Raises ArgumentError."""
    if rows < 1 or cols < 1:
        raise ArgumentError(f"a Rank-K problem needs rows ≥ 1 and cols ≥ 1, got {rows} × {cols}")
    if not 1 <= k <= cols:
        raise ArgumentError(f"k is {k}; it must be from 1 to cols = {cols}")
    return RankProblem(RankKind(kind), rows, cols, k)


def input_bytes(problem: RankProblem) -> int:
    """Bytes of the float32 matrix."""
    return 4 * problem.rows * problem.cols


def result_bytes(problem: RankProblem) -> int:
    """Bytes of the values, and of the indices."""
    return 4 * problem.rows * problem.k


def floor_seconds(problem: RankProblem, bytes_per_second: float) -> float:
    """One read of the matrix and one write of the results at a bandwidth."""
    return (input_bytes(problem) + 2 * result_bytes(problem)) / bytes_per_second


def described(problem: RankProblem) -> str:
    """For people: "topk 8 × 65,536, k 1,024"."""
    return f"{KIND_NAMES[problem.kind]} {problem.rows:,} × {problem.cols:,}, k {problem.k:,}"


def kind_named(name: str) -> RankKind:
    """The kind of a name such as "topk", "top" or "TOPK". Raises ArgumentError."""
    plain = name.strip().lower()
    for kind, full in KIND_NAMES.items():
        if plain in (full, full.removesuffix("k")):
            return kind
    raise ArgumentError(f"there is no kind {name!r}; the kinds are {', '.join(KIND_NAMES.values())}")
