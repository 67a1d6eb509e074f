"""Rank-K in NumPy: the meaning that every kernel must match."""

from __future__ import annotations

from .problem import RankProblem


def rank_reference(np, values, problem: RankProblem) -> tuple:
    """(values, columns) of the wanted entries in order, by a stable sort; (NaN, -1) where a row has too few numbers."""
    missing = np.isnan(values)
    keys = -values if problem.descending else values
    order = np.argsort(np.where(missing, np.inf, keys), axis=-1, kind="stable")
    # infinities and NaN share a key: a second stable sort puts NaN last
    order = np.take_along_axis(order, np.argsort(np.take_along_axis(missing, order, -1), axis=-1, kind="stable"), -1)
    counts = (~missing).sum(axis=-1, keepdims=True)
    starts = np.maximum(counts - problem.k, 0) // 2 if problem.middle else np.zeros_like(counts)
    ranks = starts + np.arange(problem.k)
    columns = np.take_along_axis(order, np.minimum(ranks, problem.cols - 1), -1)
    found = np.take_along_axis(values, columns, -1)
    absent = ranks >= counts
    return np.where(absent, np.float32(np.nan), found), np.where(absent, -1, columns).astype(np.int32)
