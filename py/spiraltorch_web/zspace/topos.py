"""The open cartesian topos: what a tensor may be where tapes and modules of Z-space take it in."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..dtypes import int32
from ..errors import ArgumentError, ShapeError
from ..runtime.session import grad_mode
from ..tensor import Tensor, isfinite
from ..tensor.alarms import watch

__all__ = ["OpenCartesianTopos", "any_nonfinite", "check_same_curvature", "count_nonfinite"]

UNLIMITED = 2**31 - 1


@dataclass(frozen=True)
class OpenCartesianTopos:
    """Limits on tensors, together with the curvature of the space that they belong to.

    ``curvature`` K < 0; ``tolerance`` is how far the curvature of a part used with this topos may differ; entries are
    limited to ±``saturation``; a tape takes at most ``max_depth`` gradients between two resets; a tensor has at most
    ``max_volume`` entries. Volume and depth are checked at once; whether values are finite is watched on the device,
    and known with the next value that is read.
    """

    curvature: float
    tolerance: float = 1e-6
    saturation: float = math.inf
    max_depth: int = UNLIMITED
    max_volume: int = UNLIMITED

    def __post_init__(self) -> None:
        if not (_is_number(self.curvature) and -math.inf < self.curvature < 0):
            raise ArgumentError(f"curvature is a number < 0, such as -1.0, got {self.curvature!r}")
        if not (_is_number(self.tolerance) and 0 <= self.tolerance < math.inf):
            raise ArgumentError(f"tolerance is a number ≥ 0, got {self.tolerance!r}")
        if not (_is_number(self.saturation) and self.saturation > 0):
            raise ArgumentError(f"saturation is a number > 0, got {self.saturation!r}")
        for name in ("max_depth", "max_volume"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ArgumentError(f"{name} is a whole number ≥ 1, got {value!r}")

    def saturate(self, x: Tensor) -> Tensor:
        """x limited to ±saturation; NaN stays NaN. Gradients pass where x is within the limits."""
        return x if math.isinf(self.saturation) else x.clamp(-self.saturation, self.saturation)

    def guard(self, x: Tensor, what: str = "the tensor") -> Tensor:
        """x, watched: entries that are NaN or infinite become an ArgumentError with the next value that is read.

        Costs no read, so it can stand in a compiled step. Raises ShapeError at once for too many entries.
        """
        self.check_volume(x, what)

        def judge(faults: float) -> str | None:
            return f"{what}: {faults:g} of {x.numel()} entries are NaN or infinite" if faults else None

        watch(("topos", what), count_nonfinite(x), judge)
        return x

    def rewrite(self, x: Tensor, what: str = "the tensor") -> Tensor:
        """Saturate, then guard."""
        return self.guard(self.saturate(x), what)

    def check_volume(self, x: Tensor, what: str = "the tensor") -> None:
        """Raise ShapeError for a tensor with more than max_volume entries."""
        if x.numel() > self.max_volume:
            raise ShapeError(
                f"{what} has shape {tuple(x.shape)}, {x.numel():,} entries; this topos takes {self.max_volume:,}"
            )

    def check_depth(self, depth: int) -> None:
        """Raise ArgumentError for more than max_depth gradients in a tape."""
        if depth > self.max_depth:
            raise ArgumentError(
                f"gradient number {depth} since the last reset; this topos takes at most {self.max_depth}: "
                "apply() or reset() the tape"
            )

    def check_curvature(self, curvature: float, what: str) -> None:
        """Raise ArgumentError where ``curvature`` differs from this topos' by more than its tolerance."""
        check_same_curvature(self.curvature, curvature, self.tolerance, "the topos", what)


def check_same_curvature(wanted: float, found: float, tolerance: float, whose: str, what: str) -> None:
    """Raise ArgumentError unless the two curvatures are within ``tolerance`` of each other."""
    if abs(wanted - found) > tolerance:
        raise ArgumentError(f"{what} has curvature {found:g}, {whose} has {wanted:g}; they need one curvature")


def count_nonfinite(x: Tensor) -> Tensor:
    """int32 0-d: how many entries are NaN or infinite. Costs no read, so it can stand in a compiled step."""
    with grad_mode(False):
        return (~isfinite(x.detach())).sum()


def any_nonfinite(x: Tensor) -> Tensor:
    """int32 0-d: 1 if an entry is NaN or infinite, or if the absolute values sum to more than float32 holds, else 0.

    One pass less over x than counting.
    """
    with grad_mode(False):
        return isfinite(x.detach().abs().sum()).logical_not().to(int32)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
