"""Every matmul variant against NumPy: sizes around the tiles, all layouts, batches, and what padding must not leak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spiraltorch_web.ir.caps import Caps
from spiraltorch_web.kernels.matmul import VARIANTS, MatmulProblem, plan_matmul, variant_for
from spiraltorch_web.kernels.matmul_variants import Direct, Single, Tile, Variant, build, fits
from tests.support import matmul_gpu as native
from tests.support import matmul_regret as regret
from tests.support.adapters import note_adapter
from tests.support.matmul_gpu import NativeGpu, problem_of

LAYOUTS = (("k", "n"), ("k", "k"), ("m", "n"), ("m", "k"))
# Roundings of a float32 sum of up to 130 products, as multiples of 2**-24 sum |a||b|.
ROUNDINGS = 16
H200 = Path(__file__).parents[1] / "bench" / "results" / "matmul_h200.json"
SMALL = (Tile(32, 32, 32, 1, 1), Direct(1, 1, 4, 4, 16))
MIXED = (*SMALL, Single(64), Tile(64, 64, 32, 2, 1), Direct(1, 1, 2, 2, 64), Direct(2, 2, 4, 2), Direct(2, 1, 4, 2))


@pytest.fixture(scope="module")
def opened() -> NativeGpu:
    return native.open_gpu()


@pytest.fixture
def gpu(opened: NativeGpu, request: pytest.FixtureRequest) -> NativeGpu:
    note_adapter(request.node, opened.name)
    return opened


def run(gpu: NativeGpu, problem: MatmulProblem, variant: Variant, max_groups: int, a: np.ndarray, b: np.ndarray):
    """The product, computed over a poisoned output; a and b as stored."""
    plan = build(problem, variant, max_groups)
    kernel = native.pipeline(gpu, native.plain_matmul(problem, plan))
    poison = np.full((problem.batch, problem.m, problem.n), np.nan, np.float32)
    buffers = [native.upload(gpu, array) for array in (a, b, poison)]
    native.launch(gpu, [(kernel, native.bind(gpu, kernel, buffers), plan.grid)])
    return native.download(gpu, buffers[2], poison)


def check(gpu: NativeGpu, problem: MatmulProblem, variant: Variant, max_groups: int = 65535) -> None:
    operands = native.random_operands(problem, seed=problem.m * 31 + problem.n)
    found = run(gpu, problem, variant, max_groups, operands.a_stored, operands.b_stored)
    a, b = operands.a.astype(np.float64), operands.b.astype(np.float64)
    bound = ROUNDINGS * 2.0**-24 * (np.abs(a) @ np.abs(b))
    assert np.isfinite(found).all(), f"{variant.name}: outputs were left out"
    assert (np.abs(found - a @ b) <= bound).all(), f"{variant.name}: {problem}"


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_variant_equals_numpy_around_its_tile(gpu: NativeGpu, variant: Variant) -> None:
    if not fits(variant, gpu.caps):
        pytest.fail(f"{gpu.name} cannot run {variant.name}")
    depth = variant.depth if isinstance(variant, Tile) else 4 * variant.slices
    sizes = (
        (variant.rows, variant.columns, 2 * depth),
        (variant.rows - 1, variant.columns + 1, depth + 1),
        (variant.rows + 4, variant.columns + 4, depth + 4),
    )
    # The text of the largest tiles takes a CPU adapter's compiler seconds: one ragged size has to do for them.
    large = variant.rows * variant.columns >= 8192
    for index, (m, n, k) in enumerate(sizes[1:2] if large else sizes):
        check(gpu, problem_of(1, m, n, k, *LAYOUTS[index]), variant)


@pytest.mark.parametrize("layout", LAYOUTS, ids="".join)
@pytest.mark.parametrize("variant", MIXED, ids=lambda variant: variant.name)
def test_layouts_and_odd_sizes_equal_numpy(gpu: NativeGpu, variant: Variant, layout: tuple[str, str]) -> None:
    for m, n, k in ((1, 1, 1), (3, 5, 2), (64, 10, 31), (10, 64, 64), (65, 68, 36)):
        check(gpu, problem_of(2, m, n, k, *layout), variant)


@pytest.mark.parametrize("variant", SMALL, ids=lambda variant: variant.name)
def test_grid_folds_at_the_group_limit(gpu: NativeGpu, variant: Variant) -> None:
    problem = problem_of(7, 40, 40, 8)
    limit = 10
    assert build(problem, variant, limit).grid[1] > 1
    check(gpu, problem, variant, limit)


@pytest.mark.parametrize("variant", SMALL, ids=lambda variant: variant.name)
def test_infinity_stays_in_its_row(gpu: NativeGpu, variant: Variant) -> None:
    problem = problem_of(1, 5, 6, 7)
    operands = native.random_operands(problem)
    operands.a_stored[0, 4, 6] = np.inf
    operands.b_stored[0, 6, 5] = np.inf
    found = run(gpu, problem, variant, 65535, operands.a_stored, operands.b_stored)
    with np.errstate(invalid="ignore"):
        expected = operands.a @ operands.b
    assert (np.isfinite(found) == np.isfinite(expected)).all()


@pytest.mark.parametrize("software", (False, True))
def test_planner_gives_a_kernel_that_fits_the_minimum_limits(software: bool) -> None:
    caps = Caps(software=software)
    for m, n, k in ((1, 1, 1), (64, 10, 256), (64, 512, 784), (1024, 1024, 1024), (4096, 4096, 4096), (10**6, 4, 4)):
        plan = plan_matmul(problem_of(1, m, n, k), caps)
        assert np.prod(plan.workgroup) <= caps.max_workgroup_size
        assert max(plan.grid) <= caps.max_groups


@pytest.mark.parametrize(
    "limits", ({"max_workgroup_size": 1024, "max_workgroup_bytes": 49152}, {}), ids=("H200", "minimum")
)
def test_choices_are_close_to_the_fastest_measured(limits: dict[str, int]) -> None:
    found = regret.choices(regret.medians(H200, "unchecked"), Caps(**limits))
    regrets = [choice.regret for choice in found]
    assert np.mean(regrets) <= 1.1, regret.table(found)
    assert max(regrets) <= 1.5, regret.table(found)


@pytest.mark.parametrize("m, n, k, batch", [(1, 50000, 64, 1), (50000, 10, 8, 1), (8, 8, 8, 4096)])
def test_little_of_a_tile_hangs_over_the_edge(m: int, n: int, k: int, batch: int) -> None:
    variant = variant_for(problem_of(batch, m, n, k), Caps())
    assert variant.rows <= max(8, 2 * m) and variant.columns <= max(8, 2 * n)


def test_operands_read_entry_by_entry_get_small_blocks_on_cpu_cores():
    problem = MatmulProblem(64, 16, 16, 72, "k", "n", True, False, True)
    variant = variant_for(problem, Caps(software=True))
    assert variant.rows * variant.columns // variant.threads <= 16
