"""Modules that end in the Poincaré ball: the wave gate and the projector."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ShapeError
from ..runtime.session import grad_mode
from ..tensor import Tensor, ones, zeros
from ..zspace.encoder import LanguageWaveEncoder
from ..zspace.geometry import expmap0
from ..zspace.topos import OpenCartesianTopos
from .module import Module
from .naming import named
from .parameter import Parameter

__all__ = ["WaveGate", "ZSpaceProjector"]


@named
class WaveGate(Module):
    """y = exp₀(saturate(x ⊙ gate + bias)): from [*, features] into the ball of the topos' curvature.

    ``gate`` starts as ones and ``bias`` as zeros, both [features]. Without a topos there is no saturation, and the
    curvature is the encoder's. ArgumentError where encoder and topos differ in curvature.
    """

    def __init__(self, features: int, encoder: LanguageWaveEncoder, topos: OpenCartesianTopos | None = None) -> None:
        topos = topos or OpenCartesianTopos(encoder.curvature)
        topos.check_curvature(encoder.curvature, "the encoder")
        self.topos = topos
        self.features = features
        self.encoder = encoder
        self.gate = Parameter(ones(features))
        self.bias = Parameter(zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        check_features(self, x, self.features)
        return expmap0(self.topos.rewrite(x * self.gate + self.bias, label(self)), curvature=self.topos.curvature)

    def infuse_text(self, text: str) -> None:
        """gate ← gate ⊙ (1 + code), where code [features] is the text's point in the ball."""
        code = self.encoder.encode_z_space(text, width=self.features)
        with grad_mode(False):
            self.gate.assign_(self.gate * (1.0 + code.reshape(self.features)))

    def extra_repr(self) -> str:
        return f"features={self.features}, curvature={self.topos.curvature:g}"


@named
class ZSpaceProjector(Module):
    """y = exp₀(saturate(x)): from [*, d] into the ball; gradients go through the map itself."""

    def __init__(self, topos: OpenCartesianTopos, encoder: LanguageWaveEncoder) -> None:
        topos.check_curvature(encoder.curvature, "the encoder")
        self.topos = topos
        self.encoder = encoder

    def forward(self, x: Tensor) -> Tensor:
        return expmap0(self.topos.rewrite(x, label(self)), curvature=self.topos.curvature)

    def encode_text(self, text: str | Sequence[str], width: int | None = None) -> Tensor:
        """The text's point in the ball; see `LanguageWaveEncoder.encode_z_space`."""
        code = self.encoder.encode_z_space(text, width)
        self.topos.check_volume(code, "the encoded text")
        return code

    def extra_repr(self) -> str:
        return f"curvature={self.topos.curvature:g}"


def check_features(module: Module, x: Tensor, features: int) -> None:
    """Raise ShapeError unless the last axis of x has ``features`` entries."""
    if not x.ndim or x.shape[-1] != features:
        raise ShapeError(f"{label(module)} takes [*, {features}], got {tuple(x.shape)}")


def label(module: Module) -> str:
    """How errors call a module."""
    return type(module).__name__ if module.name is None else f"{type(module).__name__} {module.name!r}"
