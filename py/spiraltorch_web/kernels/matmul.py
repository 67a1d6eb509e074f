"""Matrix products: which kernel variant runs a problem on a device.

The GPU ladder is fitted to the medians in ``tests/bench/results/matmul_h200.json`` (one NVIDIA H200, 35 shapes,
2026-11-22); `python tests/bench/matmul.py --regret FILE` compares a choice with the best variant measured. The blocks
for software adapters were chosen by CPU time on SwiftShader and lavapipe.
"""

from __future__ import annotations

from ..ir.caps import Caps
from .matmul_variants import Direct, MatmulPlan, MatmulProblem, Single, Tile, Variant, build, fits, groups

__all__ = ["MatmulPlan", "MatmulProblem", "VARIANTS", "plan_matmul", "variant_for"]

# Largest output per workgroup first, with the workgroups that keep 132 multiprocessors busy. Small workgroups need
# two or three each. The second rung stands in for the first where workgroup memory is at WebGPU's minimum.
LADDER: tuple[tuple[Variant, int], ...] = (
    (Tile(128, 128, 32, 2, 2), 120),
    (Tile(128, 128, 8, 2, 2), 120),
    (Tile(64, 64, 16, 2, 2), 200),
    (Tile(64, 64, 32, 2, 1), 100),
    (Tile(32, 32, 32, 1, 1), 200),
    (Direct(1, 1, 8, 4, slices=8), 200),
    (Direct(1, 1, 4, 4, slices=16), 200),
)
# Below the ladder, 8x8 outputs per workgroup, by the depth up to which each suits: the rest of the threads share out K.
NARROW: tuple[tuple[Variant, float], ...] = (
    (Direct(1, 1, 2, 2, slices=8), 8),
    (Direct(1, 1, 2, 2, slices=32), 1000),
    (Direct(1, 1, 2, 2, slices=64), float("inf")),
)
# On CPU cores a load costs as much as six multiply-adds, so larger blocks win, but their text takes SwiftShader
# 0.4 s to compile instead of 0.1 s: they are for products that take milliseconds.
SOFTWARE_LARGE = Direct(4, 4, 4, 2)
SOFTWARE = tuple(Direct(rows, columns, 4, 2) for rows in (1, 2) for columns in (1, 2))
SOFTWARE_TINY = Single(64)
# Multiplications. Below SMALL the time to compile a kernel, which grows with its block, counts more than its speed.
TINY = 1 << 16
SMALL = 1 << 20
LARGE = 1 << 22

VARIANTS: tuple[Variant, ...] = (*(variant for variant, _ in LADDER + NARROW), SOFTWARE_TINY, SOFTWARE_LARGE, *SOFTWARE)


def plan_matmul(problem: MatmulProblem, caps: Caps) -> MatmulPlan:
    """The kernel for ``problem`` on a device with ``caps``."""
    return build(problem, variant_for(problem, caps), caps.max_groups)


def variant_for(problem: MatmulProblem, caps: Caps) -> Variant:
    """The variant to use: on a GPU the largest that fits the device and fills it, on CPU cores blocks in registers."""
    if caps.software:
        return _software_variant(problem)
    for variant, enough in LADDER:
        if fits(variant, caps) and groups(problem, variant) >= enough and _half_filled(problem, variant):
            return variant
    return next(variant for variant, depth in NARROW if problem.k <= depth)


def _half_filled(problem: MatmulProblem, variant: Direct | Tile) -> bool:
    """Whether at least half of a tile's rows and columns lie inside the matrix."""
    return variant.rows <= 2 * problem.m and variant.columns <= 2 * problem.n


def _software_variant(problem: MatmulProblem) -> Variant:
    work = problem.batch * problem.m * problem.n * problem.k
    if work < TINY:
        return SOFTWARE_TINY
    # Operands read entry by entry, as the windows of a convolution, are written out once per entry of a block: with
    # 8x8 blocks SwiftShader compiled such a kernel for minutes.
    if work < SMALL or not (problem.a_vec4 and problem.b_vec4):
        return Direct(1, 1, 4, 2)
    if work >= LARGE and _half_filled(problem, SOFTWARE_LARGE):
        return SOFTWARE_LARGE
    return Direct(2 if problem.m > 4 else 1, 2 if problem.n > 4 else 1, 4, 2)
