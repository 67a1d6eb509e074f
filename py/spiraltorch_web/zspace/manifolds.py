"""The manifolds that parameters live on, and what an optimiser asks of them; points lie along the last axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ..errors import ArgumentError
from ..tensor import Tensor
from .checks import positive

__all__ = ["Euclidean", "Manifold", "PoincareBall", "from_settings"]


@dataclass(frozen=True)
class Euclidean:
    """Flat space; any values."""

    @property
    def curvature(self) -> float:
        return 0.0

    def only_inside(self, name: str, x: Tensor, instead: Tensor | float) -> Tensor:
        """x: no value is outside."""
        return x

    def rgrad(self, x: Tensor, gradient: Tensor) -> Tensor:
        """The Riemannian gradient."""
        return gradient

    def step(self, x: Tensor, v: Tensor) -> Tensor:
        """x + v."""
        return x + v

    def transport(self, x: Tensor, y: Tensor, v: Tensor) -> Tensor:
        """v."""
        return v

    def squared_length(self, x: Tensor, v: Tensor) -> Tensor:
        """v²: every entry has a length of its own."""
        return v.square()

    def settings(self) -> dict[str, Any]:
        """What `from_settings` makes this manifold of."""
        return {"manifold": "Euclidean"}


@dataclass(frozen=True, init=False)
class PoincareBall:
    """The ball c‖x‖² < 1 of curvature K = −c < 0, of radius 1/√c. See `spiraltorch_web.zspace.geometry`."""

    curvature: float

    def __init__(self, curvature: float = -1.0) -> None:
        object.__setattr__(self, "curvature", -positive("PoincareBall", curvature))

    @property
    def radius(self) -> float:
        """1/√c."""
        return math.sqrt(-1.0 / self.curvature)

    def only_inside(self, name: str, x: Tensor, instead: Tensor | float) -> Tensor:
        """x, with ``instead`` for rows outside, which raise ArgumentError with the next value that is read."""
        return _geometry().only_inside(name, x, instead, curvature=self.curvature)

    def rgrad(self, x: Tensor, gradient: Tensor) -> Tensor:
        """The Riemannian gradient ((1 − c‖x‖²)/2)²·gradient."""
        return _geometry().egrad_to_rgrad(x, gradient, curvature=self.curvature)

    def step(self, x: Tensor, v: Tensor) -> Tensor:
        """The end of the geodesic from x with velocity v, at most at 1 − 1e-5 of the radius; x itself where v is 0."""
        return _geometry().retract(x, v, curvature=self.curvature)

    def transport(self, x: Tensor, y: Tensor, v: Tensor) -> Tensor:
        """The tangent vector v at x, carried to y."""
        return _geometry().parallel_transport(x, y, v, curvature=self.curvature)

    def squared_length(self, x: Tensor, v: Tensor) -> Tensor:
        """λ_x²‖v‖² [*, 1]: the coordinates of a point share one length."""
        return _geometry().conformal_factor(x, curvature=self.curvature).square() * v.square().sum(-1, keepdim=True)

    def settings(self) -> dict[str, Any]:
        """What `from_settings` makes this manifold of."""
        return {"manifold": "PoincareBall", "curvature": self.curvature}


Manifold = Euclidean | PoincareBall


def _geometry() -> ModuleType:
    from . import geometry  # most programs have no parameter in a ball

    return geometry


def from_settings(settings: object) -> Manifold:
    """The manifold that `settings` described. Raises ArgumentError."""
    if settings == {"manifold": "Euclidean"}:
        return Euclidean()
    if isinstance(settings, dict) and settings.get("manifold") == "PoincareBall" and len(settings) == 2:
        return PoincareBall(settings.get("curvature"))
    raise ArgumentError(f"a manifold is Euclidean or PoincareBall with a curvature < 0, got {settings!r}")
