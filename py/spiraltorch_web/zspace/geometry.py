"""The Poincaré ball of curvature K < 0: points x with c‖x‖² < 1, c = −K, along the last axis of tensors.

All maps broadcast over the axes before the last one, have exact derivatives of any order where the map is smooth, and
are written in forms that keep their digits in float32: with w = y − x and B = 1 − c‖x‖² nothing is a difference of
nearly equal numbers, neither near the origin nor near the boundary. Within 0.9 of the radius results err by less than
1e-5 relatively; up to 1 − 1e-6 of it they are finite and monotone.

λ_x = 2/B is the conformal factor: a tangent vector v at x has the length λ_x‖v‖.

Sources: Ungar, "A gyrovector space approach to hyperbolic geometry" (2008); Ganea et al., "Hyperbolic neural
networks" (NeurIPS 2018); Nickel and Kiela, "Poincaré embeddings" (NeurIPS 2017).
"""

from __future__ import annotations

import math
from typing import Any

from ..tensor import Tensor, abs, amax, asinh, clamp, maximum, rsqrt, sqrt, where
from .checks import positive, vectors
from .smooth import artanhc, asinhc, gap, tanhc

__all__ = [
    "BOUNDARY",
    "distance",
    "egrad_to_rgrad",
    "expmap",
    "expmap0",
    "logmap",
    "logmap0",
    "mobius_add",
    "parallel_transport",
    "project",
]

BOUNDARY = 1e-5  # the part of the radius that `project` leaves free
_LONGEST = 1e17  # of a tangent vector's entries: beyond, squares overflow, and the boundary is reached long before
_LARGEST = 3e38  # of any float32


def expmap0(v: Any, *, curvature: float = -1.0) -> Tensor:
    """tanh(√c‖v‖)·v/(√c‖v‖): where the geodesic from the origin with velocity v [*, d] ends.

    Lands at most at 1 − 1e-6 of the radius.
    """
    c = positive("expmap0", curvature)
    (v,) = vectors("expmap0", v=v)
    return _exp0(v, c)


def logmap0(y: Any, *, curvature: float = -1.0) -> Tensor:
    """artanh(√c‖y‖)·y/(√c‖y‖): the velocity at the origin of the geodesic to y [*, d]; inverts `expmap0`."""
    c = positive("logmap0", curvature)
    (y,) = vectors("logmap0", y=y)
    return artanhc(c * _squared(y)) * y


def expmap(x: Any, v: Any, *, curvature: float = -1.0) -> Tensor:
    """x ⊕ tanh(√c·λ_x‖v‖/2)·v/(√c‖v‖): where the geodesic from x with velocity v ends, both [*, d]."""
    c = positive("expmap", curvature)
    x, v = vectors("expmap", x=x, v=v)
    return _add(x, _exp0(v / gap(c * _squared(x)), c), c)


def logmap(x: Any, y: Any, *, curvature: float = -1.0) -> Tensor:
    """(2/(√c·λ_x))·artanh(√c‖z‖)·z/‖z‖, z = (−x) ⊕ y: the velocity at x of the geodesic to y, both [*, d].

    With q as in `distance` this is asinh(√q)/√(q(1 + q)) · (B·w − c‖w‖²·x)/(1 − c‖y‖²). Inverts `expmap`.
    """
    c = positive("logmap", curvature)
    x, y = vectors("logmap", x=x, y=y)
    w = y - x
    between, at_x, at_y = c * _squared(w), gap(c * _squared(x)), gap(c * _squared(y))
    q = between / (at_x * at_y)
    return asinhc(q) * rsqrt(1.0 + q) / at_y * (at_x * w - between * x)


def mobius_add(x: Any, y: Any, *, curvature: float = -1.0) -> Tensor:
    """x ⊕ y = ((1 + 2c⟨x, y⟩ + c‖y‖²)·x + (1 − c‖x‖²)·y) / (1 + 2c⟨x, y⟩ + c²‖x‖²‖y‖²), both [*, d].

    Computed as (B·s + c‖s‖²·x)/(B·(1 − c‖y‖²) + c‖s‖²) with s = x + y, which has no cancelling terms.
    """
    c = positive("mobius_add", curvature)
    x, y = vectors("mobius_add", x=x, y=y)
    return _add(x, y, c)


def distance(x: Any, y: Any, *, curvature: float = -1.0) -> Tensor:
    """(1/√c)·acosh(1 + 2c‖x − y‖²/((1 − c‖x‖²)(1 − c‖y‖²))): from [*, d] and [*, d] to [*].

    Computed as (2/√c)·asinh √q, q = c‖w‖²/((1 − c‖x‖²)(1 − c‖y‖²)). The derivative at x = y, where the distance has a
    kink, is 0. Points closer than 1e-19 count as equal.
    """
    c = positive("distance", curvature)
    x, y = vectors("distance", x=x, y=y)
    at_x, at_y = gap(c * _squared(x, False)), gap(c * _squared(y, False))
    q = c * _squared(y - x, False) / (at_x * at_y)
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
    squared = c * _squared(x)
    between, at_x, at_y = c * _squared(w), gap(squared), gap(c * _squared(y))
    to_x = c * (at_x * along_w - between * along_x)
    to_w = -c * (at_x * along_x + squared * along_w - 2.0 * c * _dot(x, w) * along_x)
    return at_y / at_x * (v + 2.0 * (to_x * x + to_w * w) / (at_x * at_y + between))


def egrad_to_rgrad(x: Any, gradient: Any, *, curvature: float = -1.0) -> Tensor:
    """((1 − c‖x‖²)/2)² · gradient: the Riemannian gradient at x from the Euclidean one, both [*, d]."""
    c = positive("egrad_to_rgrad", curvature)
    x, gradient = vectors("egrad_to_rgrad", x=x, gradient=gradient)
    return (0.5 * gap(c * _squared(x))).square() * gradient


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
    return where(beyond, part * (longest * rsqrt(where(beyond, squared, 1.0))), x)


def _exp0(v: Tensor, c: float) -> Tensor:
    v = clamp(v, -_LONGEST, _LONGEST)
    return tanhc(c * _squared(v)) * v


def _add(x: Tensor, y: Tensor, c: float) -> Tensor:
    s = x + y
    between, at_x, at_y = c * _squared(s), gap(c * _squared(x)), gap(c * _squared(y))
    return (at_x * s + between * x) / (at_x * at_y + between)


def _dot(x: Tensor, y: Tensor) -> Tensor:
    return (x * y).sum(-1, keepdim=True)


def _squared(x: Tensor, keepdim: bool = True) -> Tensor:
    return x.square().sum(-1, keepdim=keepdim)
