"""Iterations on the device, watched from the host: the inner fixed point, the Neumann series, conjugate gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

from ..compiled import compile
from ..errors import ConvergenceError
from ..tensor import isfinite, maximum, stack, where
from ..tensor.core import Tensor
from .problem import InnerProblem
from .structure import combine, dot, norm, tensors_in

TOGETHER = 8  # iterations between two reads at most: a read waits for the device
MOST_GROWTH = 1e6  # of a relative residual, before an iteration is given up
TINY = 1e-30  # instead of a length of 0


class Iteration(Protocol):
    """``advance(carry, *context)`` gives the next carry and its relative residual, []."""

    name: str
    remedy: str
    advance: Any


def iterated(
    iteration: Iteration, carry: Any, context: tuple, tolerance: float, most: int
) -> tuple[Any, tuple[float, ...]]:
    """The carry once its residual is within the tolerance, and all residuals. Raises ConvergenceError."""
    history: list[float] = []
    while True:
        found = []
        for _ in range(min(max(1, len(history)), TOGETHER, most - len(history))):
            carry, residual = iteration.advance(carry, *context)
            found.append(residual)
        history += stack(found).tolist()
        if history[-1] <= tolerance:
            return carry, tuple(history)
        if len(history) == most or not history[-1] <= MOST_GROWTH:  # NaN compares false
            raise ConvergenceError(
                f"hypergrad.implicit: {iteration.name} did not reach {tolerance:g} in {len(history)} iterations; "
                f"relative residuals {_excerpt(history)}. {iteration.remedy}",
                tuple(history),
            )


def _excerpt(history: Sequence[float]) -> str:
    shown = [f"{value:.3g}" for value in history]
    return ", ".join(shown if len(shown) <= 8 else [*shown[:4], "…", *shown[-4:]])


class FixedPoint:
    """s ← Φ(s). The residual is ‖Φ(s) − s‖ / ‖Φ(s)‖."""

    name = "the inner problem"
    remedy = "An inner step that contracts has a smaller learning rate; one that contracts slowly needs more iterations"

    def __init__(self, problem: InnerProblem) -> None:
        self._problem = problem
        self.advance = compile(self._advance)

    def _advance(self, state: Any, hyper: Any) -> tuple[Any, Tensor]:
        after = self._problem.next_state(state, hyper)
        old, new = tensors_in("the state", state), tensors_in("the state", after)
        length = norm(new)
        # A state too long for float32 has grown, though its last step is nothing beside it.
        return after, where(isfinite(length), norm(combine(new, -1.0, old)) / maximum(length, TINY), math.nan)


class NeumannSeries:
    """v = Σ uₖ with uₖ = (Jᵀ)ᵏ g. The last term is what is missing in the equation, so its length is the residual."""

    name = "the Neumann series"
    remedy = (
        "It converges where the inner step contracts, as with a smaller learning rate; method='cg' needs no contraction"
    )

    def __init__(self, problem: InnerProblem) -> None:
        self._problem = problem
        self.advance = compile(self._advance)

    def start(self, slope: list[Tensor], state: Any, hyper: Any) -> tuple:
        """(v₀, u₀)."""
        return slope, slope

    def _advance(self, carry: tuple, slope: list[Tensor], state: Any, hyper: Any) -> tuple[tuple, Tensor]:
        vector, term = carry
        term = self._problem.transposed_product(state, hyper, term)
        return (combine(vector, 1.0, term), term), norm(term) / maximum(norm(slope), TINY)


class ConjugateGradient:
    """Conjugate gradients on the normal equations of A v = g with A = (I − J)ᵀ, in the form of Hestenes and Stiefel.

    The carry is v, r = g − A v, the direction p, and z = Aᵀr.
    """

    name = "the method of conjugate gradients"
    remedy = "The equations may be singular (an eigenvalue of the inner step's Jacobian is 1), or need more iterations"

    def __init__(self, problem: InnerProblem) -> None:
        self._problem = problem
        self.start = compile(self._start)
        self.advance = compile(self._advance)

    def _start(self, slope: list[Tensor], state: Any, hyper: Any) -> tuple:
        direction = combine(slope, -1.0, self._problem.product(state, hyper, slope))
        return [0 * part for part in slope], slope, direction, direction

    def _advance(self, carry: tuple, slope: list[Tensor], state: Any, hyper: Any) -> tuple[tuple, Tensor]:
        vector, rest, direction, image = carry
        moved = combine(direction, -1.0, self._problem.transposed_product(state, hyper, direction))
        before = dot(image, image)
        length = _ratio(before, dot(moved, moved))
        vector, rest = combine(vector, length, direction), combine(rest, -length, moved)
        image = combine(rest, -1.0, self._problem.product(state, hyper, rest))
        direction = combine(image, _ratio(dot(image, image), before), direction)
        return (vector, rest, direction, image), norm(rest) / maximum(norm(slope), TINY)


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """0 where the denominator is 0: iterations after the last useful one change nothing."""
    return where(denominator > 0, numerator / maximum(denominator, TINY), 0.0)
