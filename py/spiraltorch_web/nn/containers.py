"""Modules that hold modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..errors import ArgumentError
from ..tensor import Tensor
from .module import Module
from .naming import named

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


class _ModuleSequence(Module):
    """Modules under the names "0", "1", …"""

    def append(self, module: Module) -> _ModuleSequence:
        """Add a module at the end."""
        if not isinstance(module, Module):
            raise ArgumentError(f"{type(self).__name__} holds modules, got a {type(module).__name__}")
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> _ModuleSequence:
        """Add modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return iter(list(self.children()))

    def __getitem__(self, index: int | slice) -> Any:
        modules = list(self.children())
        return type(self)(modules[index]) if isinstance(index, slice) else modules[index]

    def __setitem__(self, index: int, module: Module) -> None:
        names = [name for name, _ in self.named_children()]
        setattr(self, names[index], module)


@named
class ModuleList(_ModuleSequence):
    """A list of modules whose parameters are found; it has no forward of its own."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.extend(modules)


@named
class Sequential(_ModuleSequence):
    """One module after another: ``Sequential(a, b)``, ``Sequential([a, b])``, ``.push(c)``, ``.add(c)``.

    A dict gives the modules names of their own.
    """

    def __init__(self, *modules: Module | Iterable[Module] | Mapping[str, Module]) -> None:
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self.add_module(name, module)
            return
        single = len(modules) == 1 and not isinstance(modules[0], Module)
        self.extend(modules[0] if single else modules)

    def push(self, module: Module) -> Sequential:
        """Add a module at the end."""
        self.append(module)
        return self

    add = push

    def forward(self, x: Tensor) -> Tensor:
        for module in self.children():
            x = module(x)
        return x


@named
class ModuleDict(Module):
    """Modules by name whose parameters are found; it has no forward of its own."""

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        self.update(modules or {})

    def update(self, modules: Mapping[str, Module]) -> None:
        """Add or replace modules."""
        for name, module in modules.items():
            self[name] = module

    def __setitem__(self, name: str, module: Module) -> None:
        if not isinstance(module, Module):
            raise ArgumentError(f"ModuleDict holds modules, got a {type(module).__name__} for {name!r}")
        if hasattr(type(self), name):
            raise ArgumentError(f"{name!r} is an attribute of every module; choose another name")
        self.add_module(name, module)

    def __getitem__(self, name: str) -> Module:
        return dict(self.named_children())[name]

    def __delitem__(self, name: str) -> None:
        self[name]  # KeyError for a name that is no module
        delattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in dict(self.named_children())

    def __len__(self) -> int:
        return len(dict(self.named_children()))

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self.named_children()))

    def keys(self) -> list[str]:
        return list(self)

    def values(self) -> list[Module]:
        return list(self.children())

    def items(self) -> list[tuple[str, Module]]:
        return list(self.named_children())
