"""`st.live` outside the page: prints, draws with characters, saves PNG and CSV."""

from __future__ import annotations

import sys
import time
from array import array
from pathlib import Path
from typing import Any, TextIO

from ..png import encode_png
from .disk import picture_of_disk
from .drawing import blocks, progress_line, sparkline
from .events import (
    Boundary,
    Curves,
    Event,
    Histogram,
    Matrix,
    Painting,
    Parameters,
    PoincareDisk,
    Progress,
    Raster,
    Scalars,
    Text,
)
from .pixels import picture_of_boundary, picture_of_curves, picture_of_matrix, picture_of_painting, picture_of_raster
from .values import is_tensor, read_tensors

PRINT_SECONDS = 1.0
SPARK_POINTS = 40
FRAME_SECONDS = 1 / 60


class TerminalSink:
    """Prints the newest values about once a second; at the end writes every curve and the last of every picture.

    The folder is made when the first file is written. `stream` takes prints and the bar (stderr keeps a script's own
    output clean for pipes).
    """

    def __init__(self, folder: Path, stream: TextIO) -> None:
        self.folder = folder
        self._stream = stream
        self._on_terminal = stream.isatty()
        self._curves: dict[str, tuple[array, array]] = {}
        self._pictures: dict[str, Raster | Boundary | Painting | Matrix | Curves | PoincareDisk] = {}
        self._points: dict[str, tuple[array, bytes]] = {}
        self._disks: dict[str, PoincareDisk] = {}  # the last that brought edges and names
        self._printed = 0.0
        self._painted: dict[str, float] = {}
        self._bar = ""

    @classmethod
    def for_script(cls, script: str) -> TerminalSink:
        """A sink that saves under `runs/<script>-<time>` in the working directory."""
        name = Path(script).stem or "session"
        return cls(Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}", sys.stderr)

    def show(self, event: Event) -> None:
        """Print or keep one event."""
        match event:
            case Scalars():
                self._keep_points(event)
            case Progress():
                self._show_progress(event)
            case Parameters():
                self._line(f"{event.count:,} parameters")
            case Text():
                self._line(f"{event.tag}: {event.text}")
            case Histogram():
                self._line(f"{event.tag} {event.edges[0]:.3g} {sparkline(event.counts)} {event.edges[-1]:.3g}")
            case _:
                self._keep_picture(event)

    def ready(self, tag: str) -> bool:
        """As often as a display would show it, so that a script does the same work as in the page."""
        return time.monotonic() - self._painted.get(tag, 0.0) >= FRAME_SECONDS

    def close(self) -> None:
        """Print the last values, write the files and say where they are."""
        self._end_bar()
        if self._curves:
            self._print_curves()
            self._write("scalars.csv", _csv(self._curves).encode())
        for tag, event in self._pictures.items():
            self._write_picture(tag, event)
        if self._curves or self._pictures:
            self._line(f"saved in {self.folder}")
        self._curves, self._pictures = {}, {}

    def _keep_points(self, event: Scalars) -> None:
        for tag, (steps, values) in event.points.items():
            kept_steps, kept_values = self._curves.setdefault(tag, (array("d"), array("d")))
            kept_steps.extend(steps)
            kept_values.extend(values)
        if time.monotonic() - self._printed >= PRINT_SECONDS:
            self._print_values()

    def _print_values(self) -> None:
        self._printed = time.monotonic()
        step = max(int(steps[-1]) for steps, _ in self._curves.values())
        parts = [f"{tag} {values[-1]:.4g}" for tag, (_, values) in self._curves.items()]
        self._line(f"step {step}  " + "  ".join(parts))

    def _print_curves(self) -> None:
        width = max(map(len, self._curves))
        for tag, (_, values) in self._curves.items():
            self._line(f"{tag.ljust(width)}  {sparkline(_thinned(values))}  {values[-1]:.4g}")

    def _keep_picture(self, event: Raster | Boundary | Painting | Matrix | Curves | PoincareDisk) -> None:
        if isinstance(event, Boundary) and event.labels:
            self._points[event.tag] = (event.points, event.labels)
        if isinstance(event, PoincareDisk) and not event.unchanged:
            self._disks[event.tag] = event
        if isinstance(event, Painting):
            self._painted[event.tag] = time.monotonic()
        self._pictures[event.tag] = event

    def _write_picture(self, tag: str, event: Any) -> None:
        match event:
            case Raster():
                picture = picture_of_raster(event)
            case Boundary():
                answers = read_tensors([event.answers])[0] if is_tensor(event.answers) else event.answers
                picture = picture_of_boundary(event, answers, *self._points.get(tag, (array("f"), b"")))
            case Painting():
                picture = picture_of_painting(event)
            case PoincareDisk():
                picture = picture_of_disk(event, self._disks[tag])
            case Matrix():
                picture = picture_of_matrix(event)
                self._line(_table(event))
                self._write(f"{_file_name(tag)}.csv", _matrix_csv(event).encode())
            case Curves():
                picture = picture_of_curves(event)
                columns = {name: (event.x, values) for name, values in event.lines.items()}
                self._write(f"{_file_name(tag)}.csv", _csv(columns, "x").encode())
        self._write(f"{_file_name(tag)}.png", encode_png(picture.width, picture.height, picture.rgb))
        if self._on_terminal and not isinstance(event, Matrix):
            self._line(f"{tag}, step {event.step}\n{blocks(picture)}")

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)

    def _show_progress(self, event: Progress) -> None:
        if not self._on_terminal:
            return
        self._bar = progress_line(event)
        self._stream.write(f"\r\x1b[K{self._bar}")
        if event.done == event.total:
            self._end_bar()
        self._stream.flush()

    def _end_bar(self) -> None:
        if self._bar:
            self._stream.write("\n")
            self._bar = ""

    def _line(self, text: str) -> None:
        """Print above the bar."""
        self._stream.write(f"\r\x1b[K{text}\n{self._bar}" if self._bar else f"{text}\n")
        self._stream.flush()


def _thinned(values: array) -> list[float]:
    every = max(1, len(values) // SPARK_POINTS)
    return list(values[::-1][::every][:SPARK_POINTS][::-1])


def _csv(columns: dict[str, tuple[Any, Any]], first: str = "step") -> str:
    """One row per step, one column per tag; a tag without a value there leaves its cell empty."""
    rows: dict[float, dict[str, float]] = {}
    for tag, (steps, values) in columns.items():
        for step, value in zip(steps, values, strict=True):
            rows.setdefault(step, {})[tag] = value
    lines = [",".join([first, *(_quoted(tag) for tag in columns)])]
    for step, cells in sorted(rows.items()):
        lines.append(",".join([f"{step:g}", *(f"{cells[tag]:.9g}" if tag in cells else "" for tag in columns)]))
    return "\n".join(lines) + "\n"


def _matrix_csv(matrix: Matrix) -> str:
    lines = [",".join(["", *map(_quoted, matrix.columns)])]
    for name, row in zip(matrix.rows, matrix.values, strict=True):
        lines.append(",".join([_quoted(name), *(f"{value:.9g}" for value in row)]))
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\n') else text


def _table(matrix: Matrix) -> str:
    cells = [["", *matrix.columns]]
    cells += [[name, *(f"{value:g}" for value in row)] for name, row in zip(matrix.rows, matrix.values, strict=True)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = ("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return f"{matrix.tag} (rows: {matrix.row_title}, columns: {matrix.column_title})\n" + "\n".join(lines)


def _file_name(tag: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in tag).strip("-") or "picture"
