"""What a choice becomes that a device cannot run for a problem."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ...ir.caps import Caps
from ..grids import ceil_div
from .choice import FIELDS, Choice, Merge, Order, RankKind, changed
from .problem import RankProblem
from .room import finishing_rounds, most_slots, power_above, power_below, rounds_fit, slots_for
from .row import CROWD, list_slots
from .sample import FEW_ROWS, expected_found, found_slots
from .stream import MOST_COUNTED, most_tile
from .sweep import widest_tile
from .ways import list_room, most_held, sweep_ways

MOST_KEYS = 32  # registers that a lane spends on keys
MOST_PASSED = 1 << 16  # columns that a lane goes through by itself
MOST_COMPARED = 1 << 15  # rounds in which a lane compares candidates with each other
MOST_FOUND = 1 << 19  # entries that one workgroup finishes, where none sift them before
# For one kernel, what `repair` makes of a group's fields depends on the problem and the device, and on no other fields.
DECIDED_TOGETHER = (("wg", "kl", "ctile", "mkd"), ("ch", "use_2ce"), ("tile",))
_BASE = Choice()
_HELD_ORDERS = (Order.HEAP, Order.KWAY, Order.BITONIC, Order.BUCKETS)
_LEGAL = frozenset((name, int(value)) for name, field in FIELDS.items() for value in field.domain)


def repair(choice: Choice, kind: RankKind, rows: int, cols: int, k: int, caps: Caps) -> tuple[Choice, tuple[str, ...]]:
    """``choice`` as a device with ``caps`` can run it, and what had to change, one sentence each."""
    return repaired(choice, RankProblem(RankKind(kind), rows, cols, k), caps)


def repaired(choice: Choice, problem: RankProblem, caps: Caps) -> tuple[Choice, tuple[str, ...]]:
    """As `repair`, for a problem."""
    reasons: list[str] = []
    fixed = _within_domains(choice, reasons)
    fixed = _with_mode(fixed, problem)
    merge = _possible_merge(Merge(fixed.mk), fixed, problem, caps, reasons)
    fixed = fixed if fixed.mk == merge else changed(fixed, mk=int(merge))
    fixed = _REPAIRS[merge](fixed, problem, caps, reasons)
    return fixed, tuple(reasons)


def least_chunks(problem: RankProblem) -> int:
    """Stretches that a row must at least be read in."""
    return power_above(ceil_div(problem.cols, MOST_COUNTED)) if problem.middle else 1


def _within_domains(choice: Choice, reasons: list[str]) -> Choice:
    if vars(choice).items() <= _LEGAL:
        return choice
    changes = {}
    for name, field in FIELDS.items():
        given = getattr(choice, name)
        if int(given) not in field.domain:
            nearest = min(field.domain, key=lambda value: (abs(value - int(given)), value))
            changes[name] = bool(nearest) if name == "use_2ce" else nearest
            reasons.append(f"{name} = {given} is not one of its values; {nearest} is the nearest")
    return changed(choice, **changes) if changes else choice


def _with_mode(choice: Choice, problem: RankProblem) -> Choice:
    """``choice`` with the merge kind that mode_midk or mode_bottomk asks for, and the modes spent."""
    if not (choice.mode_midk or choice.mode_bottomk):
        return choice
    mode = {RankKind.MIDK: choice.mode_midk, RankKind.BOTTOMK: choice.mode_bottomk}.get(problem.kind, 0)
    if mode == 0:
        return changed(choice, mode_midk=0, mode_bottomk=0)
    return changed(choice, mk=int(Merge.STREAM if mode == 2 else Merge.SHARED), mode_midk=0, mode_bottomk=0)


def _possible_merge(wanted: Merge, choice: Choice, problem: RankProblem, caps: Caps, reasons: list[str]) -> Merge:
    """The wanted merge kind, or the next one that the device and the problem allow."""
    if not _OBSTACLES[wanted](choice, problem, caps):
        return wanted
    merge, others = wanted, (each for each in (Merge.STREAM, Merge.SHARED, Merge.BITONIC) if each != wanted)
    while obstacle := _OBSTACLES[merge](choice, problem, caps):
        reasons.append(f"mk = {int(merge)} ({merge.name.lower()}) is not possible: {obstacle}")
        merge = next(others)
    return merge


def _no_obstacle(choice: Choice, problem: RankProblem, caps: Caps) -> str:
    return ""


def _warp_obstacle(choice: Choice, problem: RankProblem, caps: Caps) -> str:
    if problem.middle:
        return "a subgroup takes entries from the ends of a row only"
    if not 4 <= caps.subgroup_size <= 32:
        return f"it needs subgroups of 4 to 32 lanes, the device has {caps.subgroup_size or 'none'}"
    most = caps.subgroup_size * MOST_KEYS
    return f"a subgroup holds {most:,} columns, a row has {problem.cols:,}" if problem.cols > most else ""


def _shared_obstacle(choice: Choice, problem: RankProblem, caps: Caps) -> str:
    lanes = power_below(caps.max_workgroup_size)
    if problem.cols > lanes * MOST_KEYS:
        return f"a workgroup holds {lanes * MOST_KEYS:,} columns, a row has {problem.cols:,}"
    wg = _held_size(choice, problem, caps)[0]
    if problem.k > most_slots(wg, caps):
        return f"workgroup memory has room for {most_slots(wg, caps):,} candidates, k is {problem.k:,}"
    return ""


def lane_obstacle(problem: RankProblem, caps: Caps) -> str:
    """Why a lane cannot go through each row by itself; empty where it can."""
    if problem.cols > MOST_PASSED:
        return f"a lane goes through at most {MOST_PASSED:,} columns, a row has {problem.cols:,}"
    rounds = _passing_rounds(problem)
    if caps.most_rounds and rounds > caps.most_rounds:
        return f"a lane's loops end after {caps.most_rounds:,} rounds here, it needs up to {rounds:,}"
    return ""


def _passing_rounds(problem: RankProblem) -> int:
    """Of the loops of a lane that goes through a row: four columns or cleared counters at once, one counter or one step
    of the heap.
    """
    passes = 4 * (2 if problem.middle else 1)
    sorting = (problem.k // 2 + problem.k) * problem.k.bit_length() + 2 * problem.k
    return (2 + passes) * ceil_div(problem.cols, 4) + passes * (256 // 4 + 256) + sorting


def _stream_obstacle(choice: Choice, problem: RankProblem, caps: Caps) -> str:
    if can_stream(min(choice.wg, caps.max_workgroup_size), choice.kl, problem, caps):
        return ""
    sizes = (
        (wg, kl) for wg in (1024, 512, 256, 128, 64) if wg <= caps.max_workgroup_size for kl in (1, 2, 4, 8, 16, 32)
    )
    if any(can_stream(wg, kl, problem, caps) for wg, kl in sizes):
        return ""
    return f"no sample of a row of {problem.cols:,} columns narrows {problem.k:,} wanted entries down"


@lru_cache(maxsize=4096)
def can_stream(wg: int, kl: int, problem: RankProblem, caps: Caps) -> bool:
    """Whether a sample of wg * kl entries narrows rows down to lists that fit."""
    sample = wg * kl
    if wg < 64 or sample * 2 > problem.cols or least_chunks(problem) > FIELDS["ch"].domain[-1]:
        return False
    listed = expected_found(problem, sample)
    return (
        problem.k <= most_slots(wg, caps)
        and listed * 4 <= 3 * problem.cols
        and (listed <= MOST_FOUND or (problem.middle and problem.rows <= FEW_ROWS))
        and 8 * found_slots(problem, sample) * problem.rows <= caps.max_binding_bytes
        and rounds_fit(finishing_rounds(wg, problem), caps)
    )


def _sweep_obstacle(choice: Choice, problem: RankProblem, caps: Caps) -> str:
    if sweep_ways(problem, caps).sizes:
        return ""
    return (
        f"no sample of a row of {problem.cols:,} columns narrows {problem.k:,} wanted entries down to a list that "
        "workgroup memory has room for"
    )


def _repair_sorted(choice: Choice, problem: RankProblem, caps: Caps, reasons: list[str]) -> Choice:
    return changed(_BASE, mk=int(Merge.BITONIC), mkd=int(Order.BITONIC), **_of_transforms(choice))


def _repair_warp(choice: Choice, problem: RankProblem, caps: Caps, reasons: list[str]) -> Choice:
    wg = min(max(choice.wg, caps.subgroup_size), power_below(caps.max_workgroup_size))
    if wg != choice.wg:
        reasons.append(f"wg = {choice.wg} becomes {wg}: a multiple of the subgroup within the device's limit")
    lanes_keys = power_above(ceil_div(problem.cols, caps.subgroup_size))
    counted = choice.mkd == Order.HEAP and 8 * list_slots(problem.k) * (wg // caps.subgroup_size) <= 8192
    order = Order.HEAP if counted else Order.WARP_HEAP
    return changed(_BASE, mk=int(Merge.WARP), mkd=int(order), wg=wg, kl=lanes_keys, **_of_transforms(choice))


def _repair_lane(choice: Choice, problem: RankProblem, caps: Caps, reasons: list[str]) -> Choice:
    wg = min(choice.wg, power_below(caps.max_workgroup_size))
    if wg != choice.wg:
        reasons.append(f"wg = {choice.wg} becomes {wg}: the device's limit")
    return changed(_BASE, mk=int(Merge.LANE), wg=wg, **_of_transforms(choice))


def _repair_held(choice: Choice, problem: RankProblem, caps: Caps, reasons: list[str]) -> Choice:
    wg, kl = _held_size(choice, problem, caps)
    if (wg, kl) != (choice.wg, choice.kl):
        reasons.append(f"wg x kl = {choice.wg} x {choice.kl} becomes {wg} x {kl} to hold {problem.cols:,} columns")
    fixed = _with_slots(changed(choice, wg=wg, kl=kl, tile=_BASE.tile, use_2ce=False, ch=1), problem, caps, reasons)
    order = choice.mkd if choice.mkd in _HELD_ORDERS else auto_order(problem.k)
    if order == Order.HEAP and _compared(fixed.ctile, wg) > MOST_COMPARED:
        order = Order.KWAY
        reasons.append(f"mkd = {int(Order.HEAP)} becomes {int(order)}: {wg} lanes compare {fixed.ctile:,} candidates")
    return changed(fixed, mkd=int(order))


def _compared(candidates: int, wg: int) -> int:
    """Rounds of a lane where each candidate counts those before it."""
    return candidates * ceil_div(candidates, wg)


class _Bounds(NamedTuple):
    """Of launches that stream: the most lanes, the fewest and the most chunks, the widest tile."""

    lanes: int
    fewest: int
    most: int
    tile: int


@lru_cache(maxsize=16)  # a plan repairs hundreds of choices for one problem
def _bounds(problem: RankProblem, caps: Caps) -> _Bounds:
    most = max(1, min(problem.cols // 1024, (1 << 24) // problem.rows))
    return _Bounds(power_below(caps.max_workgroup_size), least_chunks(problem), most, power_below(most_tile(caps)))


def _repair_streamed(choice: Choice, problem: RankProblem, caps: Caps, reasons: list[str]) -> Choice:
    lanes, fewest, most, widest = _bounds(problem, caps)
    wg = min(max(choice.wg, 64), lanes)
    kl = choice.kl
    if not can_stream(wg, kl, problem, caps):
        wg, kl = _narrowing_sample(wg, kl, problem, caps)
    if (wg, kl) != (choice.wg, choice.kl):
        reasons.append(f"wg x kl = {choice.wg} x {choice.kl} becomes {wg} x {kl}: a sample that narrows the row down")
    chunks = choice.ch if choice.use_2ce else 1
    if chunks > most:
        chunks = power_below(most)
        reasons.append(f"ch = {choice.ch} becomes {chunks}: a chunk has at least 1,024 columns")
    if chunks < fewest:
        chunks = fewest
        reasons.append(f"ch = {choice.ch} becomes {chunks}: a workgroup counts at most {MOST_COUNTED:,} columns")
    tile = min(choice.tile, widest)
    if tile != choice.tile:
        reasons.append(f"tile = {choice.tile} becomes {tile}: what a workgroup loads at once has text of its own")
    fixed = changed(choice, wg=wg, kl=kl, ch=chunks, tile=tile, use_2ce=chunks > 1, mkd=int(Order.KWAY))
    return _with_slots(fixed, problem, caps, reasons)


def _repair_swept(choice: Choice, problem: RankProblem, caps: Caps, reasons: list[str]) -> Choice:
    ways = sweep_ways(problem, caps)
    wg, kl = (choice.wg, choice.kl) if (choice.wg, choice.kl) in ways.sizes else ways.sizes[0]
    if (wg, kl) != (choice.wg, choice.kl):
        reasons.append(f"wg x kl = {choice.wg} x {choice.kl} becomes {wg} x {kl}: a sample that narrows the row down")
    split = ways.may_split and (choice.use_2ce or ways.must_split)
    if split != choice.use_2ce:
        reasons.append(f"use_2ce = {choice.use_2ce:d} becomes {split:d}: lists do not fit otherwise")
    tile = min(choice.tile, widest_tile(power_below(caps.max_workgroup_size), caps))
    if tile != choice.tile:
        reasons.append(f"tile = {choice.tile} becomes {tile}: what a workgroup loads at once has text of its own")
    least = list_room(wg, kl, problem)
    slots = min(max(choice.ctile, least), max(least, most_held(wg, caps)))
    if slots != choice.ctile:
        reasons.append(f"ctile = {choice.ctile} becomes {slots}: room for a list within workgroup memory and lanes")
    return changed(choice, wg=wg, kl=kl, tile=tile, ctile=slots, ch=1, use_2ce=split, mkd=int(Order.BUCKETS))


def _narrowing_sample(wg: int, kl: int, problem: RankProblem, caps: Caps) -> tuple[int, int]:
    """(wg, kl) near the wanted ones whose sample narrows rows down, else the first that does."""
    while wg > 64 and not can_stream(wg, kl, problem, caps) and wg * kl * 2 > problem.cols:
        wg //= 2
    while kl > 1 and wg * kl * 2 > problem.cols:
        kl //= 2
    while kl < MOST_KEYS and not can_stream(wg, kl, problem, caps):
        kl *= 2
    if can_stream(wg, kl, problem, caps):
        return wg, kl
    sizes = (
        (wg, kl) for wg in (256, 512, 1024, 128, 64) if wg <= caps.max_workgroup_size for kl in (8, 16, 32, 4, 2, 1)
    )
    return next((wg, kl) for wg, kl in sizes if can_stream(wg, kl, problem, caps))


def _of_transforms(choice: Choice) -> dict[str, int]:
    """The fields that are not about Rank-K, as they were."""
    return {name: getattr(choice, name) for name in ("tile_cols", "radix", "segments")}


def _with_slots(choice: Choice, problem: RankProblem, caps: Caps, reasons: list[str]) -> Choice:
    """``choice`` with candidate slots for k entries and some slack, within workgroup memory."""
    most = most_slots(choice.wg, caps)
    slots = min(max(choice.ctile, slots_for(problem.k + problem.k // 16)), most)
    if slots != choice.ctile:
        reasons.append(f"ctile = {choice.ctile} becomes {slots}: room for k = {problem.k:,} within workgroup memory")
    return choice if slots == choice.ctile else changed(choice, ctile=slots)


def _held_size(choice: Choice, problem: RankProblem, caps: Caps) -> tuple[int, int]:
    """(wg, kl) near the wanted ones that hold a row, and put its middle in order where all of it is one bucket."""
    lanes = power_below(caps.max_workgroup_size)
    wg = min(max(choice.wg, 32), lanes)
    crowd = min(problem.k + CROWD, problem.cols) if problem.middle else 0
    while wg * MOST_KEYS < problem.cols or (wg < lanes and _compared(crowd, wg) > MOST_COMPARED):
        wg *= 2
    return wg, max(choice.kl, power_above(ceil_div(problem.cols, wg)))


def auto_order(k: int) -> Order:
    """How the winners of rows that a workgroup holds get in order where nothing says it."""
    return Order.HEAP if k <= 64 else Order.KWAY


_OBSTACLES = {
    Merge.BITONIC: _no_obstacle,
    Merge.SHARED: _shared_obstacle,
    Merge.WARP: _warp_obstacle,
    Merge.STREAM: _stream_obstacle,
    Merge.LANE: lambda choice, problem, caps: lane_obstacle(problem, caps),
    Merge.SWEEP: _sweep_obstacle,
}
_REPAIRS = {
    Merge.BITONIC: _repair_sorted,
    Merge.SHARED: _repair_held,
    Merge.WARP: _repair_warp,
    Merge.STREAM: _repair_streamed,
    Merge.LANE: _repair_lane,
    Merge.SWEEP: _repair_swept,
}
