"""Finding a native WebGPU adapter and opening a device with what it offers."""

from __future__ import annotations

from collections.abc import Sequence

import wgpu
from wgpu.backends.wgpu_native import ffi, lib

from ..errors import NoDeviceError
from ..ir.caps import Caps, most_rounds_of
from ..ir.program import BufferRef, Dispatch, Kernel, Program
from .base import DeviceInfo
from .native import NativeDevice
from .native_api import Api

# OpenGL adapters are left out: they lack what compute needs and shadow the Vulkan ones.
BACKENDS = ("Vulkan", "Metal", "D3D12")
MAX_BINDINGS = 1000  # WebGPU's own bound per group; Vulkan drivers name half a million
KINDS = ("DiscreteGPU", "IntegratedGPU", "unknown", "CPU")  # best first
FEATURES = {
    "subgroup": lib.WGPUNativeFeature_Subgroup,
    "shader-f16": lib.WGPUFeatureName_ShaderF16,
    "timestamp-query": lib.WGPUFeatureName_TimestampQuery,
}
SHOWN_LIMITS = {  # WebGPU's name: wgpu-py's
    "maxBufferSize": "max-buffer-size",
    "maxStorageBufferBindingSize": "max-storage-buffer-binding-size",
    "maxStorageBuffersPerShaderStage": "max-storage-buffers-per-shader-stage",
    "maxComputeInvocationsPerWorkgroup": "max-compute-invocations-per-workgroup",
    "maxComputeWorkgroupStorageSize": "max-compute-workgroup-storage-size",
    "maxComputeWorkgroupsPerDimension": "max-compute-workgroups-per-dimension",
}
_SUBGROUP_PROBE = """
@group(0) @binding(0) var<storage, read_write> size: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(subgroup_size) subgroup_size: u32, @builtin(local_invocation_index) index: u32) {
    if (index == 0u) { size[0] = subgroup_size; }
}
"""


def adapters() -> list[wgpu.GPUAdapter]:
    """The usable adapters, best first: discrete, integrated, others, software."""
    found = [adapter for adapter in wgpu.gpu.enumerate_adapters_sync() if adapter.info["backend_type"] in BACKENDS]
    return sorted(found, key=lambda adapter: KINDS.index(kind_of(adapter)))


def kind_of(adapter: wgpu.GPUAdapter) -> str:
    """One of `KINDS`."""
    kind = adapter.info["adapter_type"]
    return kind if kind in KINDS else "unknown"


def is_software(adapter: wgpu.GPUAdapter) -> bool:
    """Whether the adapter computes on CPU cores."""
    return kind_of(adapter) == "CPU"


def open_native(adapter: wgpu.GPUAdapter, reason: str = "", unchecked: bool = True) -> NativeDevice:
    """A device on the adapter with all its limits and the features that kernels can use. Raises NoDeviceError."""
    limits = ffi.new("WGPULimits *")
    if lib.wgpuAdapterGetLimits(adapter._internal, limits) != lib.WGPUStatus_Success:
        raise NoDeviceError(f"the adapter {adapter.info['device']} does not tell its limits")
    features = [name for name in FEATURES if name in adapter.features]
    api = Api(adapter._internal, [FEATURES[name] for name in features], limits)
    device = NativeDevice(api, _info(adapter, features, 0, reason), unchecked)
    if "subgroup" in features:
        size = _probe_subgroup_size(device)
        device = NativeDevice(api, _info(adapter, features, size, reason), unchecked)
    return device


def _probe_subgroup_size(device: NativeDevice) -> int:
    """The subgroup size that a shader sees; wgpu tells a range that says little."""
    kernel = Kernel("subgroup_probe", _SUBGROUP_PROBE, ("read_write",), frozenset({"subgroups"}))
    program = Program((kernel,), (Dispatch(0, (BufferRef(0, 4),), (1, 1, 1)),), (4,), 1)
    number, handle = device.load(program), device.alloc(4)
    device.submit(number, [handle])
    return device.read([(handle, 4)])[0].cast("I")[0]


def _info(adapter: wgpu.GPUAdapter, features: Sequence[str], subgroup_size: int, reason: str) -> DeviceInfo:
    info = adapter.info
    limits = {name: adapter.limits[key] for name, key in SHOWN_LIMITS.items()}
    caps = Caps(
        max_storage_buffers=min(limits["maxStorageBuffersPerShaderStage"], MAX_BINDINGS),
        max_workgroup_size=limits["maxComputeInvocationsPerWorkgroup"],
        max_workgroup_bytes=limits["maxComputeWorkgroupStorageSize"],
        max_groups=limits["maxComputeWorkgroupsPerDimension"],
        max_binding_bytes=limits["maxStorageBufferBindingSize"] & ~255,
        max_buffer_bytes=limits["maxBufferSize"] & ~255,
        subgroup_size=subgroup_size,
        float16="shader-f16" in features,
        software=is_software(adapter),
        most_rounds=most_rounds_of(info["device"]),
    )
    return DeviceInfo(
        name="webgpu",
        adapter=info["device"],
        backend=info["backend_type"],
        driver=info["description"],
        vendor=info["vendor"],
        architecture=info["architecture"],
        features=tuple(features),
        limits=tuple(limits.items()),
        caps=caps,
        reason=reason,
    )
