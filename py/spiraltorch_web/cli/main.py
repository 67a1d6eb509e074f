"""Commands and their options."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ..errors import SpiralError
from ..version import __version__
from .doctor import run_doctor
from .plan import add_plan
from .roundtable import add_roundtable
from .spiralk import add_spiralk
from .tune import add_tune


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except SpiralError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the output, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m spiraltorch_web", description="SpiralTorch for the web.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    doctor = commands.add_parser(
        "doctor",
        help="list the devices, run a small program on each and compare",
        description="List the devices, run a small program on each and compare its results. Exit code 0 when at "
        "least one device is there and all give the right values, else 1.",
    )
    doctor.add_argument("--json", action="store_true", help="print the report as JSON")
    doctor.set_defaults(run=lambda options: run_doctor(as_json=options.json))
    add_plan(commands)
    add_tune(commands)
    add_spiralk(commands)
    add_roundtable(commands)
    return parser
