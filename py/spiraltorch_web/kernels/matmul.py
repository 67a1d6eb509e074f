"""Matrix products: which kernel variant runs a problem on a device."""

from __future__ import annotations

from .matmul_variants import Direct, MatmulPlan, MatmulProblem, Tile, Variant, build, fits, groups
from .registry import LimitsLike

__all__ = ["MatmulPlan", "MatmulProblem", "VARIANTS", "plan_matmul", "variant_for"]

# Largest first: `variant_for` takes the first one that fills the device.
TILES = (
    Tile(128, 128, 16, 2, 2),
    Tile(128, 128, 8, 2, 2, stages=2),
    Tile(128, 128, 8, 2, 2),
    Tile(128, 128, 16, 2, 2, stages=2),
    Tile(128, 128, 32, 2, 2),
    Tile(128, 256, 8, 2, 4),
    Tile(256, 128, 8, 4, 2),
    Tile(128, 64, 16, 2, 2),
    Tile(128, 64, 16, 2, 1),
    Tile(128, 64, 16, 2, 1, stages=2),
    Tile(64, 128, 16, 1, 2),
    Tile(64, 64, 16, 2, 2),
    Tile(64, 64, 16, 2, 2, stages=2),
    Tile(64, 64, 16, 2, 1),
    Tile(64, 64, 16, 1, 1),
    Tile(64, 64, 16, 1, 1, stages=2),
    Tile(64, 64, 32, 2, 1),
    Tile(64, 32, 32, 1, 1),
    Tile(64, 32, 16, 1, 1, stages=2),
    Tile(32, 32, 32, 1, 1),
    Tile(32, 32, 32, 1, 1, stages=2),
)
SLICED = (
    Direct(1, 1, 4, 4, slices=16),
    Direct(1, 1, 4, 4, slices=16, unroll=2),
    Direct(1, 1, 8, 4, slices=8),
    Direct(1, 1, 8, 4, slices=8, unroll=2),
    Direct(1, 1, 8, 8, slices=4),
    Direct(1, 1, 8, 8, slices=4, unroll=2),
    Direct(1, 1, 4, 2, slices=32),
    Direct(1, 1, 2, 2, slices=32),
    Direct(1, 1, 2, 2, slices=64),
    Direct(2, 1, 2, 4, slices=16),
    Direct(2, 1, 4, 4, slices=8),
    Direct(2, 2, 4, 4, slices=8),
)
PLAIN = (
    Direct(1, 1, 8, 8),
    Direct(1, 1, 16, 16),
    Direct(1, 2, 8, 8),
    Direct(2, 1, 8, 8),
    Direct(2, 2, 8, 8),
    Direct(2, 2, 4, 4),
    Direct(2, 2, 16, 16),
)
VARIANTS: tuple[Variant, ...] = (*TILES, *SLICED, *PLAIN)

# Workgroups that keep a large GPU busy: one per multiprocessor of an H100.
FULL = 128


def plan_matmul(problem: MatmulProblem, caps: LimitsLike) -> MatmulPlan:
    """The kernel for ``problem`` on a device with ``caps``."""
    return build(problem, variant_for(problem, caps), caps.max_groups)


def variant_for(problem: MatmulProblem, caps: LimitsLike) -> Variant:
    """The variant to use: plain blocks on CPU cores, else the largest tile that fills the GPU, else slices of K."""
    if caps.software:
        return _software_variant(problem)
    for tile in (Tile(128, 128, 16, 2, 2), Tile(128, 64, 16, 2, 1), Tile(64, 64, 16, 1, 1)):
        if fits(tile, caps) and groups(problem, tile) >= FULL:
            return tile
    return _sliced_variant(problem)


def _software_variant(problem: MatmulProblem) -> Variant:
    row_blocks = 2 if problem.m > 4 else 1
    column_blocks = 2 if problem.n > 4 else 1
    return Direct(row_blocks, column_blocks, 8, 8)


def _sliced_variant(problem: MatmulProblem) -> Variant:
    """Share K out among as many threads as leave each a few quads, where blocks alone would not fill the GPU."""
    for variant in (Direct(1, 1, 8, 8, slices=4), Direct(1, 1, 8, 4, slices=8)):
        if groups(problem, variant) >= FULL or problem.k <= 16 * variant.slices:
            return variant
    return Direct(1, 1, 4, 4, slices=16)
