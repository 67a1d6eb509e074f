"""Reverse-mode differentiation through a number of updates, in memory that grows with the square root of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt
from typing import Any, NamedTuple

from ..errors import ArgumentError
from ..tensor.core import Tensor
from .problem import InnerProblem, detached
from .structure import like


class UnrolledGradient(NamedTuple):
    """``value``: the outer loss, []; ``gradient``: in hyper's structure and shapes; ``state``: after the updates."""

    value: Tensor
    gradient: Any
    state: Any


def unrolled(
    inner_step: Callable, outer_loss: Callable, T: int, *, checkpoint_every: int | None = None
) -> Callable[..., UnrolledGradient]:
    """A function of (state, hyper, batches=None) that differentiates the outer loss through T updates.

    ``inner_step(state, hyper)`` returns the next state and ``outer_loss(state, hyper)`` a number. State and hyper are
    float tensors, or lists, tuples or dicts of them: parameters (also what an optimiser remembers), and whatever is to
    be tuned. ``batches``, where given, is a sequence of T items; ``inner_step`` gets the t-th as third argument,
    possibly more than once. Both functions are recorded as by `st.compile`: they return new tensors, and what they
    draw at random is drawn anew when an update is computed a second time, so random numbers belong in ``batches``.

    Every ``checkpoint_every``-th state is kept, by default about every √T-th, and the ones between are computed again
    on the way back: T / checkpoint_every + checkpoint_every states at most, for one more pass of updates. With 1 all
    are kept and nothing is computed twice. (Griewank, "Achieving logarithmic growth of temporal and spatial complexity
    in reverse automatic differentiation", 1992, has the idea; Maclaurin et al., 2015, hyper-gradients by it.)

    Raises ArgumentError for a T or ``checkpoint_every`` that is no positive int, for ``batches`` of another length, and
    for what is no float tensor; ShapeError where the step changes the state's shapes.
    """
    _need_count("T", T)
    if checkpoint_every is None:
        checkpoint_every = isqrt(T - 1) + 1
    _need_count("checkpoint_every", checkpoint_every)
    problem = InnerProblem(inner_step, outer_loss)

    def hypergradient(state: Any, hyper: Any, batches: Sequence | None = None) -> UnrolledGradient:
        if batches is not None and len(batches) != T:
            raise ArgumentError(f"hypergrad.unrolled: {len(batches)} batches for T = {T} updates")
        state, hyper = detached("the state", state), detached("hyper", hyper)
        return _Unrolling(problem, hyper, batches).through(state, T, checkpoint_every)

    return hypergradient


def _need_count(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ArgumentError(f"hypergrad.unrolled: {name} must be an int of at least 1, got {value!r}")


class _Unrolling:
    """One pass forward and one back."""

    def __init__(self, problem: InnerProblem, hyper: Any, batches: Sequence | None) -> None:
        self._problem, self._hyper, self._batches = problem, hyper, batches

    def through(self, state: Any, count: int, every: int) -> UnrolledGradient:
        starts = range(0, count, every)
        checkpoints = []
        for start in starts[:-1]:
            checkpoints.append(state)
            for t in range(start, start + every):
                state = self._step(state, t)
        trail = self._trail(state, range(starts[-1], count))
        state = self._step(trail[-1], count - 1)
        value, cotangent, total = self._problem.outer(state, self._hyper)
        cotangent, total = self._back(trail, starts[-1], cotangent, total)
        for start in reversed(starts[:-1]):
            trail = self._trail(checkpoints.pop(), range(start, start + every))
            cotangent, total = self._back(trail, start, cotangent, total)
        return UnrolledGradient(value, like(self._hyper, total), state)

    def _batch(self, t: int) -> tuple:
        return () if self._batches is None else (self._batches[t],)

    def _step(self, state: Any, t: int) -> Any:
        return self._problem.step(state, self._hyper, *self._batch(t))

    def _trail(self, state: Any, times: range) -> list[Any]:
        """The states before the updates of ``times``."""
        trail = [state]
        for t in times[:-1]:
            trail.append(self._step(trail[-1], t))
        return trail

    def _back(
        self, trail: list[Any], start: int, cotangent: list[Tensor], total: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Back over the updates whose states are in ``trail``, which is used up."""
        while trail:
            state = trail.pop()
            batch = self._batch(start + len(trail))
            cotangent, total = self._problem.pull(state, self._hyper, batch, cotangent, total)
        return cotangent, total
