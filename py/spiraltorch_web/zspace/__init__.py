"""Z-space: learning in hyperbolic space. Parts load when they are first used."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import Any

# Name -> (module, attribute), or (module, None) for the module itself.
_LAZY = MappingProxyType(
    {
        "AmegaHypergrad": ("tape", "AmegaHypergrad"),
        "BandEnergy": ("bands", "BandEnergy"),
        "Bands": ("bands", "Bands"),
        "Euclidean": ("manifolds", "Euclidean"),
        "FractalCanvas": ("fractal", "FractalCanvas"),
        "FractalPatch": ("fractal", "FractalPatch"),
        "GradientSummary": ("tape", "GradientSummary"),
        "Hypergrad": ("tape", "Hypergrad"),
        "LanguageWaveEncoder": ("encoder", "LanguageWaveEncoder"),
        "OpenCartesianTopos": ("topos", "OpenCartesianTopos"),
        "PoincareBall": ("manifolds", "PoincareBall"),
        "RoundtableConfig": ("bands", "RoundtableConfig"),
        "RoundtableSchedule": ("bands", "RoundtableSchedule"),
        "UringFractalScheduler": ("fractal", "UringFractalScheduler"),
        "fractal": ("fractal", None),
        "geometry": ("geometry", None),
        "relation_from_image": ("fractal", "relation_from_image"),
    }
)

__all__ = list(_LAZY)


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    found = import_module(f".{module}", __name__)
    value = found if attribute is None else getattr(found, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
