"""Run the benchmark page in a given Chromium and keep its raw result: no Playwright, standard library only.

Usage: python tests/bench/serve_and_run.py --chromium PATH --out FILE [--flags …] [--query batch=64 rounds=5]
The parameters of the page are explained in web/bench/main.js; the site is what `build.py bench` writes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "py"), str(ROOT)]

from tests.bench.browser import HARDWARE_FLAGS, SOFTWARE_FLAGS, run_page  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--chromium", type=Path, required=True, metavar="PATH")
    add("--out", type=Path, required=True, metavar="FILE")
    add("--software", action="store_true", help="use SwiftShader")
    add("--flags", default="", help="browser flags in place of the usual ones, separated by spaces")
    add("--query", nargs="*", default=[], metavar="NAME=VALUE", help="address parameters of the page")
    add("--site", type=Path, default=ROOT / "dist" / "site-bench", metavar="DIR")
    add("--timeout", type=float, default=120.0, metavar="SECONDS")
    options = parser.parse_args()
    flags = options.flags.split() or (SOFTWARE_FLAGS if options.software else HARDWARE_FLAGS)
    query = dict(pair.split("=", 1) for pair in options.query)
    result = run_page(options.site, options.chromium, flags, query, options.timeout)
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()
