"""Names of modules: ``Linear(4, 3, name="encoder")`` and, with the name first, ``Linear("encoder", 4, 3)``."""

from __future__ import annotations

import functools
import inspect
from typing import TypeVar

__all__ = ["named"]

C = TypeVar("C", bound=type)


def named(cls: C) -> C:
    """Give the constructor of a module class a ``name`` keyword, which may also come first as a string."""
    construct = cls.__init__

    @functools.wraps(construct)
    def __init__(self, *args, name: str | None = None, **kwargs) -> None:
        if name is None and args and isinstance(args[0], str):
            name, *args = args
        construct(self, *args, **kwargs)
        if name is not None:
            self.name = name

    signature = inspect.signature(construct)
    keyword = inspect.Parameter("name", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="str | None")
    parameters = list(signature.parameters.values())
    place = len(parameters) - (parameters[-1].kind is inspect.Parameter.VAR_KEYWORD)
    __init__.__signature__ = signature.replace(parameters=[*parameters[:place], keyword, *parameters[place:]])
    cls.__init__ = __init__
    return cls
