"""What a run of the benchmarks can be told."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Settings that all sections share."""

    device: str  # as in `st.set_device`
    batches: tuple[int, ...]
    sizes: tuple[int, ...]
    rounds: int
    seconds: float  # per contender and round
    memory_steps: int
    chromium: Path | None
    flags: tuple[str, ...]
    site: Path
    page_seconds: float


def add_arguments(parser: argparse.ArgumentParser, root: Path) -> None:
    """Declare the settings on a command line."""
    add = parser.add_argument
    add("--device", default="webgpu", help="native device (default webgpu: a GPU if there is one, else a software one)")
    add("--batch", type=int, nargs="+", default=[64, 1024], metavar="N", help="batch sizes of the step")
    add("--size", type=int, nargs="+", default=[1024, 4096], metavar="N", help="sizes of the square matrix product")
    add("--rounds", type=int, default=7, help="rounds in which all contenders take turns")
    add("--seconds", type=float, default=0.5, help="of each contender in each round")
    add("--memory-steps", type=int, default=2000, metavar="N", help="steps of the memory section")
    add("--chromium", type=Path, metavar="PATH", help="browser (default: the installed Chromium)")
    add("--flags", default="", help="browser flags in place of the usual ones for this machine, separated by spaces")
    add("--page-seconds", type=float, default=400.0, help="after which a benchmark page is given up")
    add("--site", type=Path, default=root / "dist" / "site-bench", metavar="DIR", help="site built with the benchmarks")


def read_options(parsed: argparse.Namespace) -> Options:
    """The settings of a parsed command line."""
    return Options(
        device=parsed.device,
        batches=tuple(parsed.batch),
        sizes=tuple(parsed.size),
        rounds=parsed.rounds,
        seconds=parsed.seconds,
        memory_steps=parsed.memory_steps,
        chromium=parsed.chromium,
        flags=tuple(parsed.flags.split()),
        site=parsed.site,
        page_seconds=parsed.page_seconds,
    )
