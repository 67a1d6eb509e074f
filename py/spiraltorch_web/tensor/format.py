"""How tensors print: like PyTorch, with long axes shortened."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..dtypes import bool_, float32, int32
from ..errors import DeviceError, TraceError
from ..runtime.realize import read_values
from ..runtime.session import session
from .convert import nested, unpack

_LINE = 80
_SUMMARY_FROM = 1000
_EDGE = 3  # entries shown at each end of a shortened axis


def pretty(x: Any) -> str:
    """``tensor([[1., 2.], …])``; inside a trace, or where reading fails, shape and dtype only."""
    return laid_out("tensor", x, lambda: unpack(read_values([x])[0], x.dtype))


def laid_out(name: str, x: Any, read: Callable[[], list]) -> str:
    """As `pretty`, for any value with a shape and a dtype whose entries ``read`` gives."""
    facts = f"shape={tuple(x.shape)}, dtype={x.dtype.name}"
    if session().tracing is not None:
        return f"{name}({facts}, traced)"
    try:
        entries = read()
    except (DeviceError, TraceError) as error:
        return f"{name}({facts}, unread: {error})"
    if not entries:
        return f"{name}([]{_suffix(x)})"
    short = len(entries) > _SUMMARY_FROM
    shown = _shortened(nested(entries, tuple(x.shape)), x.ndim) if short else nested(entries, tuple(x.shape))
    texts = _texts(shown, _number_style(list(_leaves(shown))))
    body = texts if isinstance(texts, str) else _rows(texts, len(name) + 1, x.ndim)
    return f"{name}({body}{_suffix(x)})"


def _suffix(x: Any) -> str:
    parts = []
    if 0 in x.shape and x.ndim > 1:
        parts.append(f"size={tuple(x.shape)}")
    if x.dtype not in (float32, int32, bool_) and x.dtype.kind != "c" or 0 in x.shape and x.dtype is not float32:
        parts.append(f"dtype={x.dtype.name}")
    if x.requires_grad:
        parts.append("requires_grad=True")
    return "".join(f", {part}" for part in parts)


def _shortened(rows: Any, ndim: int) -> Any:
    if not ndim:
        return rows
    if len(rows) > 2 * _EDGE:
        rows = [*rows[:_EDGE], ..., *rows[-_EDGE:]]
    return [row if row is ... else _shortened(row, ndim - 1) for row in rows]


def _leaves(value: Any) -> Any:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not ...:
        yield value


def _number_style(entries: list) -> Any:
    """A function from an entry to its text; the texts of finite entries have one width."""
    if entries and isinstance(entries[0], float):
        finite = [entry for entry in entries if math.isfinite(entry)]
        style = _float_style([abs(entry) for entry in finite if entry], all(entry == int(entry) for entry in finite))
    elif entries and isinstance(entries[0], complex):
        finite, style = entries, "{:.4f}".format
    else:
        finite, style = entries, str
    width = max((len(style(entry)) for entry in finite), default=0)
    return lambda entry: style(entry).rjust(width)


def _float_style(sizes: list[float], whole: bool) -> Any:
    """Four digits, with an exponent where sizes differ by more than 1000 or are very large or small."""
    spread = bool(sizes) and (max(sizes) > 1e8 or max(sizes) / min(sizes) > 1e3)
    if spread or not whole and min(sizes) < 1e-4:
        pattern = "{:.4e}"
    else:
        pattern = "{:.0f}." if whole else "{:.4f}"
    return lambda entry: pattern.format(entry) if math.isfinite(entry) else str(entry)


def _texts(value: Any, style: Any) -> Any:
    if isinstance(value, list):
        return [_texts(item, style) for item in value]
    return " ..." if value is ... else style(value)


def _rows(texts: list, indent: int, ndim: int) -> str:
    """Nested texts in brackets; inner lists below one another."""
    if ndim <= 1 or not texts:
        return f"[{_wrapped(texts, indent + 1)}]"
    blank = "\n" * (ndim - 1) + " " * (indent + 1)
    parts = [part if isinstance(part, str) else _rows(part, indent + 1, ndim - 1) for part in texts]
    return f"[{f',{blank}'.join(parts)}]"


def _wrapped(texts: list[str], indent: int) -> str:
    lines, line = [], ""
    for position, text in enumerate(texts):
        piece = text if position == len(texts) - 1 else f"{text}, "
        if line and indent + len(line) + len(piece.rstrip()) > _LINE:
            lines.append(line.rstrip())
            line = ""
        line += piece
    lines.append(line)
    return f"\n{' ' * indent}".join(lines)
