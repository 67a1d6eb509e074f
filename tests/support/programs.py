"""Small hand-made programs whose results are known, for the devices' tests and benches."""

from __future__ import annotations

from spiraltorch_web.ir.program import BufferRef, Dispatch, Kernel, Program

GROUP = 64


def affine(scale: float, shift: float, element: str = "f32") -> Kernel:
    """b[i] = a[i] * scale + shift, one invocation per entry."""
    source = f"""@group(0) @binding(0) var<storage, read> a: array<{element}>;
@group(0) @binding(1) var<storage, read_write> b: array<{element}>;
@compute @workgroup_size({GROUP})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {{
    let i = ((group.z * groups.y + group.y) * groups.x + group.x) * {GROUP}u + local;
    if (i < arrayLength(&b)) {{ b[i] = {element}(f32(a[i]) * {scale} + {shift}); }}
}}"""
    needs = frozenset({"f16"}) if element == "f16" else frozenset()
    return Kernel(f"affine_{element}", source, ("read", "read_write"), needs)


def affine_program(entries: int, scale: float = 2.0, shift: float = 1.0, grid: tuple[int, int, int] | None = None):
    """Slot 1 becomes slot 0 * scale + shift; both hold ``entries`` floats."""
    nbytes = entries * 4
    launch = Dispatch(0, (BufferRef(0, nbytes), BufferRef(1, nbytes)), grid or (-(-entries // GROUP), 1, 1))
    return Program((affine(scale, shift),), (launch,), (nbytes, nbytes), 2)


def chain(dispatches: int, entries: int) -> Program:
    """``dispatches`` kernels, each different, that pass ``entries`` floats from slot 0 to 1 and back."""
    nbytes = entries * 4
    kernels = tuple(affine(1.0, float(step)) for step in range(dispatches))
    launches = tuple(
        Dispatch(step, (BufferRef(step % 2, nbytes), BufferRef(1 - step % 2, nbytes)), (-(-entries // GROUP), 1, 1))
        for step in range(dispatches)
    )
    return Program(kernels, launches, (nbytes, nbytes), 2)


def through_temporary(entries: int) -> Program:
    """Slot 1 becomes (slot 0 * 2 + 1) * 3 + 1, by way of a temporary that starts 256 bytes into its buffer."""
    nbytes = entries * 4
    grid = (-(-entries // GROUP), 1, 1)
    hidden = BufferRef(2, nbytes, 256)
    launches = (
        Dispatch(0, (BufferRef(0, nbytes), hidden), grid),
        Dispatch(1, (hidden, BufferRef(1, nbytes)), grid),
    )
    return Program((affine(2.0, 1.0), affine(3.0, 1.0)), launches, (nbytes, nbytes, nbytes + 256), 2)
