"""What one replay costs the CPU on the native device: encoding and submitting a recorded program.

Usage: python tests/bench/replay.py [--device webgpu] [--dispatches 14] [--rounds 300]
Prints medians in microseconds. The GPU's own time is left out: every submit starts on an idle queue.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "py"), str(ROOT)]

from spiraltorch_web.device.select import open_device  # noqa: E402
from tests.support.programs import chain  # noqa: E402


def replay_seconds(device, dispatches: int, rounds: int) -> float:
    """Median seconds of `submit` for a chain of ``dispatches`` small kernels."""
    number = device.load(chain(dispatches, entries=64))
    handles = [device.alloc(256), device.alloc(256)]
    samples = []
    for _ in range(rounds):
        device.synchronize()
        start = time.perf_counter()
        device.submit(number, handles)
        samples.append(time.perf_counter() - start)
    return median(samples)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="webgpu")
    parser.add_argument("--dispatches", type=int, default=14)
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    device = open_device(options.device)
    one = replay_seconds(device, 1, options.rounds) * 1e6
    many = replay_seconds(device, options.dispatches, options.rounds) * 1e6
    each = (many - one) / max(1, options.dispatches - 1)
    print(f"{device.info.adapter}, {device.info.driver}")
    print(
        f"{options.dispatches} dispatches: {many:.1f} us per replay; {one:.1f} us for one, {each:.2f} us for each more"
    )


if __name__ == "__main__":
    main()
