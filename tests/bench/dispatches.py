"""Where a compiled step's time goes: every dispatch of the MLP step by itself, then the whole program.

`python tests/bench/dispatches.py [--batch 64 1024]`. Single dispatches run back to back on one buffer set, so each time
includes the gap between dependent dispatches.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "py"))

import spiraltorch_web as st  # noqa: E402
from spiraltorch_web import nn, optim  # noqa: E402
from spiraltorch_web.ir.program import BufferRef, Dispatch, Program  # noqa: E402
from spiraltorch_web.runtime.session import session  # noqa: E402


def mlp_program(batch: int) -> Program:
    """The program of one training step of 784-512-256-10 with Adam."""
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    optimizer, criterion = optim.Adam(model.parameters()), nn.CrossEntropyLoss()

    @st.compile
    def step(x, y):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    step(st.rand(batch, 784), st.randint(0, 10, (batch,)))
    return step.programs()[0]


def time_program(program: Program, repeats: int) -> float:
    """Median seconds of one run on zeroed buffers."""
    device = session().device
    number = device.load(program)
    handles = [device.alloc(max(size, 4)) for size in program.slot_sizes[: program.num_external]]
    seconds = device.time(number, handles, repeats)
    for handle in handles:
        device.free(handle)
    device.unload(number)
    return seconds


def alone(program: Program, index: int) -> Program:
    """A program of one dispatch, all its buffers external."""
    dispatch = program.dispatches[index]
    slots = sorted({ref.slot for ref in dispatch.buffers})
    refs = tuple(BufferRef(slots.index(ref.slot), ref.size, ref.offset) for ref in dispatch.buffers)
    sizes = tuple(program.slot_sizes[slot] for slot in slots)
    return Program((program.kernels[dispatch.kernel],), (Dispatch(0, refs, dispatch.grid),), sizes, len(sizes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="webgpu")
    parser.add_argument("--batch", type=int, nargs="+", default=[64, 1024])
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--source", action="store_true", help="print the kernels too")
    options = parser.parse_args()
    st.set_device(options.device)
    print(st.device_info().adapter, st.device_info().driver)
    for batch in options.batch:
        program = mlp_program(batch)
        total = 0.0
        for i, line in enumerate(program.report):
            seconds = time_program(alone(program, i), options.repeats)
            total += seconds
            print(f"{seconds * 1e6:8.2f} us  {program.kernels[program.dispatches[i].kernel].name:28} {line[:100]}")
        whole = time_program(program, options.repeats)
        print(
            f"batch {batch}: alone {total * 1e6:.1f} us, together {whole * 1e6:.1f} us, "
            f"{len(program.dispatches)} dispatches"
        )
        if options.source:
            for kernel in program.kernels:
                print(f"----- {kernel.name}\n{kernel.source}")


if __name__ == "__main__":
    main()
