"""Memory-bound fused kernels against the device's bandwidth: `python tests/bench/fused.py [--device webgpu]`.

Every line is one compiled function: bytes that it must read and write at least, over its device time.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "py"))

import spiraltorch_web as st  # noqa: E402
from spiraltorch_web.nn import functional as F  # noqa: E402


def cases(scale: int) -> dict:
    """Name -> (function, arguments, bytes)."""
    big = st.rand(scale * 4096, 4096)
    other = st.rand(scale * 4096, 4096)
    row = st.rand(4096)
    size = big.nbytes if hasattr(big, "nbytes") else big.numel() * 4
    return {
        "copy x + 1": (lambda x: x + 1, (big,), 2 * size),
        "x * y + x": (lambda x, y: x * y + x, (big, other), 3 * size),
        "gelu(x + row)": (lambda x, r: F.gelu(x + r), (big, row), 2 * size),
        "transpose copy": (lambda x: x.T + 0.5, (big,), 2 * size),
        "sum of all": (lambda x: x.sum(), (big,), size),
        "sum of rows": (lambda x: x.sum(dim=1), (big,), size),
        "sum of columns": (lambda x: x.sum(dim=0), (big,), size),
        "argmax of rows": (lambda x: x.argmax(dim=1), (big,), size),
        "softmax of rows": (lambda x: x.softmax(dim=1), (big,), 2 * size),
        "layer norm of rows": (lambda x: F.layer_norm(x, (4096,)), (big,), 2 * size),
    }


def measure(function, arguments, repeats: int) -> float:
    """Median seconds of device time of one run of a compiled function."""
    from spiraltorch_web.runtime.session import session
    from spiraltorch_web.runtime.storage import Storage

    compiled = st.compile(function)
    compiled(*arguments)
    bound = next(iter(compiled._recordings.values()))[0]
    handles = bound.current(arguments)
    results = [Storage(bound.recording.device, nbytes) for nbytes in bound.results]
    return session().device.time(bound.recording.number, [*handles, *(r.handle for r in results)], repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="webgpu")
    parser.add_argument("--scale", type=int, default=8, help="megabytes of one operand, divided by 64")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    st.set_device(options.device)
    print(st.device_info().adapter)
    lines = []
    for name, (function, arguments, size) in cases(options.scale).items():
        seconds = measure(function, arguments, options.repeats)
        lines.append({"case": name, "microseconds": seconds * 1e6, "gigabytes_per_second": size / seconds / 1e9})
        print(f"{name:20} {seconds * 1e6:10.1f} us {size / seconds / 1e9:8.0f} GB/s")
    if options.json:
        options.json.write_text(json.dumps({"adapter": st.device_info().adapter, "lines": lines}, indent=1))


if __name__ == "__main__":
    main()
