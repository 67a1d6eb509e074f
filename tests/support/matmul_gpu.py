"""Kernels without the engine: a wgpu-py device, plain bindings for the matmul hooks, and device timings.

Used by the kernel tests and by ``tests/bench/matmul.py``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import wgpu
from wgpu.backends.wgpu_native import _api as native

from spiraltorch_web.ir.caps import Caps
from spiraltorch_web.kernels.matmul import MatmulPlan, MatmulProblem

Dispatch = tuple[object, object, tuple[int, int, int]]  # pipeline, bind group, grid


@dataclass(frozen=True)
class NativeGpu:
    """A device with every limit of its adapter, and what the planner may assume about it."""

    device: wgpu.GPUDevice
    name: str
    driver: str
    caps: Caps
    has_timestamps: bool
    tick: float  # seconds per timestamp unit


def open_gpu(pattern: str = "", power: str = "high-performance") -> NativeGpu:
    """The first adapter whose description contains ``pattern``; LookupError names those there are."""
    adapters = [a for a in wgpu.gpu.enumerate_adapters_sync() if a.info["backend_type"] == "Vulkan"]
    adapters.sort(key=lambda a: a.info["adapter_type"] == "CPU")
    chosen = next((a for a in adapters if pattern.lower() in a.summary.lower()), None)
    if chosen is None:
        raise LookupError(f"no Vulkan adapter matches {pattern!r}; there are {[a.summary for a in adapters]}")
    has_timestamps = "timestamp-query" in chosen.features
    limits = dict(chosen.limits)
    device = chosen.request_device_sync(
        required_features=["timestamp-query"] if has_timestamps else [],
        required_limits=limits,
    )
    caps = Caps(
        max_storage_buffers=limits["max-storage-buffers-per-shader-stage"],
        max_workgroup_size=limits["max-compute-invocations-per-workgroup"],
        max_workgroup_bytes=limits["max-compute-workgroup-storage-size"],
        max_groups=limits["max-compute-workgroups-per-dimension"],
        max_binding_bytes=limits["max-storage-buffer-binding-size"],
        max_buffer_bytes=limits["max-buffer-size"],
        software=chosen.info["adapter_type"] == "CPU",
    )
    period = native.lib.wgpuQueueGetTimestampPeriod(device.queue._internal) * 1e-9
    return NativeGpu(device, chosen.summary, chosen.info["description"], caps, has_timestamps, period)


def pipeline(gpu: NativeGpu, source: str, unchecked: bool = False) -> wgpu.GPUComputePipeline:
    """Compile a kernel with entry point ``main``; ``unchecked`` leaves out the runtime checks of wgpu."""
    module = _unchecked_module(gpu, source) if unchecked else gpu.device.create_shader_module(code=source)
    return gpu.device.create_compute_pipeline(layout="auto", compute={"module": module, "entry_point": "main"})


def _unchecked_module(gpu: NativeGpu, source: str) -> native.GPUShaderModule:
    text = native.new_struct_p("WGPUShaderSourceWGSL *", code=native.to_c_string_view(source))
    text[0].chain.next = native.ffi.NULL
    text[0].chain.sType = native.lib.WGPUSType_ShaderSourceWGSL
    descriptor = native.new_struct_p(
        "WGPUShaderModuleDescriptor *",
        nextInChain=native.ffi.cast("WGPUChainedStruct *", text),
        label=native.to_c_string_view("unchecked"),
    )
    module = native.libf.wgpuDeviceCreateShaderModuleTrusted(gpu.device._internal, descriptor, 0)
    return native.GPUShaderModule("unchecked", module, gpu.device)


def upload(gpu: NativeGpu, array: np.ndarray) -> wgpu.GPUBuffer:
    """A storage buffer with the array's bytes."""
    usage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST
    buffer = gpu.device.create_buffer(size=max(16, -(-array.nbytes // 16) * 16), usage=usage)
    if array.nbytes:
        gpu.device.queue.write_buffer(buffer, 0, array)
    return buffer


def download(gpu: NativeGpu, buffer: wgpu.GPUBuffer, like: np.ndarray) -> np.ndarray:
    """The buffer's first bytes in the shape and dtype of ``like``."""
    data = gpu.device.queue.read_buffer(buffer, 0, like.nbytes)
    return np.frombuffer(data, like.dtype).reshape(like.shape)


def bind(gpu: NativeGpu, kernel: wgpu.GPUComputePipeline, buffers: Sequence[wgpu.GPUBuffer]) -> wgpu.GPUBindGroup:
    """A bind group with the buffers at bindings 0, 1, ... of group 0."""
    entries = [{"binding": index, "resource": {"buffer": buffer}} for index, buffer in enumerate(buffers)]
    return gpu.device.create_bind_group(layout=kernel.get_bind_group_layout(0), entries=entries)


def launch(gpu: NativeGpu, dispatches: Sequence[Dispatch], repeats: int = 1) -> None:
    """Submit the dispatches, ``repeats`` times over, in one pass."""
    encoder = gpu.device.create_command_encoder()
    compute = encoder.begin_compute_pass()
    _encode(compute, dispatches, repeats)
    compute.end()
    gpu.device.queue.submit([encoder.finish()])


def time_interleaved(
    gpu: NativeGpu, cases: Sequence[Dispatch], inner: Sequence[int], rounds: int, deadline: float
) -> list[list[float]]:
    """Seconds per dispatch of every case: ``rounds`` samples each, taken in turns, until ``deadline`` at the latest.

    One sample is a pass of ``inner[i]`` dependent dispatches between two timestamps.
    """
    timer = _timestamp_sample if gpu.has_timestamps else _wall_sample
    samples: list[list[float]] = [[] for _ in cases]
    for _ in range(rounds):
        for case, count, found in zip(cases, inner, samples, strict=True):
            found.append(timer(gpu, case, count) / count)
        if time.monotonic() > deadline:
            break
    return samples


def median(samples: Sequence[float]) -> float:
    """The median of the samples."""
    return statistics.median(samples)


def _timestamp_sample(gpu: NativeGpu, case: Dispatch, count: int) -> float:
    device = gpu.device
    queries = device.create_query_set(type="timestamp", count=2)
    resolved = device.create_buffer(size=16, usage=wgpu.BufferUsage.QUERY_RESOLVE | wgpu.BufferUsage.COPY_SRC)
    encoder = device.create_command_encoder()
    stamps = {"query_set": queries, "beginning_of_pass_write_index": 0, "end_of_pass_write_index": 1}
    compute = encoder.begin_compute_pass(timestamp_writes=stamps)
    _encode(compute, [case], count)
    compute.end()
    encoder.resolve_query_set(queries, 0, 2, resolved, 0)
    device.queue.submit([encoder.finish()])
    begin, end = np.frombuffer(device.queue.read_buffer(resolved), np.uint64)
    return float(end - begin) * gpu.tick


def _wall_sample(gpu: NativeGpu, case: Dispatch, count: int) -> float:
    buffer = gpu.device.create_buffer(size=16, usage=wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST)
    start = time.perf_counter()
    launch(gpu, [case], count)
    gpu.device.queue.read_buffer(buffer)
    return time.perf_counter() - start


def _encode(compute: wgpu.GPUComputePassEncoder, dispatches: Sequence[Dispatch], repeats: int) -> None:
    for _ in range(repeats):
        for kernel, group, grid in dispatches:
            compute.set_pipeline(kernel)
            compute.set_bind_group(0, group)
            compute.dispatch_workgroups(*grid)


def plain_matmul(problem: MatmulProblem, plan: MatmulPlan) -> str:
    """The plan's kernel with bindings a, b, product and hooks for contiguous operands without epilogue."""
    a_index = _index(problem.m, problem.k, "m", "k", problem.a_along == "k")
    b_index = _index(problem.k, problem.n, "k", "n", problem.b_along == "n")
    out_index = _index(problem.m, problem.n, "m", "n", True)
    return "\n".join(
        (
            _load_hook("a", 0, "load_a4(" in plan.source, "m: u32, k: u32", a_index),
            _load_hook("b", 1, "load_b4(" in plan.source, "k: u32, n: u32", b_index),
            _store_hook("store4(" in plan.source, out_index),
            plan.source,
        )
    )


def _index(rows: int, columns: int, row: str, column: str, row_major: bool) -> str:
    place = f"{row} * {columns}u + {column}" if row_major else f"{column} * {rows}u + {row}"
    return f"batch * {rows * columns}u + {place}"


def _load_hook(name: str, binding: int, vector: bool, arguments: str, index: str) -> str:
    kind, suffix = ("vec4<f32>", "4") if vector else ("f32", "")
    place = f"({index}) / 4u" if vector else index
    return (
        f"@group(0) @binding({binding}) var<storage, read> {name}_values: array<{kind}>;\n"
        f"fn load_{name}{suffix}(batch: u32, {arguments}) -> {kind} {{ return {name}_values[{place}]; }}"
    )


def _store_hook(vector: bool, index: str) -> str:
    kind, suffix = ("vec4<f32>", "4") if vector else ("f32", "")
    place = f"({index}) / 4u" if vector else index
    return (
        f"@group(0) @binding(2) var<storage, read_write> product: array<{kind}>;\n"
        f"fn store{suffix}(batch: u32, m: u32, n: u32, value: {kind}) {{ product[{place}] = value; }}"
    )


@dataclass(frozen=True)
class Operands:
    """Random operands of a product in their memory layout, and views with axes (batch, m, k) and (batch, k, n)."""

    a: np.ndarray
    b: np.ndarray
    a_stored: np.ndarray
    b_stored: np.ndarray


def random_operands(problem: MatmulProblem, seed: int = 0) -> Operands:
    """Standard normal operands."""
    draw: Callable[..., np.ndarray] = np.random.default_rng(seed).standard_normal
    a_shape = (problem.m, problem.k) if problem.a_along == "k" else (problem.k, problem.m)
    b_shape = (problem.k, problem.n) if problem.b_along == "n" else (problem.n, problem.k)
    a = draw((problem.batch, *a_shape), np.float32)
    b = draw((problem.batch, *b_shape), np.float32)
    return Operands(
        a if problem.a_along == "k" else a.swapaxes(1, 2),
        b if problem.b_along == "n" else b.swapaxes(1, 2),
        a,
        b,
    )


def problem_of(batch: int, m: int, n: int, k: int, a_along: str = "k", b_along: str = "n") -> MatmulProblem:
    """A problem with every vector access that its sizes allow."""
    return MatmulProblem(
        batch,
        m,
        n,
        k,
        a_along,
        b_along,
        a_vec4=(k if a_along == "k" else m) % 4 == 0,
        b_vec4=(n if b_along == "n" else k) % 4 == 0,
        store_vec4=n % 4 == 0,
    )
