"""Every text that transforms become is accepted by naga and by Tint; plans say what is launched."""

from __future__ import annotations

import pytest

import spiraltorch_web as st
from spiraltorch_web.dtypes import float32
from spiraltorch_web.fft import SpiralKFftPlan, auto_fft_spiralk, auto_fft_wgsl, fft, fft_modules
from spiraltorch_web.ir.caps import Caps
from spiraltorch_web.ir.program import Kernel
from spiraltorch_web.kernels.fft.plan import Tuning, plan_passes
from spiraltorch_web.kernels.fft.routine import FFT, Transform
from tests.support.sessions import cpu_unless_asked, device  # noqa: F401  fixtures

BIG = Caps(max_workgroup_size=1024, max_workgroup_bytes=48 << 10, subgroup_size=32)
SMALL = Caps()
CORES = Caps(software=True)
CALLS = (
    # (kind, length, columns, tuning, caps); small butterflies where they do, as SwiftShader compiles large ones slowly
    # one pass: butterflies of 16 and of 8, parts exchanged together and one after the other, with columns
    ("complex", 256, 1, None, SMALL),
    ("complex", 512, 1, None, SMALL),
    ("complex", 4096, 1, None, SMALL),
    ("real", 64, 5, Tuning(4, 64, 4), SMALL),
    # two passes and three, with and without columns
    ("real", 512, 1, Tuning(4, 32, 8), SMALL),
    ("complex", 1024, 3, Tuning(2, 16, 4), SMALL),
    # real signals: packed, taken apart in the pass or after it
    ("rfft", 128, 1, Tuning(4, 64, 4), SMALL),
    ("rfft", 512, 2, Tuning(4, 32, 4), SMALL),
    ("irfft", 128, 1, Tuning(4, 64, 4), SMALL),
    ("irfft", 512, 2, Tuning(4, 32, 4), SMALL),
    # Bluestein in one launch and in many
    ("complex", 20, 1, Tuning(4, 64, 2), SMALL),
    ("irfft", 101, 2, Tuning(4, 32, 4), SMALL),
    # lines that a thread has for itself, as on CPU cores
    ("complex", 1 << 12, 1, None, CORES),
    ("rfft", 64, 3, None, CORES),
    ("rfft", 16, 3, None, CORES),
    ("complex", 7, 1, None, CORES),
)


def kernels_of(
    kind: str, length: int, columns: int, tuning: Tuning | None, caps: Caps, rows: int = 3
) -> tuple[Kernel, ...]:
    call = Transform(kind, length, 1, scale=0.5, tuning=tuning)
    stored = length // 2 + 1 if kind == "irfft" else length
    specs = (((rows, stored, columns), float32),) * (2 if kind in ("complex", "irfft") else 1)
    return tuple(launch.kernel for launch in FFT.lower(specs, FFT.infer(specs, call), call, caps).launches)


def test_every_text_compiles(compile_all):
    kernels = {kernel.source: kernel for call in CALLS for kernel in kernels_of(*call)}
    assert {kernel.name for kernel in kernels.values()} == {"fft_pass", "fft_tail"}
    assert [verdict for verdict in compile_all(list(kernels.values())) if not verdict.good] == []


def test_each_field_of_a_plan_changes_what_is_launched():
    base, calls = Tuning(8, 4096, 1), []
    for tuning in (base, Tuning(4, 4096, 1), Tuning(8, 64, 1), Tuning(8, 4096, 2)):
        calls.append(tuple(kernel.source for kernel in kernels_of("complex", 1024, 1, tuning, BIG)))
    assert len(set(calls)) == 4
    assert [len(call) for call in calls] == [1, 1, 2, 1]


@pytest.mark.parametrize("caps", (SMALL, BIG, CORES), ids=("small", "big", "cores"))
@pytest.mark.parametrize("bits", range(25))
def test_any_plan_fits_the_device(bits, caps):
    for tuning in (None, Tuning(2, 32, 64), Tuning(16, 65536, 64), Tuning(8, 256, 16)):
        passes = plan_passes(1 << bits, 3, 1, tuning, caps)
        product = 1
        for one in passes:
            product *= one.length
            assert one.length <= (65536 if tuning is None else tuning.tile_cols)
            assert one.threads * one.segments <= caps.max_workgroup_size
            assert 4 * one.length * one.segments * (2 if one.together else 1) <= caps.max_workgroup_bytes
            assert one.values <= (64 if caps.software else 16) and one.lines * one.length == 3 << bits
        assert product == 1 << bits


def test_the_module_of_a_plan_is_the_one_that_runs(as_gpu):
    for cols in (64, 1 << 14):
        step = st.compile(fft)
        step(st.ComplexTensor(st.ones(5, cols), st.zeros(5, cols)))
        sources = [kernel.source for kernel in step.programs()[0].kernels if kernel.name.startswith("fft")]
        assert sources == list(fft_modules(5, cols))
    assert auto_fft_wgsl(5, 64, k=8, subgroup=True) == fft_modules(5, 64)[0]
    with pytest.raises(st.ArgumentError, match="take 2 launches.*fft_modules"):
        auto_fft_wgsl(5, 1 << 14)


def test_a_plan_survives_as_spiralk(device):  # noqa: F811
    for rows, cols in ((64, 4096), (3, 65536), (2, 1000)):
        plan = SpiralKFftPlan.auto(rows, cols)
        text = auto_fft_spiralk(rows, cols, k=8, subgroup=True)
        assert SpiralKFftPlan.from_spiralk(text, rows, cols) == plan
    assert SpiralKFftPlan.from_spiralk("radix: sel(c > 512, 4, 2);", 1, 1024).radix == 4
    with pytest.raises(st.ArgumentError, match="cols is a positive int, got 0"):
        auto_fft_wgsl(1, 0)
