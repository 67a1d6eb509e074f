"""Cross-entropy of classes whose prototypes lie in the Poincaré ball."""

from __future__ import annotations

import math

from ...errors import ArgumentError
from ...tensor import Tensor, arange, log, sinh, where, zeros_like
from ...zspace.smooth import asinhc
from .losses import cross_entropy

__all__ = ["hyperbolic_cross_entropy", "hyperbolic_scores"]

_NEAR = 0.5  # a below it takes power series: the closed form has no derivative at the origin
_FAR = 20.0  # a beyond b + it takes the asymptote, which errs by e^−20 there
_STRONGEST = -256.0  # sinh a · sinh b stays within float32 up to c = 256


def hyperbolic_cross_entropy(input: Tensor, target: Tensor, curvature: float = -1.0, reduction: str = "mean") -> Tensor:
    """The cross-entropy of softmax(−d²) against class indices, one-hot rows or probabilities.

    input: logits [n, classes, …] or [classes]. Each row is mapped by exp₀ into the ball of curvature K, class i has
    the prototype exp₀(eᵢ), and d are the distances between them; see `hyperbolic_scores`.
    """
    return cross_entropy(hyperbolic_scores(input, curvature), target, reduction=reduction)


def hyperbolic_scores(input: Tensor, curvature: float = -1.0) -> Tensor:
    """−d² of each row's point exp₀(v) to the prototypes exp₀(eᵢ), up to a summand that all classes of a row share.

    input: v [n, classes, …] or [classes]. The points are never formed: they would all sit on the boundary in float32.
    With c = −K, a = 2√c‖v‖, b = 2√c and t = (1 − vᵢ/‖v‖)/2 the hyperbolic law of cosines reads
    sinh²(√c·d/2) = z = sinh²((a − b)/2) + sinh a · sinh b · t, so √c·d = 2·asinh √z. Beyond a = 20 + b,
    √c·d = a + g with g = b + log(t + e^(−2b)·(1 − t)), and the score is −g(2a + g)/c: a² cancels in a softmax. Near
    the origin z is written in ‖v‖² and vᵢ, in which it is smooth. The order of the scores is that of the logits.
    """
    c = check_curvature(curvature)
    b = 2.0 * math.sqrt(c)
    axis = 0 if input.ndim == 1 else 1
    length, t = _direction(input, axis)
    a = b * length
    small, far = a < _NEAR, a > _FAR + b
    z = where(small, _z_near(where(small, input, 0.0), b, axis), _z_away(where(small | far, 1.0, a), b, t))
    near_score = z * asinhc(where(far, 0.0, z)).square() * (-4.0 / c)
    g = b + log(t + math.exp(-2.0 * b) * (1.0 - t))
    return where(far, g * (2.0 * where(far, a, 0.0) + g) * (-1.0 / c), near_score)


def check_curvature(curvature: object) -> float:
    """c = −K; ArgumentError unless −256 ≤ K < 0."""
    given = isinstance(curvature, (int, float)) and not isinstance(curvature, bool)
    if not given or not _STRONGEST <= curvature < 0:
        raise ArgumentError(f"hyperbolic cross-entropy takes a curvature in [{_STRONGEST:g}, 0), got {curvature!r}")
    return -float(curvature)


def _direction(v: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """‖v‖ (axis kept), and t = (1 − vᵢ/‖v‖)/2 without the cancellation where v points along one axis.

    For v = 0 the length is 0 without a derivative and t is 1/2.
    """
    largest = v.detach().abs().amax(axis, keepdim=True)
    some = largest > 0
    unit = v / where(some, largest, 1.0)
    squares = unit.square()
    classes = v.shape[axis]
    place = arange(classes).reshape(*(-1 if i == axis else 1 for i in range(v.ndim)))
    longest = place == unit.detach().square().argmax(axis, keepdim=True)
    total = squares.sum(axis, keepdim=True)
    root = where(some, total, 1.0).sqrt()
    # What the other entries contribute; only the longest entry's share could be lost in the difference.
    others = where(longest, where(longest, 0.0, squares).sum(axis, keepdim=True), total - squares)
    size = where(unit < 0, -unit, unit)  # not abs(), whose derivative at 0 is 0
    aside = where(some, others, 1.0) / (2.0 * root * (root + size))
    return where(some, largest * root, zeros_like(largest)), where(unit < 0, 1.0 - aside, aside)


def _z_near(v: Tensor, b: float, axis: int) -> Tensor:
    """sinh²(√c·d/2) for short v: sinh²(b/2) + cosh b · sinh²(a/2) − sinh b · sinh a · vᵢ/(2‖v‖)."""
    square = (b * v).square().sum(axis, keepdim=True)  # a²
    quarter = 0.25 * square
    half_sinh = quarter * _sinhc(quarter).square()
    return math.sinh(0.5 * b) ** 2 + math.cosh(b) * half_sinh - (0.5 * b * math.sinh(b)) * _sinhc(square) * v


def _z_away(a: Tensor, b: float, t: Tensor) -> Tensor:
    """sinh²(√c·d/2) for v that is neither short nor far out."""
    return sinh(0.5 * (a - b)).square() + sinh(a) * math.sinh(b) * t


def _sinhc(s: Tensor) -> Tensor:
    """sinh(√s)/√s for s ≤ 1/4, as its series: the first term left out is below 1e-10."""
    return 1.0 + s * (1 / 6 + s * (1 / 120 + s * (1 / 5040 + s * (1 / 362880))))
