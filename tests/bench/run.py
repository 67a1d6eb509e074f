"""``build.py bench [SECTION …] [--json FILE]``: one table with ratios, adapter and date. Sections: `SECTIONS`."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from . import (
    blackcat,
    canvas,
    decisions,
    fft_section,
    hyperbolic,
    hypergrad,
    memory,
    page,
    product,
    rankk_section,
    start,
    step,
    stop,
    training,
)
from .options import Options, add_arguments, read_options
from .report import Report

ROOT = Path(__file__).resolve().parents[2]
SECTIONS: dict[str, Callable[[Report, Options], None]] = {
    "step": step.run,
    "matmul": product.run,
    "rankk": rankk_section.run,
    "fft": fft_section.run,
    "hypergrad": hypergrad.run,
    "blackcat": blackcat.run,
    "decisions": decisions.run,
    "hyperbolic": hyperbolic.run,
    "page": page.run,
    "canvas": canvas.run,
    "training": training.run,
    "start": start.run,
    "stop": stop.run,
    "memory": memory.run,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the sections and print the table; 1 when a section failed."""
    parser = argparse.ArgumentParser(prog="build.py bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)} (default: all)")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", default=ROOT / "dist" / "bench.json", help="write all here"
    )
    add_arguments(parser, ROOT)
    parsed = parser.parse_args(arguments)
    if unknown := [name for name in parsed.sections if name not in SECTIONS]:
        parser.error(f"no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    report = Report()
    options = read_options(parsed)
    failed = [name for name in parsed.sections or SECTIONS if not _ran(name, report, options, parsed.json)]
    print(f"\n{report}\n\nwritten to {parsed.json}")
    return 1 if failed else 0


def _ran(name: str, report: Report, options: Options, path: Path) -> bool:
    """Run one section; what it found is written even when it fails, and the other sections go on."""
    try:
        SECTIONS[name](report, options)
    except Exception as failure:
        traceback.print_exc()
        report.remark(f"section {name} failed: {failure}")
        return False
    finally:
        report.write(path)
    return True


if __name__ == "__main__":
    sys.exit(main())
