"""Mutated programs: each is a program or an error of ours, within 100 ms per 10 KB of processor time.

``python -m tests.spiralk.fuzz --count 100000`` is the long run; it prints what it saw and the slowest inputs, and fails
at the first input that breaks the rule. ``--first N`` starts at another number: equal numbers are equal inputs.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections import Counter
from dataclasses import dataclass

from spiraltorch_web import spiralk
from spiraltorch_web.spiralk.names import LARGEST
from tests.spiralk.programs import EVERYTHING, FIRST

SECONDS = 0.1
CHARACTERS = 10_000
SEEDS = (
    FIRST,
    EVERYTHING,
    "mk:1;" * 40,
    "soft(mk, 2, 0.25, sg && (k<=128));\n" * 12,
    "# device: a\nmk: 1;\n# device: any\n" * 8,
    "mk: " + "(" * 60 + "k" + ")" * 60 + ";",
    "mk: " + "sel(k > 3, 1, " * 50 + "0" + ")" * 50 + ";",
    "tile: " + " && ".join(["log2(c) > 3"] * 60) + ";",
    "",
)
# Words, signs and bytes that mean something, or nearly do.
PIECES = [
    *"mk mkd tile ctile r c k sg sgc kc kind sel log2 clamp min max abs floor ceil soft penalty_if true false".split(),
    *"|| && == != <= >= < > + - * / ! ( ) , ; : # . e = & | ? ' \" \\ [ ] { } @ $ % ^ ~ `".split(),
    *["# device: llvmpipe\n", "# device: any\n", "# device:\n", "\n", "\r\n", "\r", "\t", " ", "\x00", "\x0c", "\x85"],
    *["0", "1e308", "1e999", "9" * 400, ".", "1.", ".5", "0x10", "1_0", "٣", "é", "\u2028", "\ufeff", "\U0001f300"],
    *["(" * 80, ")" * 80, "!" * 80, "-" * 80, "sel(" * 70, "k+" * 90, "soft(", "mk:", ";" * 9],
]
LAUNCHES = (
    {"r": 1, "c": 1, "k": 1},
    {"r": 4096, "c": 100_000, "k": 77, "sg": True, "sgc": 64, "kind": 1, "device": "llvmpipe"},
    {"r": int(LARGEST), "c": int(LARGEST), "k": int(LARGEST), "kind": 2, "device": "a"},
)


@dataclass(frozen=True)
class Outcome:
    """What became of one input."""

    kind: str  # "program" or "error"
    seconds: float  # of processor time, to parse
    characters: int

    @property
    def rate(self) -> float:
        """Seconds for each 10,000 characters; shorter inputs count as so many."""
        return self.seconds / max(1, self.characters / CHARACTERS)


def mutated(number: int) -> str | bytes:
    """The input with this number."""
    random_ = random.Random(number)
    text = random_.choice(SEEDS)
    for _ in range(random_.choice((1, 1, 1, 1, 1, 2, 3, 8))):
        text = _mutate(text, random_)
    if random_.random() < 0.02:
        text *= random_.randrange(1, 1 + 20_000 // (1 + len(text))) if len(text) < 20_000 else 1
    if random_.random() < 0.3:
        return _mutate_bytes(bytearray(text.encode("utf-8", "surrogatepass")), random_)
    return text


def _mutate(text: str, random_: random.Random) -> str:
    start = random_.randrange(len(text) + 1)
    end = min(len(text), start + random_.choice((0, 1, 1, 2, 5, 20, 100)))
    span = text[start:end]
    match random_.randrange(7):
        case 0:
            return text[:start] + text[end:]
        case 1:
            return text[:end] + span * random_.choice((1, 2, 5)) + text[end:]
        case 2:
            return text[:start] + chr(random_.choice((random_.randrange(128), random_.randrange(0x11000)))) + text[end:]
        case 3:
            return text[:start]
        case 4:
            other = random_.choice(SEEDS)
            place = random_.randrange(len(other) + 1)
            return text[:start] + other[place : place + 60] + text[end:]
        case 5:
            return text[:start] + span[::-1] + text[end:]
    return text[:start] + random_.choice(PIECES) + text[end:]


def _mutate_bytes(data: bytearray, random_: random.Random) -> bytes:
    for _ in range(random_.choice((0, 1, 3))):
        if data:
            data[random_.randrange(len(data))] = random_.randrange(256)
    return bytes(data)


def examine(text: str | bytes) -> Outcome:
    """Parse an input and use what comes out in every way; AssertionError where something is wrong."""
    start = time.process_time()
    try:
        program = spiralk.parse(text)
    except spiralk.SpiralKError as error:
        seconds = time.process_time() - start
        _check_error(error, text)
        return Outcome("error", seconds, len(text))
    seconds = time.process_time() - start
    _check_program(program)
    return Outcome("program", seconds, len(text))


def examine_lines(text: str | bytes) -> None:
    """Read an input line by line, as a file that other programs append to; AssertionError where something is wrong."""
    lines = spiralk.parse_lines(text)
    assert [error.line for error in lines.errors] == sorted({error.line for error in lines.errors})
    assert spiralk.parse_lines(lines.program.format(wrap=False)) == spiralk.Lines(lines.program, ())


def examine_in_time(text: str | bytes) -> Outcome:
    """As `examine`; AssertionError for an input that takes too long three times: a busy machine can be slow once."""
    for _ in range(3):
        outcome = examine(text)
        if outcome.rate <= SECONDS:
            return outcome
    raise AssertionError(f"{outcome.seconds:.3f} s for {len(text):,} characters")


def _check_error(error: spiralk.SpiralKError, text: str | bytes) -> None:
    assert error.problem and str(error)
    content = text.decode("latin-1") if isinstance(text, bytes) else text
    lines = 1 + content.count("\n") + content.count("\r")
    assert 1 <= error.line <= lines
    assert 1 <= error.column <= len(error.source) + 1
    assert len(str(error)) < 1000


def _check_program(program: spiralk.Program) -> None:
    printed = program.format()
    again = spiralk.parse(printed)
    assert again == program
    assert again.format() == printed
    for launch in LAUNCHES:
        said = program.evaluate(**launch)
        values = [*said.hard.values(), *(hint.value for hint in said.soft)]
        assert all(type(value) is int and abs(value) <= LARGEST for value in values)
        assert all(math.isfinite(hint.weight) for hint in said.soft)
        told = program.explain(**launch)
        assert sum(verdict.weight is not None for verdict in told.verdicts) == len(said.soft)
    assert all(finding.level in ("error", "warning") for finding in program.check())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=100_000, help="how many inputs (default 100000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first input (default 0)")
    options = parser.parse_args()
    spiralk.parse("mk: 1;")
    kinds, slowest = Counter(), []
    for number in range(options.first, options.first + options.count):
        try:
            text = mutated(number)
            outcome = examine_in_time(text)
            examine_lines(text)
        except BaseException:
            print(f"input {number}: {mutated(number)!r}"[:2000])
            raise
        kinds[outcome.kind] += 1
        slowest = sorted([*slowest, (outcome.rate, number, outcome.characters)])[-5:]
    print(f"{options.count:,} inputs: {kinds['program']:,} programs, {kinds['error']:,} errors")
    for rate, number, characters in reversed(slowest):
        print(f"  {1000 * rate:.1f} ms per {CHARACTERS:,} characters (input {number}, {characters:,} characters)")


if __name__ == "__main__":
    main()
