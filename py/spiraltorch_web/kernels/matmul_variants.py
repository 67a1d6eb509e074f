"""The families of matmul kernels: what each one can be asked for, and the text and grid it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..ir.caps import Caps
from .grids import ceil_div, fold
from .templates import instantiate


@dataclass(frozen=True)
class MatmulProblem:
    """``out[batch, m, n] = sum over k of a[batch, m, k] * b[batch, k, n]``.

    ``a_along`` ("k" or "m") and ``b_along`` ("n" or "k") name the operands' contiguous axes. ``a_vec4``, ``b_vec4`` and
    ``store_vec4`` promise that the size along that axis (n for the store) is a multiple of 4 and that the ``*4`` hooks
    may be called.
    """

    batch: int
    m: int
    n: int
    k: int
    a_along: str
    b_along: str
    a_vec4: bool
    b_vec4: bool
    store_vec4: bool


@dataclass(frozen=True)
class MatmulPlan:
    """WGSL that calls the hooks, without bindings, and how to launch it."""

    source: str
    workgroup: tuple[int, int, int]
    grid: tuple[int, int, int]
    variant: str


@dataclass(frozen=True)
class Direct:
    """`shaders/matmul_direct.wgsl`: blocks in registers, K shared out among ``slices`` of the workgroup's threads."""

    row_blocks: int
    column_blocks: int
    thread_rows: int
    thread_columns: int
    slices: int = 1

    @property
    def name(self) -> str:
        block = f"{4 * self.row_blocks}x{4 * self.column_blocks}"
        return f"direct_{block}_{self.thread_rows}x{self.thread_columns}x{self.slices}"

    @property
    def rows(self) -> int:
        return 4 * self.row_blocks * self.thread_rows

    @property
    def columns(self) -> int:
        return 4 * self.column_blocks * self.thread_columns

    @property
    def threads(self) -> int:
        return self.thread_rows * self.thread_columns * self.slices

    @property
    def workgroup_bytes(self) -> int:
        return 64 * self.threads * self.row_blocks * self.column_blocks if self.slices > 1 else 0


@dataclass(frozen=True)
class Tile:
    """`shaders/matmul_tile.wgsl`: operand tiles of ``rows`` and ``columns`` by ``depth`` in workgroup memory."""

    rows: int
    columns: int
    depth: int
    row_blocks: int
    column_blocks: int

    @property
    def name(self) -> str:
        block = f"{4 * self.row_blocks}x{4 * self.column_blocks}"
        return f"tile_{self.rows}x{self.columns}x{self.depth}_{block}"

    @property
    def thread_rows(self) -> int:
        return self.rows // (4 * self.row_blocks)

    @property
    def thread_columns(self) -> int:
        return self.columns // (4 * self.column_blocks)

    @property
    def threads(self) -> int:
        return self.thread_rows * self.thread_columns

    @property
    def workgroup_bytes(self) -> int:
        return 4 * self.depth * (self.rows + self.columns)


@dataclass(frozen=True)
class Single:
    """`shaders/matmul_single.wgsl`: one entry of the product per thread."""

    threads: int
    workgroup_bytes: int = 0
    slices: int = 1

    @property
    def name(self) -> str:
        return f"single_{self.threads}"

    @property
    def rows(self) -> int:
        """Of a block of as many entries as a workgroup has threads; `columns` too."""
        return 8

    @property
    def columns(self) -> int:
        return self.threads // 8


Variant = Direct | Tile | Single


def fits(variant: Variant, caps: Caps) -> bool:
    """Whether a device can run the variant."""
    return variant.threads <= caps.max_workgroup_size and variant.workgroup_bytes <= caps.max_workgroup_bytes


def groups(problem: MatmulProblem, variant: Variant) -> int:
    """How many workgroups the variant launches."""
    if isinstance(variant, Single):
        return ceil_div(problem.batch * problem.m * problem.n, variant.threads)
    return problem.batch * ceil_div(problem.m, variant.rows) * ceil_div(problem.n, variant.columns)


@lru_cache(maxsize=512)
def build(problem: MatmulProblem, variant: Variant, max_groups: int) -> MatmulPlan:
    """The plan that computes ``problem`` with ``variant``."""
    grid = fold(groups(problem, variant), max_groups)
    if isinstance(variant, Single):
        source = instantiate("matmul_single", {**_single_values(problem, variant), "GRID_X": grid[0]})
        return MatmulPlan(source, (variant.threads, 1, 1), grid, variant.name)
    values = {**_problem_values(problem, variant), "GRID_X": grid[0], "GROUPS": groups(problem, variant)}
    if isinstance(variant, Direct):
        source = instantiate("matmul_direct", {**values, **_direct_values(problem, variant)})
    else:
        source = instantiate("matmul_tile", {**values, **_tile_values(problem, variant)})
    return MatmulPlan(source, (variant.threads, 1, 1), grid, variant.name)


def _single_values(problem: MatmulProblem, variant: Single) -> dict[str, int | bool]:
    matrix = problem.m * problem.n
    sizes = {"ENTRIES": problem.batch * matrix, "ENTRIES_PER_MATRIX": matrix, "N": problem.n, "K": problem.k}
    return {**sizes, "THREADS": variant.threads}


def _problem_values(problem: MatmulProblem, variant: Direct | Tile) -> dict[str, int | bool]:
    across = ceil_div(problem.n, variant.columns)
    return {
        "M": problem.m,
        "N": problem.n,
        "K": problem.k,
        "K_GUARD": problem.k % _step_depth(variant) != 0,
        "K_RAGGED": problem.k % 4 != 0,
        "A_ALONG_K": problem.a_along == "k",
        "A_VECTOR": problem.a_vec4,
        "B_ALONG_K": problem.b_along == "k",
        "B_VECTOR": problem.b_vec4,
        "STORE_VECTOR": problem.store_vec4,
        "GROUPS_N": across,
        "GROUPS_PER_MATRIX": across * ceil_div(problem.m, variant.rows),
        "THREADS": variant.threads,
        "ROW_BLOCKS": variant.row_blocks,
        "COLUMN_BLOCKS": variant.column_blocks,
        "THREAD_ROWS": variant.thread_rows,
        "THREAD_COLUMNS": variant.thread_columns,
        "STEPS": ceil_div(problem.k, _step_depth(variant)),
    }


def _direct_values(problem: MatmulProblem, variant: Direct) -> dict[str, int | bool]:
    blocks = variant.thread_rows * variant.thread_columns
    outputs = 4 * blocks * variant.row_blocks * variant.column_blocks
    return {
        "ROWS": 4 * variant.row_blocks,
        "COLUMNS": 4 * variant.column_blocks,
        "BLOCKS": blocks,
        "SLICES": variant.slices,
        "SLICED": variant.slices > 1,
        "RUNS": 4 * variant.column_blocks,
        "LATER_SLICES": variant.slices - 1,
        "STEP_DEPTH": _step_depth(variant),
        "OUTPUTS": outputs,
        "OUTPUT_ROUNDS": ceil_div(outputs, variant.threads),
    }


def _tile_values(problem: MatmulProblem, variant: Tile) -> dict[str, int | bool]:
    a_blocks = variant.rows * variant.depth // 16
    all_blocks = a_blocks + variant.columns * variant.depth // 16
    return {
        "TILE_M": variant.rows,
        "TILE_N": variant.columns,
        "DEPTH": variant.depth,
        "DEPTH_BLOCKS": variant.depth // 4,
        "A_WIDTH": variant.rows // 4,
        "B_WIDTH": variant.columns // 4,
        "A_BLOCKS": a_blocks,
        "ALL_BLOCKS": all_blocks,
        "ROUNDS": ceil_div(all_blocks, variant.threads),
        "CELLS_N": variant.thread_columns // 8,
    }


def _step_depth(variant: Direct | Tile) -> int:
    return variant.depth if isinstance(variant, Tile) else 4 * variant.slices
