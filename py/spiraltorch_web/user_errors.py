"""Tracebacks as the author of a script needs them: their lines, without the machinery that ran them."""

from __future__ import annotations

import linecache
import traceback
from dataclasses import dataclass
from pathlib import PurePath
from types import TracebackType

from .errors import SpiralError

__all__ = ["UserError", "describe_error", "remember_source"]

LIBRARY = str(PurePath(__file__).parent)
# Frames of the page's own machinery: Pyodide's runners and our bridge.
MACHINERY = ("_pyodide/", "pyodide/", "spiraltorch_web/bridge.py")


@dataclass(frozen=True)
class UserError:
    """An error of a script; line and columns (from 1) are those of its file, None when no frame is in it."""

    name: str
    message: str
    traceback: str
    line: int | None
    column: int | None
    end_column: int | None


def remember_source(filename: str, source: str) -> None:
    """Let tracebacks show the lines of a script that is no file."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)


def describe_error(error: BaseException, filename: str) -> UserError:
    """What to tell about an error in the script `filename`."""
    if isinstance(error, SyntaxError) and error.filename == filename:
        return _syntax_error(error)
    summary = traceback.TracebackException.from_exception(error)
    _strip(summary, filename, keep_library=not isinstance(error, SpiralError))
    place = _last_frame(error.__traceback__, filename)
    text = "".join(summary.format()).rstrip()
    return UserError(type(error).__name__, str(error), text, *(place or (None, None, None)))


def _syntax_error(error: SyntaxError) -> UserError:
    text = "".join(traceback.format_exception_only(error)).rstrip()
    end = error.end_offset if error.end_lineno == error.lineno else None
    return UserError(type(error).__name__, error.msg, text, error.lineno, error.offset, end)


def _strip(summary: traceback.TracebackException, filename: str, keep_library: bool) -> None:
    """Drop the machinery's frames, here and in causes; our own errors explain themselves without the library's."""
    kept = [frame for frame in summary.stack if _is_shown(frame.filename, keep_library)]
    first = next((index for index, frame in enumerate(kept) if frame.filename == filename), 0)
    summary.stack[:] = kept[first:]
    for linked in (summary.__cause__, summary.__context__):
        if linked is not None:
            _strip(linked, filename, keep_library)


def _is_shown(frame_file: str, keep_library: bool) -> bool:
    if any(part in frame_file for part in MACHINERY):
        return False
    return keep_library or not frame_file.startswith(LIBRARY)


def _last_frame(trace: TracebackType | None, filename: str) -> tuple[int, int | None, int | None] | None:
    """Line and columns of the innermost frame in the script."""
    found = None
    for frame, line in traceback.walk_tb(trace):
        if frame.f_code.co_filename == filename:
            found = (line, *_columns(frame, trace, line))
    return found


def _columns(frame, trace: TracebackType | None, line: int) -> tuple[int | None, int | None]:
    """Columns of the failing expression when it lies in one line."""
    while trace is not None and trace.tb_frame is not frame:
        trace = trace.tb_next
    positions = list(frame.f_code.co_positions())
    start, end, column, end_column = positions[trace.tb_lasti // 2]
    if start != line or end != line or column is None or end_column is None:
        return None, None
    text = linecache.getline(frame.f_code.co_filename, line).encode()
    return len(text[:column].decode()) + 1, len(text[:end_column].decode()) + 1
