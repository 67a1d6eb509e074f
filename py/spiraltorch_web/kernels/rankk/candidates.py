"""The choices that are worth trying for a problem, and the sound one where nothing was measured."""

from __future__ import annotations

from collections.abc import Iterator

from ...ir.caps import Caps
from ..grids import ceil_div
from .choice import Choice, Merge, Order, RankKind, changed
from .fitting import MOST_KEYS, auto_order, can_stream, lane_obstacle, least_chunks, repaired
from .problem import RankProblem
from .room import most_slots, power_above, power_below, slots_for
from .ways import list_room, sweep_ways

SHORT_TILE = 2048  # columns that a workgroup loads at once, for lanes of the middle that keep much in registers
LANES_AT_WORK = 4  # rows below which the lanes of a processor core have nothing to do
MANY_ROWS = 1024  # from which on small workgroups, which wait less for each other, are faster at the ends
SWEPT_ROWS = 256  # from which on every multiprocessor of a large GPU has a row or two
# Lanes, entries that each samples, vectors that each loads at once, launches.
SWEEPS = (
    (256, 8, 8, (1, 2)),
    (256, 16, 8, (1,)),
    (512, 8, 8, (1, 2)),
    (128, 16, 16, (1,)),
    (512, 16, 8, (2,)),
    (1024, 4, 4, (1,)),
)
MIDDLE_SWEEPS = ((256, 16, 16, (2,)), (512, 8, 8, (2,)), (512, 16, 8, (1, 2)))
MOST_HELD_SWEPT = 8  # entries of a list for a lane that finishes it by itself: more take many registers
FEW_KEYS = 4  # with fewer keys a lane, a smaller workgroup was always faster


def default_choice(problem: RankProblem, caps: Caps) -> Choice:
    """A sound choice where nothing was measured.

    Without subgroups: drivers differ in how they keep the lanes of one together, so a table must vouch for them.
    """
    return next(choice for choice in _candidates(problem, caps) if choice.mk != Merge.WARP)


def legal_choices(kind: RankKind, rows: int, cols: int, k: int, caps: Caps) -> tuple[Choice, ...]:
    """The choices worth trying on a device with ``caps``, each as it would run, the default first."""
    problem = RankProblem(RankKind(kind), rows, cols, k)
    found = dict.fromkeys(repaired(choice, problem, caps)[0] for choice in _candidates(problem, caps))
    return tuple(found)


def _candidates(problem: RankProblem, caps: Caps) -> Iterator[Choice]:
    """Choices to try, the most promising for an unmeasured device first."""
    lanes = caps.subgroup_size
    if 4 <= lanes <= 32 and not problem.middle and problem.cols <= lanes * MOST_KEYS and problem.cols <= 1024:
        if problem.cols <= 512:
            yield from _warp(problem)
            yield from _held(problem, caps)
        else:
            yield from _held(problem, caps)
            yield from _warp(problem)
    else:
        streamed = tuple(_streamed(problem, caps))
        held = tuple(_held(problem, caps))
        yield from (*held, *streamed) if problem.cols <= 8192 else (*streamed, *held)
        yield from _swept(problem, caps)
    if caps.software and problem.rows >= LANES_AT_WORK and not lane_obstacle(problem, caps):
        yield from (Choice(mk=Merge.LANE, wg=wg) for wg in (8, 32, 128))
    yield Choice(mk=Merge.BITONIC, mkd=Order.BITONIC)


def _warp(problem: RankProblem) -> Iterator[Choice]:
    yield from (Choice(mk=Merge.WARP, mkd=Order.WARP_HEAP, wg=wg) for wg in (128, 64))
    if 4 <= problem.k <= 128:
        yield Choice(mk=Merge.WARP, mkd=Order.HEAP, wg=128)


def _held(problem: RankProblem, caps: Caps) -> Iterator[Choice]:
    """Workgroups that a row fills, each lane with several keys as far as there are enough."""
    for wg in (256, 128, 512, 64, 1024):
        kl = power_above(ceil_div(problem.cols, wg))
        idle = wg > 64 and kl < FEW_KEYS
        if wg > caps.max_workgroup_size or idle or kl > MOST_KEYS or (caps.software and wg * kl > 4096):
            continue
        for order in _held_orders(problem, caps):
            choice = Choice(mk=Merge.SHARED, mkd=order, wg=wg, kl=kl, ctile=_held_slots(problem, wg))
            if choice.ctile <= most_slots(wg, caps):
                yield choice


def _held_orders(problem: RankProblem, caps: Caps) -> Iterator[Order]:
    """How winners may get in order; the middle's are dealt into buckets in any case."""
    yield from (Order.HEAP, Order.KWAY) if 64 <= problem.k <= 256 else (auto_order(problem.k),)
    if not (problem.middle or caps.software):  # processor cores gain nothing
        yield Order.BUCKETS


def _held_slots(problem: RankProblem, wg: int) -> int:
    """Room for the wanted entries and some more; for the middle also for the buckets that they begin and end in."""
    spare = max(64, 16 * problem.cols // (4 * wg)) if problem.middle else max(32, problem.k // 3)
    return slots_for(problem.k + min(spare, problem.cols))


def _streamed(problem: RankProblem, caps: Caps) -> Iterator[Choice]:
    counts = _chunk_counts(problem)
    for wg, kl in _sample_sizes(problem, caps):
        if wg > caps.max_workgroup_size or not can_stream(wg, kl, problem, caps):
            continue
        slots = min(slots_for(problem.k * 9 // 8 + 64), most_slots(wg, caps))
        for chunks in counts:
            split = {"use_2ce": chunks > 1, "ch": chunks}
            for tile in (4096, SHORT_TILE) if problem.middle and not caps.software else (4096,):
                yield Choice(mk=Merge.STREAM, mkd=Order.KWAY, wg=wg, kl=kl, ctile=slots, tile=tile, **split)


def _swept(problem: RankProblem, caps: Caps) -> Iterator[Choice]:
    """One workgroup for a row, where there are rows for all multiprocessors; processor cores gain nothing."""
    if caps.software or problem.rows < SWEPT_ROWS:
        return
    ways = sweep_ways(problem, caps)
    for wg, kl, vectors, launches in MIDDLE_SWEEPS if problem.middle else SWEEPS:
        if (wg, kl) not in ways.sizes:
            continue
        slots = list_room(wg, kl, problem)
        choice = Choice(mk=Merge.SWEEP, mkd=Order.BUCKETS, wg=wg, kl=kl, ctile=slots, tile=4 * wg * vectors)
        if 1 in launches and slots <= wg * MOST_HELD_SWEPT and not ways.must_split:
            yield choice
        if 2 in launches and ways.may_split:
            yield changed(choice, use_2ce=True)


def _sample_sizes(problem: RankProblem, caps: Caps) -> Iterator[tuple[int, int]]:
    """Lanes that sample a row, and entries of each."""
    yield from ((512, 8), (256, 16), (1024, 16), (256, 8), (512, 16), (1024, 8))
    if problem.middle:
        yield from ((1024, MOST_KEYS), (512, MOST_KEYS))
    if caps.software:
        yield from ((256, 4), (128, 8))
    elif problem.rows >= MANY_ROWS and not problem.middle:
        yield from ((128, 8), (64, 16))


def _chunk_counts(problem: RankProblem) -> tuple[int, ...]:
    """Stretches per row of some thousand columns, shorter with few rows; then fewer, and more."""
    columns = min(8192, max(4096, problem.rows * problem.cols // 256))
    wanted = max(1, power_below(problem.cols // columns))
    least = least_chunks(problem)
    return tuple(dict.fromkeys(max(least, count) for count in (wanted, wanted // 2, wanted // 4, 2 * wanted)))
