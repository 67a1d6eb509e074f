"""Programs in the form that the JavaScript executor takes."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..ir.program import Program
from .dialect import module_text


def program_text(program: Program, temporaries: Sequence[int]) -> str:
    """The program as JSON; ``temporaries`` are the buffers for its own slots. Described at `load` in executor.js."""
    kernels = [
        {"name": kernel.name, "code": module_text(kernel, "tint"), "access": kernel.access}
        for kernel in program.kernels
    ]
    dispatches = [
        # Bindings are multiples of 4 bytes; only a float16 range of odd length is rounded up.
        (launch.kernel, [(ref.slot, ref.offset, (ref.size + 3) & ~3) for ref in launch.buffers], launch.grid)
        for launch in program.dispatches
    ]
    return json.dumps({"kernels": kernels, "dispatches": dispatches, "temporaries": temporaries})
