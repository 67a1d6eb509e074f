"""The Poincaré ball of curvature K < 0: points x with c‖x‖² < 1, c = −K, along the last axis of tensors.

All maps broadcast over the axes before the last one, have exact derivatives of any order where the map is smooth, and
are written in forms that keep their digits in float32: with w = y − x and B = 1 − c‖x‖² nothing is a difference of
nearly equal numbers, neither near the origin nor near the boundary. Within 0.9 of the radius results err by less than
1e-5 relatively; up to 1 − 1e-6 of it, beyond which no map leads, they are finite and monotone.

Points outside the ball, or NaN, raise ArgumentError with the next value that is read, also in compiled steps; points
that are known to belong to a ball of another curvature raise it at once.

λ_x = 2/B is the conformal factor: a tangent vector v at x has the length λ_x‖v‖.

Sources: Ungar, "A gyrovector space approach to hyperbolic geometry" (2008); Ganea et al., "Hyperbolic neural
networks" (NeurIPS 2018); Nickel and Kiela, "Poincaré embeddings" (NeurIPS 2017).
"""

from __future__ import annotations

import math
from typing import Any

from ..tensor import Tensor, abs, amax, asinh, clamp, maximum, rsqrt, sqrt, where
from .checks import positive, vectors
from .points import curvature_of, inside, marked
from .smooth import NEAREST, artanhc, asinhc, gap, tanhc

__all__ = [
    "BOUNDARY",
    "conformal_factor",
    "distance",
    "egrad_to_rgrad",
    "expmap",
    "expmap0",
    "logmap",
    "logmap0",
    "mobius_add",
    "only_inside",
    "parallel_transport",
    "project",
    "retract",
]

BOUNDARY = 1e-5  # the part of the radius that `project` leaves free
_LONGEST = 1e17  # of a tangent vector's entries: beyond, squares overflow, and the boundary is reached long before
_LARGEST = 3e38  # of any float32


def expmap0(v: Any, *, curvature: float = -1.0) -> Tensor:
    """tanh(√c‖v‖)·v/(√c‖v‖): where the geodesic from the origin with velocity v [*, d] ends."""
    c = positive("expmap0", curvature)
    (v,) = vectors("expmap0", v=v)
    return marked(_exp0(v, c), -c)


def logmap0(y: Any, *, curvature: float = -1.0) -> Tensor:
    """artanh(√c‖y‖)·y/(√c‖y‖): the velocity at the origin of the geodesic to y [*, d]; inverts `expmap0`."""
    c = positive("logmap0", curvature)
    (y,) = vectors("logmap0", y=y)
    squared = c * _squared(y)
    inside("logmap0", "y", y, squared, -c)
    return artanhc(squared) * y


def expmap(x: Any, v: Any, *, curvature: float = -1.0) -> Tensor:
    """x ⊕ tanh(√c·λ_x‖v‖/2)·v/(√c‖v‖): where the geodesic from x with velocity v ends, both [*, d]."""
    c = positive("expmap", curvature)
    x, v = vectors("expmap", x=x, v=v)
    at_x = _gap("expmap", "x", x, c)
    y = _exp0(v / at_x, c)
    return _add(x, at_x, y, gap(c * _squared(y)), c)


def logmap(x: Any, y: Any, *, curvature: float = -1.0) -> Tensor:
    """(2/(√c·λ_x))·artanh(√c‖z‖)·z/‖z‖, z = (−x) ⊕ y: the velocity at x of the geodesic to y, both [*, d].

    With q as in `distance` this is asinh(√q)/√(q(1 + q)) · (B·w − c‖w‖²·x)/(1 − c‖y‖²). Inverts `expmap`.
    """
    c = positive("logmap", curvature)
    x, y = vectors("logmap", x=x, y=y)
    w = y - x
    between, at_x, at_y = c * _squared(w), _gap("logmap", "x", x, c), _gap("logmap", "y", y, c)
    q = between / (at_x * at_y)
    return asinhc(q) * rsqrt(1.0 + q) / at_y * (at_x * w - between * x)


def mobius_add(x: Any, y: Any, *, curvature: float = -1.0) -> Tensor:
    """x ⊕ y = ((1 + 2c⟨x, y⟩ + c‖y‖²)·x + (1 − c‖x‖²)·y) / (1 + 2c⟨x, y⟩ + c²‖x‖²‖y‖²), both [*, d].

    Computed as (B·s + c‖s‖²·x)/(B·(1 − c‖y‖²) + c‖s‖²) with s = x + y, which has no cancelling terms.
    """
    c = positive("mobius_add", curvature)
    x, y = vectors("mobius_add", x=x, y=y)
    return _add(x, _gap("mobius_add", "x", x, c), y, _gap("mobius_add", "y", y, c), c)


def distance(x: Any, y: Any, *, curvature: float = -1.0) -> Tensor:
    """(1/√c)·acosh(1 + 2c‖x − y‖²/((1 − c‖x‖²)(1 − c‖y‖²))): from [*, d] and [*, d] to [*].

    Computed as (2/√c)·asinh √q, q = c‖w‖²/((1 − c‖x‖²)(1 − c‖y‖²)). The derivative at x = y, where the distance has a
    kink, is 0. Points closer than 1e-19 count as equal.
    """
    c = positive("distance", curvature)
    x, y = vectors("distance", x=x, y=y)
    q = c * _squared(y - x) / (_gap("distance", "x", x, c) * _gap("distance", "y", y, c))
    q = q.squeeze(-1)
    apart = q > 0.0
    return where(apart, (2.0 / math.sqrt(c)) * asinh(sqrt(where(apart, q, 1.0))), 0.0)


def parallel_transport(x: Any, y: Any, v: Any, *, curvature: float = -1.0) -> Tensor:
    """(λ_x/λ_y)·gyr[y, −x]v: the tangent vector v at x, carried along the geodesic to y; all [*, d].

    Keeps lengths and angles: λ_y‖result‖ = λ_x‖v‖. The gyration is v + 2(α·x + β·w)/(B·(1 − c‖y‖²) + c‖w‖²) with
    α = c(B⟨w, v⟩ − c‖w‖²⟨x, v⟩) and β = −c(B⟨x, v⟩ + c‖x‖²⟨w, v⟩ − 2c⟨x, w⟩⟨x, v⟩), whose terms vanish with w.
    """
    c = positive("parallel_transport", curvature)
    x, y, v = vectors("parallel_transport", x=x, y=y, v=v)
    w = y - x
    along_x, along_w = _dot(x, v), _dot(w, v)
    between, squared = c * _squared(w), c * _squared(x)
    at_x, at_y = _gap("parallel_transport", "x", x, c), _gap("parallel_transport", "y", y, c)
    to_x = c * (at_x * along_w - between * along_x)
    to_w = -c * (at_x * along_x + squared * along_w - 2.0 * c * _dot(x, w) * along_x)
    return at_y / at_x * (v + 2.0 * (to_x * x + to_w * w) / (at_x * at_y + between))


def egrad_to_rgrad(x: Any, gradient: Any, *, curvature: float = -1.0) -> Tensor:
    """((1 − c‖x‖²)/2)² · gradient: the Riemannian gradient at x from the Euclidean one, both [*, d]."""
    c = positive("egrad_to_rgrad", curvature)
    x, gradient = vectors("egrad_to_rgrad", x=x, gradient=gradient)
    return (0.5 * _gap("egrad_to_rgrad", "x", x, c)).square() * gradient


def project(x: Any, *, curvature: float = -1.0) -> Tensor:
    """x [*, d], with rows at or beyond (1 − 1e-5)/√c shortened to that length; all other rows bit for bit."""
    c = positive("project", curvature)
    (x,) = vectors("project", x=x)
    longest = (1.0 - BOUNDARY) / math.sqrt(c)
    # Relative to the largest entry, so that no square overflows.
    finite = clamp(x, -_LARGEST, _LARGEST)
    scale = maximum(amax(abs(finite.detach()), -1, True), longest)
    part = finite / scale
    squared = _squared(part)
    beyond = squared * scale.square() >= longest * longest
    # Not marked as points: NaN stays NaN, and has to be found by whoever takes the result.
    return where(beyond, part * (longest * rsqrt(where(beyond, squared, 1.0))), x)


def retract(x: Any, v: Any, *, curvature: float = -1.0) -> Tensor:
    """`expmap` for steps of an optimiser: where v is 0, x itself bit for bit. Both [*, d]."""
    x, v = vectors("retract", x=x, v=v)
    moved = (v != 0.0).any(-1, keepdim=True)
    return marked(where(moved, expmap(x, v, curvature=curvature), x), float(curvature))


def conformal_factor(x: Any, *, curvature: float = -1.0) -> Tensor:
    """λ_x = 2/(1 − c‖x‖²): a tangent vector v at x has the length λ_x‖v‖. From [*, d] to [*, 1]."""
    c = positive("conformal_factor", curvature)
    (x,) = vectors("conformal_factor", x=x)
    return 2.0 / _gap("conformal_factor", "x", x, c)


def only_inside(name: str, x: Tensor, instead: Tensor | float, *, curvature: float) -> Tensor:
    """x [*, d] with ``instead`` for rows outside the ball or NaN, which raise ArgumentError with the next read.

    ``name`` says in the error who was given x.
    """
    if curvature_of(x) == curvature:
        return x
    squared = -curvature * _squared(x)
    inside(name, "the value", x, squared, curvature)
    return marked(where(squared < 1.0, x, instead), curvature)


def _exp0(v: Tensor, c: float) -> Tensor:
    v = clamp(v, -_LONGEST, _LONGEST)
    return tanhc(c * _squared(v)) * v


def _add(x: Tensor, at_x: Tensor, y: Tensor, at_y: Tensor, c: float) -> Tensor:
    s = x + y
    between, gaps = c * _squared(s), at_x * at_y
    divisor = gaps + between
    # 1 − c‖result‖² is gaps / divisor: what rounds to the boundary is drawn back.
    scale = where(gaps < 2.0 * NEAREST * divisor, 1.0 - NEAREST, 1.0) / divisor
    return marked(scale * (at_x * s + between * x), -c)


def _gap(name: str, label: str, x: Tensor, c: float) -> Tensor:
    """1 − c‖x‖² [*, 1] for points x, which are checked."""
    squared = c * _squared(x)
    inside(name, label, x, squared, -c)
    return gap(squared)


def _dot(x: Tensor, y: Tensor) -> Tensor:
    return (x * y).sum(-1, keepdim=True)


def _squared(x: Tensor) -> Tensor:
    return x.square().sum(-1, keepdim=True)
