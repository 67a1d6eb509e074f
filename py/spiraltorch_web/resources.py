"""Shaders and tuner tables: package data in an installed wheel, else the checkout's folders beside ``py``.

Names are relative to their folder, without the suffix: ``matmul_tile``, ``shared/sortkey``.
"""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from .errors import ArgumentError

_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*")  # nothing such as "../x", which would lead out of the folder


def shader_text(name: str) -> str:
    """The WGSL text of ``shaders/<name>.wgsl``; ArgumentError when there is none, with the names there are."""
    return _text("shaders", name, ".wgsl")


def shader_names() -> list[str]:
    """Names of all shaders, sorted; those in ``shared/`` are imported by others and are no kernels."""
    return _names(_folder("shaders"), ".wgsl")


def tuner_table_text(name: str) -> str:
    """The JSON text of ``tuner_tables/<name>.json``; ArgumentError when there is none, with the names there are."""
    return _text("tuner_tables", name, ".json")


def tuner_table_names() -> list[str]:
    """Names of all shipped tuner tables, sorted."""
    return _names(_folder("tuner_tables"), ".json")


def _folder(kind: str) -> Traversable:
    packaged = files(__package__) / "_data" / kind
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parents[2] / kind


def _text(kind: str, name: str, suffix: str) -> str:
    folder = _folder(kind)
    if _NAME.fullmatch(name):
        try:
            return folder.joinpath(*f"{name}{suffix}".split("/")).read_text(encoding="utf-8")
        except OSError:
            pass  # told below, with what there is
    known = ", ".join(_names(folder, suffix)) or "none"
    raise ArgumentError(f"there is no {name!r} in {kind}; there are: {known}")


def _names(folder: Traversable, suffix: str, prefix: str = "") -> list[str]:
    if not folder.is_dir():
        return []
    found: list[str] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _names(entry, suffix, f"{prefix}{entry.name}/")
        elif entry.name.endswith(suffix):
            found.append(prefix + entry.name.removesuffix(suffix))
    return sorted(found)
