"""Hyper-gradients at the solution of an inner problem, by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import ArgumentError
from ..tensor.core import Tensor
from .problem import InnerProblem, detached
from .solvers import ConjugateGradient, FixedPoint, NeumannSeries, iterated
from .structure import like

METHODS = {"neumann": NeumannSeries, "cg": ConjugateGradient}


class ImplicitGradient(NamedTuple):
    """What `implicit` finds.

    ``value``: the outer loss, []; ``gradient``: in hyper's structure and shapes; ``state``: the fixed point;
    ``inner_residuals`` and ``residuals``: of the inner problem and of the linear system, one per iteration.
    """

    value: Tensor
    gradient: Any
    state: Any
    inner_residuals: tuple[float, ...]
    residuals: tuple[float, ...]


def implicit(
    inner_step: Callable,
    outer_loss: Callable,
    *,
    method: str = "neumann",
    tolerance: float = 1e-6,
    iterations: int = 1000,
) -> Callable[[Any, Any], ImplicitGradient]:
    """A function of (state, hyper): the outer loss where the inner step stands still, and its gradient in hyper.

    ``inner_step(state, hyper)`` returns the next state, such as one step of gradient descent, and ``outer_loss(state,
    hyper)`` a number; states and hyper are float tensors, or lists, tuples or dicts of them. From ``state`` the step
    Φ is repeated until ‖Φ(s) − s‖ ≤ tolerance · ‖s‖; a state that solves the inner problem already stays as it is.
    Then (I − J)ᵀv = g is solved, with J = ∂Φ/∂s and g = ∂L/∂s, until ‖g − (I − J)ᵀv‖ ≤ tolerance · ‖g‖, and the
    gradient is ∂L/∂hyper + (∂Φ/∂hyper)ᵀv. Products with J are rewrites of the step's graph; for gradient descent they
    contain the Hessian-vector product. Where J's largest eigenvalue is ρ, errors are up to tolerance / (1 − ρ).

    ``method`` is "neumann", the series v = Σ (Jᵀ)ᵏ g, which needs an inner step that contracts, or "cg", conjugate
    gradients on the normal equations, which needs fewer iterations where it contracts slowly, and only that no
    eigenvalue of J is 1. (Lorraine, Vicol and Duvenaud, "Optimizing millions of hyperparameters by implicit
    differentiation", 2020.)

    Raises ConvergenceError, with the residual history, when either iteration grows, or is not there after
    ``iterations``; ArgumentError and ShapeError as `unrolled`.
    """
    if method not in METHODS:
        raise ArgumentError(f"hypergrad.implicit: method must be one of {', '.join(METHODS)}; got {method!r}")
    if not 0 < tolerance < 1:
        raise ArgumentError(f"hypergrad.implicit: tolerance must be between 0 and 1, got {tolerance!r}")
    if not isinstance(iterations, int) or iterations < 1:
        raise ArgumentError(f"hypergrad.implicit: iterations must be an int of at least 1, got {iterations!r}")
    problem = InnerProblem(inner_step, outer_loss)
    fixed_point, solver = FixedPoint(problem), METHODS[method](problem)

    def hypergradient(state: Any, hyper: Any) -> ImplicitGradient:
        state, hyper = detached("the state", state), detached("hyper", hyper)
        state, inner_residuals = iterated(fixed_point, state, (hyper,), tolerance, iterations)
        value, slope, direct = problem.outer(state, hyper)
        start = solver.start(slope, state, hyper)
        (vector, *_), residuals = iterated(solver, start, (slope, state, hyper), tolerance, iterations)
        _, total = problem.pull(state, hyper, (), vector, direct)
        return ImplicitGradient(value, like(hyper, total), state, inner_residuals, residuals)

    return hypergradient
