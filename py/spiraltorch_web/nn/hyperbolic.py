"""Layers whose inputs or outputs are points of the Poincaré ball."""

from __future__ import annotations

import math

from ..errors import ShapeError
from ..tensor import Tensor, asinh, clamp, cosh, rsqrt, sinh, where, zeros
from ..zspace.geometry import conformal_factor, expmap0, logmap0, mobius_add
from ..zspace.manifolds import PoincareBall
from . import functional, init
from .module import Module
from .naming import named
from .parameter import Parameter

__all__ = ["HyperbolicLinear", "HyperbolicMLR", "PoincareEmbedding"]

_FARTHEST = 40.0  # of √c·r: cosh and sinh of twice that are finite in float32


@named
class PoincareEmbedding(Module):
    """Points of a ball by index: integers […] to […, embedding_dim]. Nickel and Kiela 2017.

    ``weight`` [num_embeddings, embedding_dim] lives in `zspace.PoincareBall`, so it takes a Riemannian optimiser; it
    starts uniform in ±0.001. An index outside 0 … num_embeddings − 1: see `spiraltorch_web.embedding`.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, curvature: float = -1.0) -> None:
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.weight = Parameter(zeros(num_embeddings, embedding_dim), manifold=PoincareBall(curvature))
        self.reset_parameters()

    @property
    def curvature(self) -> float:
        return self.weight.manifold.curvature

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.uniform_(self.weight, -1e-3, 1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return functional.embedding(x, self.weight)

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}, curvature={self.curvature:g}"


@named
class HyperbolicLinear(Module):
    """y = exp₀(W·log₀(x)) ⊕ b: points of a ball […, in_features] to points of it […, out_features]. Ganea et al. 2018.

    ``weight`` [out_features, in_features] is Euclidean and starts as in `Linear`; ``bias`` [out_features] is a point
    of the ball and starts at the origin.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, curvature: float = -1.0) -> None:
        manifold = PoincareBall(curvature)
        self.in_features = in_features
        self.out_features = out_features
        self.curvature = manifold.curvature
        self.weight = Parameter(zeros(out_features, in_features))
        self.bias = Parameter(zeros(out_features), manifold=manifold) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5.0))
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        moved = expmap0(functional.linear(logmap0(x, curvature=self.curvature), self.weight), curvature=self.curvature)
        return moved if self.bias is None else mobius_add(moved, self.bias, curvature=self.curvature)

    def extra_repr(self) -> str:
        bias = self.bias is not None
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={bias}, "
            f"curvature={self.curvature:g}"
        )


@named
class HyperbolicMLR(Module):
    """Logits of multinomial logistic regression: points of a ball […, in_features] to […, num_classes].

    The logit of class k is (2‖z‖/√c)·asinh(λ_x·√c·⟨x, z/‖z‖⟩·cosh(2√c·r) − (λ_x − 1)·sinh(2√c·r)): 2‖z‖ times the
    signed distance of x to the hyperplane through exp₀(r·z/‖z‖) with normal z. Shimizu et al. 2021 (HNN++, equation 6),
    which is Ganea et al. 2018 with fewer parameters. ``weight`` [num_classes, in_features] holds the z, ``bias``
    [num_classes] the r; both are Euclidean. They start normal with variance 1/(2·in_features·num_classes), and 0.
    """

    def __init__(self, in_features: int, num_classes: int, curvature: float = -1.0) -> None:
        self.in_features = in_features
        self.num_classes = num_classes
        self.curvature = PoincareBall(curvature).curvature
        self.weight = Parameter(zeros(num_classes, in_features))
        self.bias = Parameter(zeros(num_classes))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.normal_(self.weight, 0.0, (2 * self.in_features * self.num_classes) ** -0.5)
        init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1:] != (self.in_features,):
            raise ShapeError(f"HyperbolicMLR needs points […, {self.in_features}], got {tuple(x.shape)}")
        root = math.sqrt(-self.curvature)
        factor = conformal_factor(x, curvature=self.curvature)
        squared = self.weight.square().sum(-1)
        given = squared > 0.0  # a class without a normal has logit 0
        inverse = where(given, rsqrt(where(given, squared, 1.0)), 0.0)
        towards = functional.linear(root * x, self.weight * inverse.unsqueeze(-1))
        turn = clamp(root * self.bias, -_FARTHEST, _FARTHEST) * 2.0
        signed = asinh(factor * towards * cosh(turn) - (factor - 1.0) * sinh(turn))
        return (2.0 / root) * (squared * inverse) * signed

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, num_classes={self.num_classes}, curvature={self.curvature:g}"
