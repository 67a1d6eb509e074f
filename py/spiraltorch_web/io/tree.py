"""Checkpoints: nested dicts, lists and plain values around tensors, as named tensors and one JSON outline.

The outline holds plain values as they are, a list as a list, and everything else as an object with one key:
``{"tensor": name}``, ``{"dict": [[key, outline], …]}``, ``{"tuple": […]}``, ``{"float": "inf"}``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from ..errors import ArgumentError, FileFormatError

__all__ = ["assemble", "take_apart"]

T = TypeVar("T")

MAX_DEPTH = 32


def take_apart(value: object, leaf: type[T]) -> tuple[dict[str, T], object]:
    """The instances of ``leaf`` in ``value`` by path ("model.0.weight"), and the outline to put them back with."""
    leaves: dict[str, T] = {}

    def outline(item: object, path: tuple[str, ...]) -> object:
        if len(path) > MAX_DEPTH:
            raise ArgumentError(f"a checkpoint may nest {MAX_DEPTH} levels deep, {'.'.join(path)!r} is deeper")
        if isinstance(item, leaf):
            name = _free_name(".".join(path) or "value", leaves)
            leaves[name] = item
            return {"tensor": name}
        if isinstance(item, Mapping):
            return {"dict": [[_key(key, path), outline(child, (*path, str(key)))] for key, child in item.items()]}
        if isinstance(item, (list, tuple)):
            children = [outline(child, (*path, str(index))) for index, child in enumerate(item)]
            return children if isinstance(item, list) else {"tuple": children}
        if isinstance(item, float) and not math.isfinite(item):
            return {"float": repr(item)}
        if item is None or isinstance(item, (bool, int, float, str)):
            return item
        raise ArgumentError(
            f"a checkpoint holds tensors, numbers, strings, None, dicts, lists and tuples; "
            f"{'.'.join(path) or 'the value'!r} is a {type(item).__name__}"
        )

    return leaves, outline(value, ())


def assemble(outline: object, leaves: Mapping[str, T]) -> object:
    """The value that `take_apart` took apart. Raises FileFormatError for an outline that it would not have made."""
    builders: dict[str, Callable[[object, int], object]] = {
        "tensor": lambda body, depth: _leaf(body, leaves),
        "dict": lambda body, depth: _dict(body, lambda child: build(child, depth + 1)),
        "tuple": lambda body, depth: tuple(build(child, depth + 1) for child in _items(body)),
        "float": lambda body, depth: _float(body),
    }

    def build(node: object, depth: int) -> object:
        if depth > MAX_DEPTH:
            raise FileFormatError(f"checkpoint: nested deeper than {MAX_DEPTH} levels")
        if isinstance(node, list):
            return [build(child, depth + 1) for child in node]
        if not isinstance(node, dict):
            return node
        tag, body = next(iter(node.items())) if len(node) == 1 else (None, None)
        if tag not in builders:
            raise FileFormatError(f"checkpoint: {str(node)[:80]} is no part of an outline")
        return builders[tag](body, depth)

    return build(outline, 0)


def _free_name(name: str, taken: Mapping[str, object]) -> str:
    # {"a.b": x, "a": {"b": y}} gives one path twice.
    while name in taken:
        name += "'"
    return name


def _key(key: object, path: tuple[str, ...]) -> str | int:
    if isinstance(key, str) or type(key) is int:
        return key
    raise ArgumentError(f"keys of a checkpoint are strings or integers; {'.'.join(path) or 'it'!r} has {key!r}")


def _leaf(body: object, leaves: Mapping[str, T]) -> T:
    if not isinstance(body, str) or body not in leaves:
        raise FileFormatError(f"checkpoint: there is no tensor {body!r}")
    return leaves[body]


def _items(body: object) -> list:
    if not isinstance(body, list):
        raise FileFormatError(f"checkpoint: expected a list, got {type(body).__name__}")
    return body


def _dict(body: object, build: Callable[[object], object]) -> dict:
    result: dict[str | int, object] = {}
    for pair in _items(body):
        if not (isinstance(pair, list) and len(pair) == 2 and (isinstance(pair[0], str) or type(pair[0]) is int)):
            raise FileFormatError(f"checkpoint: {str(pair)[:80]} is not a key and a value")
        result[pair[0]] = build(pair[1])
    return result


def _float(body: object) -> float:
    if body not in ("inf", "-inf", "nan"):
        raise FileFormatError(f"checkpoint: {body!r} is not inf, -inf or nan")
    return float(body)
