"""rank_k: the k largest, middle or smallest entries of every row, and where they were."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from ...dtypes import float32, int32
from ...errors import ArgumentError, DTypeError, ShapeError
from ...ir import algebra as al
from ...ir import node as nodes
from ...ir.caps import Caps
from ...ir.node import Node
from ...ir.ops import Op
from ..registry import Launch, Lowered, Routine, Spec
from .candidates import default_choice
from .choice import Choice, Merge, RankKind
from .fitting import repair
from .problem import RankProblem
from .reference import rank_reference
from .row import held_launches, lane_launches, sorted_launches, warp_launches
from .stream import streamed_launches
from .sweep import swept_launches

_LAUNCHES: Mapping[Merge, Callable[[RankProblem, Choice, Caps], Lowered]] = MappingProxyType(
    {
        Merge.BITONIC: sorted_launches,
        Merge.SHARED: held_launches,
        Merge.WARP: warp_launches,
        Merge.STREAM: streamed_launches,
        Merge.LANE: lane_launches,
        Merge.SWEEP: swept_launches,
    }
)


def rank_launches(problem: RankProblem, choice: Choice, caps: Caps) -> Lowered:
    """The launches of ``choice``, which must be as `repair` leaves it."""
    lowered = _LAUNCHES[Merge(choice.mk)](problem, choice, caps)
    return replace(lowered, launches=tuple(_trusted(launch) for launch in lowered.launches))


def _trusted(launch: Launch) -> Launch:
    """Rank-K kernels guard every index by themselves; the sorting ones are shared with others and stay checked."""
    return replace(launch, kernel=replace(launch.kernel, trusted=launch.kernel.name.startswith("rank_")))


def _infer(specs: Sequence[Spec], params: tuple) -> tuple[Spec, ...]:
    ((shape, dtype),) = specs
    k = params[1]
    if not shape:
        raise ShapeError("rank_k needs at least one axis, got a scalar")
    if dtype is not float32:
        raise DTypeError(f"rank_k takes float32 values, got {dtype.name}")
    if not 1 <= k <= shape[-1]:
        raise ArgumentError(f"rank_k needs 1 ≤ k ≤ {shape[-1]} (the last axis of {tuple(shape)}), got k = {k}")
    found = (*shape[:-1], k)
    return ((found, float32), (found, int32))


def _problem(shape: Sequence[int], params: tuple) -> RankProblem:
    return RankProblem(RankKind(params[0]), math.prod(shape[:-1]), shape[-1], params[1])


def _lower(specs: Sequence[Spec], outputs: Sequence[Spec], params: tuple, caps: Caps) -> Lowered:
    ((shape, _),) = specs
    problem = _problem(shape, params)
    if problem.rows == 0:
        return Lowered(())
    choice = params[3] if params[3] is not None else default_choice(problem, caps)
    fitting, _ = repair(choice, problem.kind, problem.rows, problem.cols, problem.k, caps)
    return rank_launches(problem, fitting, caps)


def _reference(np, arrays: Sequence, params: tuple) -> tuple:
    (values,) = arrays
    problem = _problem(values.shape, params)
    found, columns = rank_reference(np, values.reshape(problem.rows, problem.cols), problem)
    shape = (*values.shape[:-1], problem.k)
    return found.reshape(shape), columns.reshape(shape)


def _derivative(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    """The cotangent of every value goes to the entry that it was; missing ones (column -1) have none."""
    name, params, output = node.attrs
    (x,) = node.srcs
    if output != 0:
        return (None,)
    rows, cols, k = math.prod(x.shape[:-1]), x.shape[-1], params[1]
    columns = nodes.reshape(nodes.routine(name, node.srcs, params, 1, node.shape, int32), (rows, k))
    missing = nodes.elementwise(Op.LT, columns, al.filled(columns, 0))
    first = nodes.expand(nodes.reshape(nodes.iota((rows,), 0), (rows, 1)), (rows, k))
    entries = al.add(al.mul(first, al.filled(first, cols)), al.select(missing, al.filled(columns, 0), columns))
    parts = nodes.reshape(cotangent, (rows, k))
    updates = al.select(missing, al.filled(parts, 0), parts)
    flat = nodes.routine(
        "scatter_add",
        (nodes.reshape(entries, (rows * k,)), nodes.reshape(updates, (rows * k,))),
        (rows * cols,),
        0,
        (rows * cols,),
        float32,
    )
    return (nodes.reshape(flat, x.shape),)


RANK_K = Routine("rank_k", _infer, _lower, _reference, _derivative)
