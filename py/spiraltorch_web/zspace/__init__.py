"""Z-space: learning in hyperbolic space. Parts load when they are first used."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import Any

# Name -> (module, attribute), or (module, None) for the module itself.
_LAZY = MappingProxyType(
    {
        "Euclidean": ("manifolds", "Euclidean"),
        "PoincareBall": ("manifolds", "PoincareBall"),
        "geometry": ("geometry", None),
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
