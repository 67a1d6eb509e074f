"""Every text that the matmul variants and the routines become is accepted by naga and by Tint.

The browser makes a pipeline of a short text of each shader: what it makes of the long ones differs in numbers alone.
"""

from __future__ import annotations

import pytest

from spiraltorch_web.dtypes import float32, int32, uint32
from spiraltorch_web.ir.caps import Caps
from spiraltorch_web.ir.program import Kernel
from spiraltorch_web.kernels.matmul import VARIANTS
from spiraltorch_web.kernels.matmul_variants import MatmulProblem, Variant, build
from spiraltorch_web.kernels.rankk import Choice, Merge, Order, RankKind
from spiraltorch_web.kernels.registry import Spec
from spiraltorch_web.kernels.table import ROUTINES
from spiraltorch_web.resources import shader_names
from tests.support.matmul_gpu import plain_matmul, problem_of

ROUTINE_SHADERS = {name for name in shader_names() if not name.startswith(("fft_", "fractal_", "matmul_", "shared/"))}
WITH_SUBGROUPS = Caps(subgroup_size=32)  # and WebGPU's minimum of everything else
ACCESS = ("read", "read", "read_write")
# Vector hooks along K, then every guard: vector and scalar hooks over a ragged K, and a grid that folds.
PROBLEMS = (problem_of(1, 256, 256, 256, "k", "k"), problem_of(70_000, 36, 35, 37, "m", "n"))
# Long enough for every kernel of a routine: argsort merges, cumsum scans its totals, scatter_add sorts.
CALLS: tuple[tuple[str, tuple[Spec, ...], tuple], ...] = (
    *(("argsort", (((2, 5000), dtype),), (down,)) for dtype in (float32, int32, uint32) for down in (False, True)),
    *(
        ("cumsum", ((shape, dtype),), (axis,))
        for dtype in (float32, int32)
        for shape, axis in (((3, 5000), 1), ((5000, 3), 0))
    ),
    *(
        ("scatter_add", (((count,), index), ((count, 3), float32)), (7,))
        for index in (int32, uint32)
        for count in (5000, 5)
    ),
    ("scatter_add", (((0,), int32), ((0, 3), int32)), (7,)),
    ("nd_index", (), ((4, 5), (-7, 2), 21, 30, 1)),
    *(
        ("rank_k", (((3, cols), float32),), (kind, k, True, choice))
        for cols, k, choice in (
            (5000, 2000, Choice(mk=Merge.BITONIC)),
            (900, 20, Choice(mk=Merge.SHARED, mkd=Order.HEAP, wg=128, kl=8)),
            (900, 200, Choice(mk=Merge.SHARED, mkd=Order.KWAY, wg=64, kl=16)),
            (900, 200, Choice(mk=Merge.SHARED, mkd=Order.BUCKETS, wg=64, kl=16)),
            (900, 200, Choice(mk=Merge.LANE, wg=64)),
            (20001, 50, Choice(mk=Merge.SWEEP, wg=128, kl=8)),
            (30000, 500, Choice(mk=Merge.SWEEP, wg=256, kl=8, use_2ce=True)),
            (100, 10, Choice(mk=Merge.WARP, mkd=Order.HEAP, wg=64)),
            (100, 10, Choice(mk=Merge.WARP, mkd=Order.WARP_HEAP, wg=64)),
            (80000, 20, Choice(mk=Merge.STREAM, wg=128, kl=4, use_2ce=True, ch=2)),
            (30000, 500, Choice(mk=Merge.STREAM, wg=256, kl=8)),
        )
        for kind in RankKind
    ),
)


# The least of each kind: by threads alone, over tiles in workgroup memory, with K cut into slices, without blocks.
BUILT_VARIANTS = ("direct_4x4_4x2x1", "tile_32x32x32_4x4", "direct_4x4_2x2x8", "single_64")


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_matmul_text_compiles(compile_all, variant: Variant) -> None:
    kernels = [_matmul_kernel(problem, variant) for problem in PROBLEMS]
    built = kernels if variant.name in BUILT_VARIANTS else ()
    assert [verdict for verdict in compile_all(kernels, built) if not verdict.good] == []


def test_built_variants_exist() -> None:
    assert {variant.name for variant in VARIANTS} >= set(BUILT_VARIANTS)


def test_routine_texts_compile(compile_all) -> None:
    kernels = {kernel.source: kernel for call in CALLS for kernel in _routine_kernels(*call)}
    assert {kernel.name for kernel in kernels.values()} == ROUTINE_SHADERS
    shortest: dict[str, Kernel] = {}
    for kernel in sorted(kernels.values(), key=lambda kernel: len(kernel.source)):
        shortest.setdefault(kernel.name, kernel)
    assert [verdict for verdict in compile_all(list(kernels.values()), shortest.values()) if not verdict.good] == []


def _matmul_kernel(problem: MatmulProblem, variant: Variant) -> Kernel:
    plan = build(problem, variant, Caps().max_groups)
    return Kernel(plan.variant, plain_matmul(problem, plan), ACCESS)


def _routine_kernels(name: str, specs: tuple[Spec, ...], params: tuple) -> list[Kernel]:
    routine = ROUTINES[name]
    lowered = routine.lower(specs, routine.infer(specs, params), params, WITH_SUBGROUPS)
    return [launch.kernel for launch in lowered.launches]
