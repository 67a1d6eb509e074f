"""Loading a state dict: find everything that does not fit before anything changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import ArgumentError, SpiralError
from ..tensor import Tensor, as_tensor
from ..zspace.manifolds import PoincareBall

__all__ = ["LoadReport", "plan_load", "tensor_from"]


class LoadReport(NamedTuple):
    """What a load that was not strict left out."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def plan_load(
    owner: str, targets: Mapping[str, Tensor], state: Mapping[str, Any], strict: bool
) -> tuple[dict[str, Tensor], LoadReport]:
    """The value for each target that ``state`` has. ArgumentError lists all problems at once."""
    report = LoadReport([key for key in targets if key not in state], [key for key in state if key not in targets])
    problems: list[str] = []
    if strict:
        problems += [f"missing: {key}" for key in report.missing_keys]
        problems += [f"unexpected: {key}" for key in report.unexpected_keys]
    values: dict[str, Tensor] = {}
    for key, target in targets.items():
        if key not in state:
            continue
        try:
            value = tensor_from(state[key])
        except (SpiralError, TypeError, ValueError) as error:
            problems.append(f"{key}: {error}")
            continue
        if value.shape != target.shape:
            problems.append(f"{key}: shape {tuple(value.shape)} does not fit {tuple(target.shape)}")
        elif _ball(value) not in (None, _ball(target)):
            problems.append(f"{key}: points of {_ball(value)} do not fit {_ball(target) or 'flat space'}")
        else:
            values[key] = value
    if problems:
        raise ArgumentError("\n  ".join((f"this state does not fit {owner}:", *problems)))
    return values, report


def _ball(value: Tensor) -> PoincareBall | None:
    """The ball that a parameter's rows are points of."""
    manifold = getattr(value, "manifold", None)
    return manifold if isinstance(manifold, PoincareBall) else None


def tensor_from(value: Any) -> Tensor:
    """A tensor from a tensor, an array, nested lists or a tensor of PyTorch."""
    if isinstance(value, Tensor):
        return value
    # A PyTorch tensor that requires gradients refuses to become an array.
    return as_tensor(value.detach() if hasattr(value, "detach") else value)
