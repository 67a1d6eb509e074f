"""JSON without surprises: duplicate keys, NaN, deep nesting and broken text are all one kind of error."""

from __future__ import annotations

import json

from ..errors import ArgumentError, FileFormatError

__all__ = ["dumps", "loads"]


def loads(data: bytes, what: str) -> object:
    """The value of UTF-8 encoded JSON. ``what`` names the text in errors. Raises FileFormatError."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise FileFormatError(f"{what}: a key appears twice")
        return result

    def refuse(token: str) -> object:
        raise FileFormatError(f"{what}: {token} is not JSON")

    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse)
    except FileFormatError:
        raise
    except (ValueError, RecursionError) as error:  # bad UTF-8 and bad JSON are both ValueErrors
        raise FileFormatError(f"{what}: not readable as JSON ({error})") from error


def dumps(value: object) -> bytes:
    """Compact UTF-8 encoded JSON. Raises ArgumentError for what JSON cannot hold."""
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"cannot be written as JSON: {error}") from error
