"""What the two WGSL compilers disagree about, and how their complaints are shown."""

from __future__ import annotations

import re

from ..errors import KernelError
from ..ir.program import Kernel

# naga (wgpu) knows subgroup operations without being asked and rejects the enable line; Tint (Chrome) requires it.
ENABLES = {
    "naga": {"f16": "enable f16; ", "subgroups": ""},
    "tint": {"f16": "enable f16; ", "subgroups": "enable subgroups; "},
}
CONTEXT_LINES = 2
_NAGA_PICTURE = re.compile(r"(\d+ )?[┌│·]")
_NAGA_PLACE = re.compile(r"wgsl:(\d+):(\d+)")


def module_text(kernel: Kernel, dialect: str) -> str:
    """The kernel's source behind its `enable` directives, all on line 1 so that line numbers stay true."""
    enables = ENABLES[dialect]
    return "".join(enables[need] for need in sorted(kernel.needs)) + kernel.source


def kernel_error(kernel: Kernel, dialect: str, message: str, line: int = 0, column: int = 0) -> KernelError:
    """A `KernelError` with the compiler's message and the lines around the place it complains about.

    ``line`` and ``column`` count from 1; without them the place is taken from naga's message.
    """
    place = _NAGA_PLACE.search(message)
    if not line and place:
        line, column = int(place.group(1)), int(place.group(2))
    if line == 1:
        column = max(1, column - (len(module_text(kernel, dialect)) - len(kernel.source)))
    parts = [f"kernel {kernel.name!r} did not compile: {_essence(message)}"]
    if line:
        parts.append(excerpt(kernel.source, line, column))
    return KernelError("\n".join(parts))


def _essence(message: str) -> str:
    """The message without wgpu's preamble and naga's picture of the source, which `excerpt` replaces."""
    told = message.split("Caused by:", 1)[-1]
    lines = [line.strip() for line in told.splitlines()]
    kept = [line for line in lines if line and not _NAGA_PICTURE.match(line) and not line.startswith("In wgpu")]
    return "\n".join(kept)


def excerpt(source: str, line: int, column: int) -> str:
    """The given line with its number and a caret, between its neighbours."""
    lines = source.splitlines()
    first, last = max(1, line - CONTEXT_LINES), min(len(lines), line + CONTEXT_LINES)
    width = len(str(last))
    shown = []
    for number in range(first, last + 1):
        marker = ">" if number == line else " "
        shown.append(f"{marker} {number:{width}} | {lines[number - 1]}")
        if number == line and column:
            shown.append(f"  {' ' * width} | {' ' * (column - 1)}^")
    return "\n".join(shown)
