"""Programs that run one Rank-K choice, once or back to back over several inputs."""

from __future__ import annotations

from ..dtypes import float32
from ..ir.caps import Caps
from ..ir.program import BufferRef, Dispatch, Kernel, Program
from ..kernels.rankk.choice import Choice
from ..kernels.rankk.problem import RankProblem
from ..kernels.registry import Lowered, Operand
from ..kernels.table import ROUTINES
from .shapes import input_bytes, result_bytes


def lower_rank(shape: RankProblem, choice: Choice, caps: Caps, ordered: bool = True) -> Lowered:
    """The launches of a choice that the device can run. Raises KernelError."""
    routine = ROUTINES["rank_k"]
    specs, params = (((shape.rows, shape.cols), float32),), (shape.kind, shape.k, ordered, choice)
    return routine.lower(specs, routine.infer(specs, params), params, caps)


def rank_program(shape: RankProblem, lowered: Lowered, inputs: int = 1, runs: int = 1) -> Program:
    """``runs`` runs over ``inputs`` matrices in turn. External slots: the matrices, then values, then indices.

    All runs write to the same results, so that a device cannot overlap one with the next.
    """
    sizes = (*[input_bytes(shape)] * inputs, *[result_bytes(shape)] * 2, *(max(size, 4) for size in lowered.scratch))
    kernels: dict[Kernel, int] = {}
    dispatches = []
    for run in range(runs):
        for launch in lowered.launches:
            slots = [_slot(operand, run % inputs, inputs) for operand in launch.operands]
            refs = tuple(BufferRef(slot, sizes[slot]) for slot in slots)
            dispatches.append(Dispatch(kernels.setdefault(launch.kernel, len(kernels)), refs, launch.grid))
    return Program(tuple(kernels), tuple(dispatches), sizes, inputs + 2)


def _slot(operand: Operand, matrix: int, inputs: int) -> int:
    if operand.role == "input":
        return matrix
    return inputs + operand.index + (2 if operand.role == "scratch" else 0)
