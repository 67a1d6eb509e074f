"""Every exception that the library raises on purpose.

::

    SpiralError
    ├── ArgumentError (also ValueError)   an argument has a wrong value
    │   ├── ShapeError                    shapes do not fit the operation
    │   └── DTypeError (also TypeError)   dtypes do not fit the operation
    ├── TraceError                        something a compiled step cannot record
    ├── AutogradError                     a derivative that does not exist
    ├── DeviceError                       the device refused or failed
    │   ├── NoDeviceError                 the device asked for is not there
    │   ├── DeviceLostError               the GPU went away
    │   ├── OutOfMemoryError              an allocation was refused
    │   └── KernelError                   a kernel did not compile
    ├── FileFormatError                   a file is damaged, hostile or of another kind
    ├── SpiralKError (also ValueError)    a SpiralK program that does not parse, or a part that cannot be in one
    ├── ConvergenceError                  an iteration that does not come to rest
    └── AnomalyError                      NaN or infinity where training should stop
"""

from __future__ import annotations

import linecache
import sys
from pathlib import PurePath

_PACKAGE = str(PurePath(__file__).parent)
_EXCERPT = 100  # characters of a line that an error shows


def located(message: str) -> str:
    """The message with the caller's line: the innermost one outside of this package."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith((_PACKAGE, "<frozen")):
        frame = frame.f_back
    if frame is None or " (at " in message:
        return message
    filename, line = frame.f_code.co_filename, frame.f_lineno
    source = linecache.getline(filename, line).strip()
    return f"{message} (at {PurePath(filename).name}, line {line}{': ' if source else ''}{source})"


class SpiralError(Exception):
    """Base of all errors raised by spiraltorch_web."""

    names_line = False  # whether the message ends with the user's line

    def __init__(self, message: str = "") -> None:
        super().__init__(located(message) if self.names_line else message)


class ArgumentError(SpiralError, ValueError):
    """An argument has a wrong value; the message names it, its value, what fits, and the user's line."""

    names_line = True


class ShapeError(ArgumentError):
    """Shapes do not fit the operation; the message shows both."""


class DTypeError(ArgumentError, TypeError):
    """Dtypes do not fit the operation."""


class TraceError(SpiralError, RuntimeError):
    """A compiled step did something that cannot be recorded, such as reading a value."""

    names_line = True


class AutogradError(SpiralError, RuntimeError):
    """A derivative was asked for that does not exist."""

    names_line = True


class DeviceError(SpiralError, RuntimeError):
    """The device refused a request or failed."""


class NoDeviceError(DeviceError):
    """The device that was asked for is not available; the message says why."""


class DeviceLostError(DeviceError):
    """The GPU device went away (driver reset, page in the background, removed card)."""


class OutOfMemoryError(DeviceError, MemoryError):
    """The device could not allocate; the message gives the sizes."""


class KernelError(DeviceError):
    """A WGSL kernel did not compile; the message names it and shows the line."""


class FileFormatError(SpiralError, ValueError):
    """A file is truncated, damaged, hostile or of another format; nothing was loaded."""


class SpiralKError(SpiralError, ValueError):
    """A SpiralK program does not parse, or a part built by hand cannot be in one.

    ``problem`` says what is wrong and ``suggestion`` what to write ("" where nothing is near). ``line``, ``column`` and
    ``end_column`` count characters from 1 and are None for parts built by hand; ``source`` is the line itself.
    ``expected`` lists what could have stood there, and ``origin`` names the text ("" where nobody knows).
    """

    def __init__(
        self,
        problem: str,
        *,
        suggestion: str = "",
        line: int | None = None,
        column: int | None = None,
        end_column: int | None = None,
        source: str = "",
        expected: tuple[str, ...] = (),
        origin: str = "",
    ) -> None:
        self.problem = problem
        self.suggestion = suggestion
        self.line = line
        self.column = column
        self.end_column = end_column
        self.source = source
        self.expected = expected
        self.origin = origin
        super().__init__("\n".join(filter(None, (self._headline(), *self._excerpt(), suggestion))))

    def coming_from(self, origin: str) -> SpiralKError:
        """The same error, about a text of this name."""
        return SpiralKError(
            self.problem,
            suggestion=self.suggestion,
            line=self.line,
            column=self.column,
            end_column=self.end_column,
            source=self.source,
            expected=self.expected,
            origin=origin,
        )

    def _headline(self) -> str:
        place = [] if self.line is None else [f"line {self.line}", f"column {self.column}"]
        where = ", ".join(filter(None, (self.origin, *place)))
        return f"{where}: {self.problem}" if where else self.problem

    def _excerpt(self) -> tuple[str, ...]:
        """The line around the place, and a caret below it; control characters would move the caret."""
        if self.line is None or self.column is None:
            return ()
        start = max(0, self.column - 1 - _EXCERPT // 2)
        shown = self.source[start : start + _EXCERPT]
        clean = "".join(letter if letter.isprintable() else " " for letter in shown)
        return f"  {clean}", " " * (self.column - 1 - start) + "  ^"


class ConvergenceError(SpiralError, ArithmeticError):
    """An iteration grew or did not come to rest; ``residuals`` is its history, one number per iteration."""

    names_line = True

    def __init__(self, message: str, residuals: tuple[float, ...] = ()) -> None:
        super().__init__(message)
        self.residuals = residuals


class AnomalyError(SpiralError, ArithmeticError):
    """A value became NaN or infinite where the caller asked for training to stop."""
