"""Data files that come with the examples."""

from __future__ import annotations

from ..errors import ArgumentError
from ..host import HOSTS

__all__ = ["open_example"]


def open_example(name: str) -> bytes:
    """The content of a file of ``examples/data``, the same in the page and natively. FileNotFoundError without it."""
    if not name or name.startswith(".") or "/" in name or "\\" in name:
        raise ArgumentError(f"open_example takes the name of a file, such as 'digits.bin', got {name!r}")
    return HOSTS.current.read_example(name)
