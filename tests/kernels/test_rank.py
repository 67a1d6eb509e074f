"""Rank-K kernels, each forced in turn, against the NumPy meaning: sizes around every cliff, every kind of values."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as draws

from spiraltorch_web.ir.caps import Caps
from spiraltorch_web.ir.program import BufferRef, Dispatch, Program
from spiraltorch_web.kernels.rankk import (
    DECIDED_TOGETHER,
    Choice,
    Merge,
    Order,
    RankKind,
    RankProblem,
    legal_choices,
    rank_launches,
    repair,
)
from spiraltorch_web.kernels.rankk.reference import rank_reference
from spiraltorch_web.kernels.registry import Lowered
from spiraltorch_web.roundtable import RankFamily
from spiraltorch_web.tuning import DeviceCaps, TunerTable

POISON = 0xDEADBEEF
SIZES = (1, 2, 3, 31, 32, 33, 63, 65, 127, 129, 255, 256, 257, 1000, 1023, 1025, 2047, 2049, 4095, 4097, 5001)


def uniform(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return rng.random(size)


def normal(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return rng.standard_normal(size)


def constant(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return np.full(size, rng.choice([0.0, -0.0, 1.5, -np.inf, np.nan]))


def few_valued(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return rng.integers(-2, 3, size) * rng.choice([1.0, -1.0], size)


def ascending(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return np.sort(rng.standard_normal(size), -1)


def descending(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return -ascending(rng, size)


def clustered(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return 1 + rng.integers(0, 50, size) * 2.0**-23


def of_all_scales(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return rng.standard_normal(size) * 10.0 ** rng.integers(-38, 38, size)


def denormal(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return rng.integers(-1000, 1000, size) * 1e-44


def special(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    plain = rng.standard_normal(size)
    kind = rng.integers(0, 8, size)
    return np.select([kind == 0, kind == 1, kind > 4], [np.inf, -np.inf, np.nan], plain)


def one_outlier(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    values = rng.random(size)
    values[:, rng.integers(size[1])] = rng.choice([3e38, -3e38])
    return values


ENDS = (uniform, normal, constant, few_valued, ascending, descending)
DISTRIBUTIONS = (*ENDS, clustered, of_all_scales, denormal, special, one_outlier)


def drawn(distribution, rows: int, cols: int, seed: int) -> np.ndarray:
    """float32 values; NaN with either sign and any payload."""
    rng = np.random.default_rng(seed)
    with np.errstate(over="ignore"):
        values = distribution(rng, (rows, cols)).astype(np.float32)
    signs = np.isnan(values) & (rng.random((rows, cols)) < 0.5)
    values.view(np.uint32)[signs] = 0xFFC00001
    return values


def as_program(problem: RankProblem, lowered: Lowered) -> Program:
    sizes = (4 * problem.rows * problem.cols, *(4 * problem.rows * problem.k,) * 2, *lowered.scratch)
    first = {"input": 0, "output": 1, "scratch": 3}
    kernels = tuple(dict.fromkeys(launch.kernel for launch in lowered.launches))
    dispatches = []
    for launch in lowered.launches:
        slots = (first[operand.role] + operand.index for operand in launch.operands)
        refs = tuple(BufferRef(slot, sizes[slot]) for slot in slots)
        dispatches.append(Dispatch(kernels.index(launch.kernel), refs, launch.grid))
    return Program(kernels, tuple(dispatches), sizes, len(sizes))


def run(device, problem: RankProblem, choice: Choice, caps: Caps, inputs: list[np.ndarray]) -> list[tuple]:
    """(values, columns) of each input, with every other buffer poisoned before."""
    program = as_program(problem, rank_launches(problem, choice, caps))
    number = device.load(program)
    handles = [device.alloc(size) for size in program.slot_sizes]
    found = []
    for values in inputs:
        device.write(handles[0], values)
        for handle, size in zip(handles[1:], program.slot_sizes[1:], strict=True):
            device.write(handle, np.full(size // 4, POISON, np.uint32))
        device.submit(number, handles)
        parts = device.read([(handle, 4 * problem.rows * problem.k) for handle in handles[1:3]])
        shape = (problem.rows, problem.k)
        found.append((np.frombuffer(bytes(parts[0]), np.float32).reshape(shape),
                      np.frombuffer(bytes(parts[1]), np.int32).reshape(shape)))  # fmt: skip
    for handle in handles:
        device.free(handle)
    device.unload(number)
    return found


def assert_exact(device, problem: RankProblem, choice: Choice, caps: Caps, distributions=DISTRIBUTIONS) -> None:
    inputs = [drawn(each, problem.rows, problem.cols, seed) for seed, each in enumerate(distributions)]
    results = run(device, problem, choice, caps, inputs)
    for distribution, values, (found, columns) in zip(distributions, inputs, results, strict=True):
        expected, where = rank_reference(np, values, problem)
        message = f"{distribution.__name__} {problem} {choice}"
        np.testing.assert_array_equal(columns, where, err_msg=message)
        real = where >= 0
        np.testing.assert_array_equal(found.view(np.uint32)[real], expected.view(np.uint32)[real], err_msg=message)
        assert np.isnan(found[~real]).all(), message


def with_limits(caps: Caps, small: bool, subgroups: bool) -> Caps:
    """The device's limits, or WebGPU's guaranteed ones."""
    least = Caps()
    limited = replace(
        caps, max_workgroup_size=least.max_workgroup_size, max_workgroup_bytes=least.max_workgroup_bytes
    )  # fmt: skip
    return replace(limited if small else caps, subgroup_size=caps.subgroup_size if subgroups else 0)


CHOICES = draws.builds(
    Choice,
    mk=draws.sampled_from(Merge),
    mkd=draws.sampled_from(Order),
    wg=draws.sampled_from((32, 64, 128, 256)),
    kl=draws.sampled_from((1, 4, 8)),
    ctile=draws.sampled_from((64, 256, 1024)),
    tile=draws.sampled_from((256, 1024)),
    use_2ce=draws.booleans(),
    ch=draws.sampled_from((1, 3, 8)),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draws.sampled_from(RankKind), draws.sampled_from(SIZES), draws.integers(1, 5001), CHOICES, draws.booleans())
@example(RankKind.TOPK, 1, 1, Choice(), True)
def test_any_choice_gives_the_exact_answer(native, kind, cols, k, choice, small) -> None:
    caps = with_limits(native.caps, small, subgroups=not small)
    problem = RankProblem(kind, 7, cols, min(k, cols))
    fitting, reasons = repair(choice, kind, problem.rows, cols, problem.k, caps)
    note(f"{fitting} {reasons}")
    assert_exact(native, problem, fitting, caps)


@pytest.mark.parametrize("kind", RankKind, ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    ("rows", "cols", "k", "choice"),
    (
        (1000, 100, 10, Choice(mk=Merge.WARP, mkd=Order.HEAP, wg=64)),
        (700, 200, 7, Choice(mk=Merge.WARP, mkd=Order.WARP_HEAP, wg=64)),
        (70, 1000, 20, Choice(mk=Merge.SHARED, mkd=Order.HEAP, wg=64, kl=16)),
        (100, 1024, 400, Choice(mk=Merge.SHARED, mkd=Order.KWAY, wg=128, kl=8, ctile=448)),
        (100, 1024, 400, Choice(mk=Merge.SHARED, mkd=Order.BITONIC, wg=128, kl=8, ctile=448)),
        (100, 1024, 400, Choice(mk=Merge.SHARED, mkd=Order.BUCKETS, wg=128, kl=8, ctile=448)),
        (70, 1000, 20, Choice(mk=Merge.SHARED, mkd=Order.BUCKETS, wg=64, kl=16, ctile=64)),
        (20, 20001, 50, Choice(mk=Merge.STREAM, wg=128, kl=8, ctile=192, use_2ce=True, ch=4)),
        (8, 65536, 700, Choice(mk=Merge.STREAM, wg=256, kl=8, ctile=1024)),
        (300, 1023, 50, Choice(mk=Merge.LANE, wg=64)),
        (5, 9000, 700, Choice(mk=Merge.LANE, wg=32)),
        (20, 20001, 50, Choice(mk=Merge.SWEEP, wg=128, kl=8)),
        (20, 16384, 512, Choice(mk=Merge.SWEEP, wg=256, kl=8, tile=8192)),
        (8, 65536, 700, Choice(mk=Merge.SWEEP, wg=256, kl=8, tile=1024)),
        (50, 2051, 5, Choice(mk=Merge.SWEEP, wg=64, kl=4)),
        (20, 20001, 50, Choice(mk=Merge.SWEEP, wg=128, kl=8, use_2ce=True)),
        (10, 40000, 1200, Choice(mk=Merge.SWEEP, wg=256, kl=16, use_2ce=True)),
        (100, 257, 100, Choice(mk=Merge.BITONIC)),
        (3, 5001, 3000, Choice(mk=Merge.BITONIC)),
    ),
    ids=str,
)
def test_every_family_over_many_rows(native, kind, rows, cols, k, choice) -> None:
    fitting, _ = repair(choice, kind, rows, cols, k, native.caps)
    assert_exact(native, RankProblem(kind, rows, cols, k), fitting, native.caps)


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize(("cols", "k"), [(20_001, 400), (40_000, 1200)])
def test_sweeps_within_guaranteed_limits(native, cols, k, split) -> None:
    """Workgroup memory of 16 KiB, workgroups of 256, no subgroups."""
    caps = with_limits(native.caps, small=True, subgroups=False)
    wanted = Choice(mk=Merge.SWEEP, wg=256, kl=16, use_2ce=split)
    choice, _ = repair(wanted, RankKind.TOPK, 3, cols, k, caps)
    assert (choice.mk, choice.use_2ce) == (Merge.SWEEP, split or k > 1000)
    assert_exact(native, RankProblem(RankKind.TOPK, 3, cols, k), choice, caps)


@pytest.mark.parametrize("kind", RankKind, ids=lambda kind: kind.name)
def test_a_list_longer_than_16_bit_counters_hold(native, kind) -> None:
    problem = RankProblem(kind, 2, 300_001, 3000)
    wanted = Choice(mk=Merge.STREAM, mkd=Order.KWAY, wg=128, kl=2, ctile=3200, use_2ce=True, ch=4)
    choice, _ = repair(wanted, kind, problem.rows, problem.cols, problem.k, native.caps)
    assert_exact(native, problem, choice, native.caps, (normal, few_valued, special, ascending))


@pytest.mark.parametrize(
    ("shape", "k", "wg", "kl", "samples", "sifted"),
    [
        ((2, 200_001), 50, 128, 4, 1, True),
        ((2, 200_001), 50, 128, 8, 16, True),
        ((3, 200_001), 3000, 128, 8, 16, True),
        ((9, 200_001), 50, 128, 8, 16, True),
        ((5, 20_001), 50, 128, 8, 4, False),
        ((33, 50_002), 500, 128, 8, 8, False),
        ((64, 20_000), 50, 1024, 2, 2, False),
    ],
)
def test_the_middle_of_few_long_rows(native, shape, k, wg, kl, samples, sifted) -> None:
    """Rows are sampled by several workgroups, and long lists are sifted."""
    problem = RankProblem(RankKind.MIDK, *shape, k)
    wanted = Choice(mk=Merge.STREAM, wg=wg, kl=kl, use_2ce=True, ch=8)
    choice, _ = repair(wanted, problem.kind, problem.rows, problem.cols, k, native.caps)
    launches = rank_launches(problem, choice, native.caps).launches
    names = ["rank_cut", "rank_gather", *(["rank_sift"] if sifted else []), "rank_finish"]
    assert [launch.kernel.name for launch in launches] == names
    assert math.prod(launches[0].grid) == samples * problem.rows
    assert_exact(native, problem, choice, native.caps)


def dense_before_the_middle(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Uniform from -1 to 1, but for 1.4 % of each row that lie close to its median, and below."""
    rows, cols = size
    values = rng.random(size) - (np.arange(cols) < cols // 2)
    values[:, : cols * 14 // 1000] *= 1e-4
    return rng.permuted(values, axis=1)


def test_a_sifted_list_longer_than_16_bit_counters_hold(native) -> None:
    problem = RankProblem(RankKind.MIDK, 1, 5_000_000, 50)
    caps = replace(native.caps, most_rounds=0)  # for entries like these no loop is long
    choice, _ = repair(
        Choice(mk=Merge.STREAM, wg=256, kl=1, use_2ce=True, ch=128), problem.kind, 1, problem.cols, 50, caps
    )
    assert len(rank_launches(problem, choice, caps).launches) == 4
    assert_exact(native, problem, choice, caps, (dense_before_the_middle,))


def late_ties(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Few large entries, and then nothing but equal ones before a last stretch of other equal ones."""
    values = np.zeros(size)
    values[:, :5] = 2
    values[:, -size[1] // 8 :] = 1
    return values


@pytest.mark.parametrize(
    ("kind", "cols", "k", "distribution"),
    [
        (RankKind.TOPK, 5_000_000, 10, late_ties),
        (RankKind.MIDK, 3_000_000, 1000, few_valued),
        (RankKind.MIDK, 2048, 2048, constant),
    ],
)
def test_drivers_that_end_long_loops_lose_nothing(native, kind, cols, k, distribution) -> None:
    """Mesa's software driver ends all loops of an invocation after 65,535 rounds, without a word."""
    problem = RankProblem(kind, 1, cols, k)
    for wg in (64, 256):
        wanted = Choice(mk=Merge.SHARED if cols < 4096 else Merge.STREAM, mkd=Order.HEAP, wg=wg)
        choice, _ = repair(wanted, kind, 1, cols, k, native.caps)
        assert_exact(native, problem, choice, native.caps, (distribution,))


@given(
    draws.sampled_from(RankKind),
    draws.integers(1, 1 << 20),
    draws.integers(1, 1 << 22),
    draws.floats(0, 1),
    CHOICES,
    draws.booleans(),
)
def test_repair_is_stable_and_legal_choices_need_none(kind, rows, cols, part, choice, small) -> None:
    rows = min(rows, (1 << 28) // cols)
    k = max(1, round(part * cols))
    caps = Caps() if small else Caps(max_workgroup_size=1024, max_workgroup_bytes=49152, subgroup_size=32,
                                     max_binding_bytes=2 << 30)  # fmt: skip
    if rows == 0:
        return
    fitting, _ = repair(choice, kind, rows, cols, k, caps)
    assert repair(fitting, kind, rows, cols, k, caps) == (fitting, ())
    choices = legal_choices(kind, rows, cols, k, caps)
    assert choices
    for each in choices:
        assert repair(each, kind, rows, cols, k, caps) == (each, ())


@settings(max_examples=300)
@given(
    draws.sampled_from(RankKind), draws.integers(1, 1 << 12), draws.integers(1, 1 << 22), draws.integers(1, 2048),
    CHOICES, CHOICES, draws.sampled_from(DECIDED_TOGETHER), draws.booleans(),
)  # fmt: skip
def test_fields_that_are_decided_together_heed_no_others(kind, rows, cols, k, choice, other, group, small) -> None:
    caps = Caps() if small else Caps(max_workgroup_size=1024, max_workgroup_bytes=49152, subgroup_size=32)
    changed = replace(other, mk=choice.mk, **{name: getattr(choice, name) for name in group})
    fitting, also = (repair(each, kind, rows, cols, min(k, cols), caps)[0] for each in (choice, changed))
    if fitting.mk == also.mk:
        assert {name: getattr(fitting, name) for name in group} == {name: getattr(also, name) for name in group}


def test_every_planned_field_is_decided_with_some_others() -> None:
    fields = [name for group in DECIDED_TOGETHER for name in group]
    family = RankFamily(RankKind.TOPK, DeviceCaps.cuda(), TunerTable())
    assert sorted(fields) == sorted(family.fields - {"mk", "mode_midk", "mode_bottomk"})


def test_what_a_device_cannot_run_is_said() -> None:
    fixed, reasons = repair(Choice(mk=Merge.WARP, wg=100), RankKind.TOPK, 4, 5000, 10, Caps())
    assert fixed.mk != Merge.WARP
    assert any("wg = 100" in reason for reason in reasons)
    assert any("subgroups" in reason for reason in reasons)
    fixed, reasons = repair(
        Choice(mk=Merge.SHARED, mkd=Order.HEAP, wg=64), RankKind.TOPK, 7, 2047, 1869, Caps(max_workgroup_bytes=32768)
    )
    assert fixed.mkd == Order.KWAY
    assert any("64 lanes compare" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("field", "one", "other"),
    (
        ("mk", 0, 3),
        ("mkd", 1, 2),
        ("tile", 1024, 4096),
        ("ctile", 128, 256),
        ("use_2ce", False, True),
        ("wg", 64, 128),
        ("kl", 8, 16),
        ("ch", 2, 4),
        ("mode_midk", 1, 2),
        ("mode_bottomk", 1, 2),
    ),
)
def test_every_field_changes_what_is_launched(field, one, other) -> None:
    caps = Caps(max_workgroup_size=1024, max_workgroup_bytes=49152)
    kind = {"mode_midk": RankKind.MIDK, "mode_bottomk": RankKind.BOTTOMK}.get(field, RankKind.TOPK)
    held = field in ("mkd", "mode_midk", "mode_bottomk")
    base = Choice(mk=Merge.SHARED if held else Merge.STREAM, use_2ce=True, ch=4, kl=16, wg=256, ctile=256)
    problem = RankProblem(kind, 4, 4000 if held else 65536, 100)

    def launched(value) -> Lowered:
        sizes = (problem.rows, problem.cols, problem.k)
        return rank_launches(problem, repair(replace(base, **{field: value}), kind, *sizes, caps)[0], caps)

    assert launched(one) != launched(other)
