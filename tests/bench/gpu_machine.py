"""The benchmarks on a machine with a real GPU and no network: `python tests/bench/gpu_machine.py --out FOLDER`.

Needs Python with NumPy and wgpu (and what wgpu needs) on its path, PyTorch for the comparison, and this checkout. With
``--chromium PATH`` the browser joins, without Playwright: it needs the site in dist/site-bench, which
`python3 build.py bench page` writes and `PYTHONPATH=py .venv/bin/python -m tests.bench.borch` completes on a machine
with a network. Takes about two minutes. The table goes to FOLDER/bench.txt, all figures to FOLDER/bench.json.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "py"), str(ROOT)]

NATIVE = ("step", "matmul")
BROWSER = ("page", "canvas")
# Long enough for a stable median on a GPU: hundreds of steps in each of the rounds.
PACE = ("--rounds", "9", "--seconds", "0.2", "--page-seconds", "75")


class _Both:
    """Writes to the terminal and to a file."""

    def __init__(self, *streams) -> None:
        self.streams = streams

    def write(self, words: str) -> int:
        for stream in self.streams:
            stream.write(words)
        return len(words)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()


def main() -> int:
    """Run all sections that fit the machine; a software adapter is refused."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where results go")
    parser.add_argument("--chromium", type=Path, metavar="PATH", help="browser for the page's section")
    parser.add_argument("--allow-software", action="store_true", help="to try this script where there is no GPU")
    parsed, rest = parser.parse_known_args()
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # Vulkan drivers insist on it
    from tests.bench import run
    from tests.bench.spiral_step import use

    device = use("webgpu")
    if device.caps.software and not parsed.allow_software:
        sys.exit(f"no GPU: wgpu found only {device.info.adapter}")
    sections = [*NATIVE, *(BROWSER if parsed.chromium else ())]
    browser = ["--chromium", str(parsed.chromium)] if parsed.chromium else []
    parsed.out.mkdir(parents=True, exist_ok=True)
    with (parsed.out / "bench.txt").open("w", encoding="utf-8") as text, redirect_stdout(_Both(sys.stdout, text)):
        return run.main([*sections, "--json", str(parsed.out / "bench.json"), *PACE, *browser, *rest])


if __name__ == "__main__":
    sys.exit(main())
