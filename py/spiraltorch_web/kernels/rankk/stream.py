"""Launches that read every row once, past cuts from a sample: the sample, the read, and the finish of what is between.

For the middle of few long rows a fourth one goes through the lists before the finish.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from ...ir.caps import Caps
from ..grids import ceil_div
from ..launches import given, launch, result, scratch
from ..registry import Launch, Lowered, Operand
from ..templates import Value
from .choice import Choice, changed
from .problem import RankProblem
from .row import BASE_BYTES, settling, shape_of, workgroup_of
from .sample import Sampling

# Small workgroups wait less for each other, and lanes that stage much leave a multiprocessor fewer of them: on an H200
# the gather takes half as long again from 12 slots of keys and columns on. Lanes whose slots are full send them to the
# list.
GATHER_WORKGROUP, MOST_STAGED, MOST_STAGED_COLUMNS = 128, 11, 20
SOFTWARE_GATHER_WORKGROUP = 256
# Vectors that a lane of it loads at once, each with text of its own: SwiftShader takes minutes to compile eight.
MOST_UNROLLED, SOFTWARE_MOST_UNROLLED = 16, 4
MARKED = 8  # vectors whose entries have a bit each in a word
MOST_COUNTED = 61440  # columns of the middle's stretches: gathering workgroups count them in 16 bits
MOST_COUNTED_NARROWLY = 65535  # entries of a list that is finished with counters of 16 bits
MOST_BUCKETS = 4096  # where wanted entries find their order
SIFT_READS = 8  # entries of a list that a sifting lane looks at
SIFT_SPARE = 16  # buckets more than the wanted entries fill, for densities that vary
# Entries of a list that a finishing lane keeps in registers; fewer are read again as quickly.
LEAST_HELD, MOST_HELD = 4, 12
LEAST_FINISHERS = 256  # lanes that finish a sifted list


def streamed_launches(problem: RankProblem, choice: Choice, caps: Caps) -> Lowered:
    """The launches of a choice, and the bytes of what they leave for each other."""
    stream = _Stream(problem, choice, caps)
    launches = (_cut(stream), _gather(stream), *((_sift(stream),) if stream.sifted else ()), _finish(stream))
    rows, sieve = problem.rows, stream.sieve
    sizes = [32 * rows, 8 * rows * stream.found]
    if stream.sifted:
        sizes += [4 * rows * sieve["ASIDE"], 8 * rows * sieve["SIFTED_ROOM"]]
    if stream.joined:
        sizes.append(8 * rows * stream.sampling.parts)
    return Lowered(launches, tuple(sizes))


@dataclass(frozen=True)
class _Stream:
    """What the launches of one choice agree upon."""

    problem: RankProblem
    choice: Choice
    caps: Caps

    @property
    def chunks(self) -> int:
        return self.choice.ch if self.choice.use_2ce else 1

    @property
    def with_subgroups(self) -> bool:
        return self.caps.subgroup_size > 0

    @cached_property
    def sampling(self) -> Sampling:
        return Sampling.of(self.problem, self.choice)

    @property
    def found(self) -> int:
        """Entries that the list of a row has room for."""
        return self.sampling.room

    @property
    def expected(self) -> int:
        """Entries that it should have."""
        return self.sampling.expected

    @property
    def sifted(self) -> bool:
        return self.sampling.sifted

    @property
    def joined(self) -> bool:
        """Whether the gather takes the cuts from all samples of a row and says how their entries are sifted."""
        return self.sifted or self.sampling.parts > 1

    @property
    def further(self) -> tuple[Operand, ...]:
        """What sampling and reading launches bind last."""
        parted = scratch(4 if self.sifted else 2)
        return (*((parted,) if self.joined else ()), *((scratch(2),) if self.sifted else ()))

    @cached_property
    def sieve(self) -> dict[str, Value]:
        """Buckets that the gathering workgroups count in, and room for the entries of those with wanted ranks."""
        if not self.sifted:
            return {"SIFTED": False}
        buckets = gather_lanes(self.caps)
        room = min(self.found, self.problem.k + SIFT_SPARE * ceil_div(self.expected, buckets) + 256)
        places = {"SCALE": buckets, "SIFTED_COUNT": buckets + 8, "ASIDE": buckets + 16}
        return {"SIFTED": True, "SIFT_BUCKETS": buckets, "SIFTED_ROOM": room, **places}


def _cut(stream: _Stream) -> Launch:
    problem, choice, sampling = stream.problem, stream.choice, stream.sampling
    pieces = choice.wg // 32
    return launch(
        "rank_cut",
        (given(0), scratch(0), *stream.further),
        problem.rows * sampling.parts,
        stream.caps,
        KEYS_PER_LANE=sampling.keys,
        JOINED=stream.joined,
        PARTS=sampling.parts,
        PIECES=pieces,
        STRETCH=problem.cols // (sampling.parts * sampling.keys * pieces),
        MARGIN=sampling.margin,
        SLACK=sampling.slack,
        BY_LANES=not problem.middle and 2 * sampling.margin <= choice.wg,
        **stream.sieve,
        **workgroup_of(choice.wg, subgroups=stream.with_subgroups),
        **shape_of(problem),
    )


def _gather(stream: _Stream) -> Launch:
    """The read. Lanes of the middle stage columns alone, which leaves room for more workgroups; where few rows or few
    entries make latency count, the keys as well."""
    problem, caps, wg = stream.problem, stream.caps, gather_lanes(stream.caps)
    with_keys = stream.sifted or not problem.middle
    room = caps.max_workgroup_bytes - 256 - (8 * wg if stream.sifted else 0)
    most = min(MOST_STAGED if with_keys else MOST_STAGED_COLUMNS, room // ((8 if with_keys else 4) * wg))
    slots = max(4, min(most, stage_slots(stream.expected / stream.chunks / wg, problem.middle)))
    unroll = max(1, stream.choice.tile // (4 * wg))
    return launch(
        "rank_gather",
        (given(0), given(0), scratch(0), scratch(1), *stream.further),
        problem.rows * stream.chunks,
        caps,
        UNROLL=unroll,
        MASKED=min(unroll, MARKED),
        MASKS=ceil_div(unroll, MARKED),
        STAGE_KEYS=with_keys,
        JOINED=stream.joined,
        PARTS=stream.sampling.parts,
        CHUNKS=stream.chunks,
        CHUNK_VECTORS=ceil_div(ceil_div(problem.cols, 4), stream.chunks),
        SLOTS=slots,
        STAGE=slots * wg,
        FOUND=stream.found,
        **stream.sieve,
        **workgroup_of(wg, wide=True),
        **shape_of(problem),
    )


def _sift(stream: _Stream) -> Launch:
    wg = gather_lanes(stream.caps)
    parts = ceil_div(stream.found, SIFT_READS * wg)
    return launch(
        "rank_sift",
        (scratch(0), scratch(1), scratch(2), scratch(3)),
        stream.problem.rows * parts,
        stream.caps,
        CHUNKS=parts,
        STRETCH=SIFT_READS * wg,
        READS=SIFT_READS,
        FOUND=stream.found,
        **stream.sieve,
        **workgroup_of(wg, wide=True, subgroups=stream.with_subgroups),
        **shape_of(stream.problem),
    )


def _finish(stream: _Stream) -> Launch:
    problem, choice, caps = stream.problem, stream.choice, stream.caps
    if not stream.sifted:
        return finishing(problem, choice, caps, stream.expected, stream.found)
    listed = problem.k + 2 * ceil_div(stream.expected, gather_lanes(caps))
    wg = min(choice.wg, max(LEAST_FINISHERS, 1 << max(0, (listed // 4).bit_length() - 1)))
    return finishing(problem, changed(choice, wg=wg), caps, listed, stream.found, stream.sieve)


def finishing(
    problem: RankProblem,
    choice: Choice,
    caps: Caps,
    listed: int,
    room: int,
    sieve: Mapping[str, Value] = MappingProxyType({"SIFTED": False}),
) -> Launch:
    """The launch that puts lists in order, by ``choice.wg`` lanes: of about so many entries, with room for so many."""
    sifted, wg = bool(sieve["SIFTED"]), choice.wg
    held = min(MOST_HELD, ceil_div(listed + listed // 8, wg))
    wide = (sieve["SIFTED_ROOM"] if sifted else room) > MOST_COUNTED_NARROWLY
    return launch(
        "rank_finish",
        (given(0), result(0), result(1), *map(scratch, range(4 if sifted else 2))),
        problem.rows,
        caps,
        FOUND=room,
        HELD=0 if caps.software or held < LEAST_HELD else held,
        READS=8 if listed > MOST_HELD * wg and not caps.software else 4,
        DEALT=False,
        MERGED=True,
        BY_VALUE_TURN=0 if problem.middle else 1,
        FIRST_END=0 if problem.middle else 1,
        **sieve,
        **workgroup_of(wg, wide=wide, buckets=finish_buckets(problem, choice, caps), subgroups=caps.subgroup_size > 0),
        **settling(choice, wg),
        **shape_of(problem),
    )


def gather_lanes(caps: Caps) -> int:
    """Lanes of the workgroups that read the matrix."""
    return min(SOFTWARE_GATHER_WORKGROUP if caps.software else GATHER_WORKGROUP, caps.max_workgroup_size)


def most_tile(caps: Caps) -> int:
    """Columns that such a workgroup loads at once, at most."""
    return 4 * gather_lanes(caps) * (SOFTWARE_MOST_UNROLLED if caps.software else MOST_UNROLLED)


def stage_slots(per_lane: float, middle: bool) -> int:
    """Entries that a lane should stage: what it finds and more. One of the middle with more reads its columns again."""
    return math.ceil(per_lane + 2 * math.sqrt(per_lane)) + (5 if middle else 2)


def finish_buckets(problem: RankProblem, choice: Choice, caps: Caps) -> int:
    """Buckets for the wanted entries to find their order in: about as many as entries, as far as memory goes."""
    room = caps.max_workgroup_bytes - 8 * choice.ctile - 4 * choice.wg - BASE_BYTES
    wanted = 1 << (problem.k - 1).bit_length()
    return min(wanted, MOST_BUCKETS, 1 << max(0, (room // 4).bit_length() - 1))
