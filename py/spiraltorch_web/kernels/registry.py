"""Named routines: work with hand-written kernels that the fusing compiler does not generate.

A routine declares its result shapes, its derivative, a NumPy twin and how it becomes kernel launches. To add one,
write a module beside this file with a `Routine` and list it in `spiraltorch_web.kernels.table`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..dtypes import DType
from ..ir.caps import Caps
from ..ir.node import Node, Shape, routine
from ..ir.program import Kernel

Spec = tuple[Shape, DType]


@dataclass(frozen=True)
class Operand:
    """A buffer of one launch.

    ("input", i) is an operand, ("output", i) a result, ("scratch", i) a temporary and ("constant", i) a table.
    """

    role: str
    index: int


@dataclass(frozen=True)
class Launch:
    """One kernel launch of a routine."""

    kernel: Kernel
    operands: tuple[Operand, ...]
    grid: tuple[int, int, int]


@dataclass(frozen=True)
class Lowered:
    """All launches of a routine, in order, the bytes of each scratch buffer, and the content of each constant one."""

    launches: tuple[Launch, ...]
    scratch: tuple[int, ...] = ()
    constants: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Routine:
    """A named routine.

    ``infer(specs, params)`` gives the (shape, dtype) of each output. ``lower(specs, outputs, params, caps)`` gives the
    launches; every operand is a contiguous buffer. ``reference(np, arrays, params)`` computes the outputs in NumPy.
    ``derivative(node, cotangent)`` gives, for one output node, a cotangent (or None) per operand; ``joint(node,
    cotangents)`` instead gives them for all outputs of the node's call at once, from those that have a cotangent.
    """

    name: str
    infer: Callable[[Sequence[Spec], tuple], tuple[Spec, ...]]
    lower: Callable[[Sequence[Spec], Sequence[Spec], tuple, Caps], Lowered]
    reference: Callable[..., tuple]
    derivative: Callable[[Node, Node], tuple[Node | None, ...]] | None = None
    joint: Callable[[Node, Mapping[int, Node]], tuple[Node | None, ...]] | None = None

    def __call__(self, *srcs: Node, params: tuple = ()) -> tuple[Node, ...]:
        """The output nodes of one call."""
        specs = self.infer([(src.shape, src.dtype) for src in srcs], params)
        return tuple(
            routine(self.name, srcs, params, index, shape, dtype) for index, (shape, dtype) in enumerate(specs)
        )
