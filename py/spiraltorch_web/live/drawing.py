"""Pictures made of characters: curves, bars and colour blocks for terminals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .events import Progress
from .pixels import Picture

LEVELS = "▁▂▃▄▅▆▇█"
BAR_CELLS = 24


def sparkline(values: Sequence[float]) -> str:
    """One character per value, from the lowest to the highest; values that are not finite show as a dot."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return "·" * len(values)
    low, width = min(finite), (max(finite) - min(finite)) or 1.0
    top = len(LEVELS) - 1
    return "".join(
        LEVELS[round((value - low) / width * top)] if math.isfinite(value) else "·" for value in values
    )  # fmt: skip


def progress_line(event: Progress) -> str:
    """`epoch 41/200 ████████▌        1,930/s`; without a total only the count and the rate."""
    speed = f"{event.rate:,.0f}/s" if event.rate >= 10 else f"{event.rate:.2g}/s"
    if not event.total:
        return f"{event.label} {event.done:,}  {speed}"
    filled = event.done / event.total * BAR_CELLS
    whole = min(int(filled), BAR_CELLS)
    part = "" if whole == BAR_CELLS else " ▏▎▍▌▋▊▉"[int((filled - whole) * 8)]
    bar = ("█" * whole + part).ljust(BAR_CELLS)
    return f"{event.label} {event.done:,}/{event.total:,} {bar} {speed}"


def blocks(picture: Picture, columns: int = 56) -> str:
    """The picture in half blocks with 24-bit colours: two pixels per character."""
    columns = min(columns, picture.width)
    rows = max(2, round(picture.height / picture.width * columns) // 2 * 2)
    lines = []
    for row in range(0, rows, 2):
        cells = (_half_block(picture, column, row, columns, rows) for column in range(columns))
        lines.append("".join(cells) + "\x1b[0m")
    return "\n".join(lines)


def _half_block(picture: Picture, column: int, row: int, columns: int, rows: int) -> str:
    upper = _pixel(picture, column, row, columns, rows)
    lower = _pixel(picture, column, row + 1, columns, rows)
    return "\x1b[38;2;{};{};{}m\x1b[48;2;{};{};{}m▀".format(*upper, *lower)


def _pixel(picture: Picture, column: int, row: int, columns: int, rows: int) -> bytes:
    x = (2 * column + 1) * picture.width // (2 * columns)
    y = (2 * row + 1) * picture.height // (2 * rows)
    start = 3 * (y * picture.width + x)
    return picture.rgb[start : start + 3]
