"""How a transform is cut into passes, and each pass into butterflies.

A pass transforms lines of a power of two points, each held by one workgroup: every thread keeps some of its points in
registers, does butterflies on them, and exchanges them through workgroup memory (Stockham's order, so that nothing is
ever bit-reversed). Longer transforms are N = N1 · N2 (Bailey's four steps): columns, factors e^(−2πi·j2·k1/N), then
rows, whose results are written transposed; rows that are too long are cut in turn. All places here count points along
the axis.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import ArgumentError
from ...ir.caps import Caps

LONGEST = 1 << 24  # points of a transform by powers of two
MOST_VALUES = 16  # points that a thread keeps
# On CPU cores a barrier costs more than a pass over memory: a thread has a whole line, and there are more passes.
SOFTWARE_LINE = 16
# Small workgroups and few lines side by side were fastest on an H200: tests/bench/results/fft_h200.json.
FULL_WORKGROUP, WARP = 64, 32  # threads
FULL_DEVICE = 128  # workgroups: with fewer, lines are spread out
MOST_SEGMENTS = 64
NEIGHBOURS, FEWEST_NEIGHBOURS = 16, 8  # columns that a workgroup should read side by side
FEW_PLACES = 1024  # numbers in workgroup memory: with more, fewer workgroups at once cost more than two more barriers
SHORT = 256  # points of lines that all NEIGHBOURS fit a workgroup of
BALANCED = 1024  # points of a pass where several are needed: more would leave too few lines side by side


@dataclass(frozen=True)
class Tuning:
    """What can be decided about a transform.

    ``radix`` is the largest butterfly, ``tile_cols`` the most points that one launch transforms (longer transforms
    take several), and ``segments`` how many lines a workgroup works on side by side.
    """

    radix: int
    tile_cols: int
    segments: int


@dataclass(frozen=True)
class Digit:
    """A part of a line's number, and what one step of it means for the places of the line's points."""

    count: int
    step_in: int
    step_out: int


@dataclass(frozen=True)
class Pass:
    """One launch: transforms of ``length`` points.

    Lines are numbered by row, then ``digits``, then column, each with the next as the faster one. Point i of a line is
    read at Σ digit · step_in + i · ``stride_in`` of its row and column, and result k written likewise. With
    ``turn = N`` result k is multiplied by e^(−2πi·k·d/N), d the last digit.
    """

    rows: int
    columns: int
    length: int
    digits: tuple[Digit, ...]
    stride_in: int
    stride_out: int
    across_in: bool  # neighbouring threads read neighbouring lines, else neighbouring points
    across_out: bool
    turn: int
    radices: tuple[int, ...]
    values: int  # points per thread
    segments: int
    together: bool  # both parts are exchanged at once, else one after the other in half the memory

    @property
    def threads(self) -> int:
        """Threads per line."""
        return self.length // self.values

    @property
    def lines(self) -> int:
        total = self.rows * self.columns
        for digit in self.digits:
            total *= digit.count
        return total


def longest_line(caps: Caps) -> int:
    """The most points that one workgroup can hold: a part of each in workgroup memory, all in registers."""
    return min(_power_below(caps.max_workgroup_bytes // 4), MOST_VALUES * _power_below(caps.max_workgroup_size))


def default_tuning(length: int, rows: int, columns: int, caps: Caps) -> Tuning:
    """A choice that suits most devices: few exchanges, and workgroups of about 64 threads."""
    if caps.software:
        return Tuning(16, SOFTWARE_LINE, 32)
    tile = longest_line(caps) if length <= longest_line(caps) else min(BALANCED, longest_line(caps) // 8)
    longest = _lengths(length, tile)[-1]
    side_by_side = columns > 1 or length > tile
    fewer_stages = len(_radices(longest, 16)) < len(_radices(longest, 8))
    crowded = side_by_side and NEIGHBOURS * longest // 8 > caps.max_workgroup_size
    radix = 16 if fewer_stages or crowded else 8
    neighbours = min(NEIGHBOURS, max(FEWEST_NEIGHBOURS, NEIGHBOURS * SHORT // longest)) if side_by_side else 1
    segments = max(1, FULL_WORKGROUP * radix // longest, neighbours)
    least = max(1, WARP * radix // longest, FEWEST_NEIGHBOURS if side_by_side else 1)
    lines = rows * columns * length // longest
    while segments > least and lines < FULL_DEVICE * segments:
        segments //= 2
    return Tuning(radix, tile, min(segments, MOST_SEGMENTS))


def plan_passes(length: int, rows: int, columns: int, tuning: Tuning | None, caps: Caps) -> tuple[Pass, ...]:
    """The passes of transforms of ``length`` points along the middle axis of (rows, length, columns)."""
    if length & (length - 1) or not 1 <= length <= LONGEST:
        raise ArgumentError(f"passes transform powers of two up to {LONGEST:,} points, not {length:,}")
    tuning = tuning or default_tuning(length, rows, columns, caps)
    tile = min(tuning.tile_cols, longest_line(caps))
    lengths = _lengths(length, tile)
    if len(lengths) == 1:
        return (_pass(rows, columns, length, (), 1, 1, columns > 1, columns > 1, 0, tuning, caps),)
    made = []
    done = 1  # product of the lengths before
    for n in lengths[:-1]:
        rest = length // (done * n)
        outer = (Digit(done, rest * n, rest * n),) if done > 1 else ()
        digits = (*outer, Digit(rest, 1, 1))
        made.append(_pass(rows, columns, n, digits, rest, rest, True, True, rest * n, tuning, caps))
        done *= n
    made.append(_last_pass(lengths, rows, columns, tuning, caps))
    return tuple(made)


def _last_pass(lengths: list[int], rows: int, columns: int, tuning: Tuning, caps: Caps) -> Pass:
    """Rows of the innermost length, written so that the digits of the result's number are in reverse order."""
    n, before = lengths[-1], lengths[:-1]
    digits, step_in, step_out = [], n, 1
    for length in reversed(before):
        digits.append((length, step_in))
        step_in *= length
    steps_out = {}
    for place, length in enumerate(before):
        steps_out[place] = step_out
        step_out *= length
    # The first factor varies fastest among lines: its results are neighbours.
    ordered = [Digit(length, step, steps_out[len(before) - 1 - place]) for place, (length, step) in enumerate(digits)]
    return _pass(rows, columns, n, tuple(ordered), 1, step_out, columns > 1, True, 0, tuning, caps)


def _pass(
    rows: int,
    columns: int,
    length: int,
    digits: tuple[Digit, ...],
    stride_in: int,
    stride_out: int,
    across_in: bool,
    across_out: bool,
    turn: int,
    tuning: Tuning,
    caps: Caps,
) -> Pass:
    most_threads = _power_below(caps.max_workgroup_size)
    radix = min(tuning.radix, length)
    whole = caps.software and length <= SOFTWARE_LINE
    values = length if whole else max(radix, length // most_threads)
    room = _power_below(caps.max_workgroup_bytes // 4)  # float32 numbers
    lines = rows * columns
    for digit in digits:
        lines *= digit.count
    segments = min(
        _power_below(max(1, tuning.segments)), most_threads // (length // values), room // length, _power_above(lines)
    )
    together = 2 * length * segments <= min(room, FEW_PLACES)
    radices = _radices(length, radix)
    return Pass(
        rows, columns, length, digits, stride_in, stride_out, across_in, across_out, turn, radices, values, segments,
        together,
    )  # fmt: skip


def _radices(length: int, radix: int) -> tuple[int, ...]:
    """Butterflies of ``radix``; a smaller one comes first, where it needs no factors."""
    if length == 1:
        return ()
    bits, step = length.bit_length() - 1, radix.bit_length() - 1
    first = (1 << bits % step,) if bits % step else ()
    return (*first, *(radix,) * (bits // step))


def _lengths(length: int, tile: int) -> list[int]:
    """Factors of at most ``tile``, as few and as equal as possible, the longer ones last."""
    bits, most = length.bit_length() - 1, tile.bit_length() - 1
    count = max(1, -(-bits // most)) if bits else 1
    share, extra = divmod(bits, count)
    return [1 << (share + (place >= count - extra)) for place in range(count)]


def _power_below(value: int) -> int:
    return 1 << (max(1, value).bit_length() - 1)


def _power_above(value: int) -> int:
    return 1 << (max(1, value) - 1).bit_length()
