"""wgpu-native's C functions as the native device uses them, with errors turned into exceptions.

wgpu-py's own wrappers cost 5 to 7 µs per recorded dispatch and print errors instead of raising them where they
belong, so only its library, its adapters and its header are used (2026-11, wgpu 0.32). Objects are cffi pointers
that release themselves when Python drops them.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from wgpu.backends.wgpu_native import ffi, lib

from ..errors import DeviceError, DeviceLostError, NoDeviceError, OutOfMemoryError

STORAGE = lib.WGPUBufferUsage_Storage | lib.WGPUBufferUsage_CopySrc | lib.WGPUBufferUsage_CopyDst
STAGING = lib.WGPUBufferUsage_MapRead | lib.WGPUBufferUsage_CopyDst
QUERIES = lib.WGPUBufferUsage_QueryResolve | lib.WGPUBufferUsage_CopySrc
_ACCESS = {
    "read": lib.WGPUBufferBindingType_ReadOnlyStorage,
    "read_write": lib.WGPUBufferBindingType_Storage,
}


@dataclass(frozen=True)
class Report:
    """One message of the library: ``kind`` is a WGPUErrorType."""

    kind: int
    message: str


def text(view) -> str:
    """A WGPUStringView as a string."""
    if view.data == ffi.NULL:
        return ""
    return bytes(ffi.buffer(view.data, view.length)).decode(errors="replace")


def point(view, value: bytes) -> None:
    """Let a WGPUStringView show ``value``, which must outlive it."""
    view.data = ffi.from_buffer("char[]", value)
    view.length = len(value)


class _Events:
    """What the library says by itself: that the device is lost, and errors by thread.

    The library reports an error on the thread whose call went wrong, before that call returns.
    """

    def __init__(self) -> None:
        self.lost = ""
        self.reports: dict[int, list[Report]] = {}

    def lost_callback(self):
        @ffi.callback("void(WGPUDevice const *, WGPUDeviceLostReason, WGPUStringView, void *, void *)")
        def lost(_device, _reason, message, _data1, _data2):
            self.lost = text(message) or "the driver gave no reason"

        return lost

    def error_callback(self):
        @ffi.callback("void(WGPUDevice const *, WGPUErrorType, WGPUStringView, void *, void *)")
        def error(_device, kind, message, _data1, _data2):
            self.reports.setdefault(threading.get_ident(), []).append(Report(int(kind), text(message)))

        return error


class Api:
    """One device and its queue. Every creating call raises when the library reports an error."""

    def __init__(self, adapter, features: Sequence[int], limits) -> None:
        self._events = _Events()
        self.device = self._request(adapter, features, limits)
        self.queue = ffi.gc(lib.wgpuDeviceGetQueue(self.device), lib.wgpuQueueRelease)
        self.nanoseconds_per_tick = lib.wgpuQueueGetTimestampPeriod(self.queue)

    def _request(self, adapter, features: Sequence[int], limits):
        answers = []

        @ffi.callback("void(WGPURequestDeviceStatus, WGPUDevice, WGPUStringView, void *, void *)")
        def answer(status, device, message, _data1, _data2):
            answers.append((status, device, text(message)))

        lost, error = self._events.lost_callback(), self._events.error_callback()

        def release(device):
            # Releasing a device calls back: the callbacks live as long as it does.
            lib.wgpuDeviceRelease(device)
            del callbacks[:]

        callbacks = [lost, error]
        wanted = ffi.new("WGPUFeatureName[]", list(features))
        descriptor = ffi.new("WGPUDeviceDescriptor *")
        descriptor.requiredFeatureCount = len(features)
        descriptor.requiredFeatures = wanted
        descriptor.requiredLimits = limits
        descriptor.deviceLostCallbackInfo.mode = lib.WGPUCallbackMode_AllowSpontaneous
        descriptor.deviceLostCallbackInfo.callback = lost
        descriptor.uncapturedErrorCallbackInfo.callback = error
        info = ffi.new("WGPURequestDeviceCallbackInfo *")
        info.mode = lib.WGPUCallbackMode_AllowProcessEvents
        info.callback = answer
        # The answer comes before this call returns.
        lib.wgpuAdapterRequestDevice(adapter, descriptor, info[0])
        status, device, message = answers[0]
        if status != lib.WGPURequestDeviceStatus_Success:
            raise NoDeviceError(f"the adapter gave no device: {message}")
        return ffi.gc(device, release)

    # --- errors -------------------------------------------------------------------------------------------------

    @property
    def failed(self) -> bool:
        """Whether `check` has something to raise."""
        return bool(self._events.lost or self._events.reports)

    @property
    def lost(self) -> str:
        """Why the device is gone; empty while it works."""
        return self._events.lost.strip()

    def reports(self) -> list[Report]:
        """The messages of this thread since the last call."""
        return self._events.reports.pop(threading.get_ident(), [])

    def check(self, doing: str) -> None:
        """Raise what went wrong since the last check."""
        if not self.failed:
            return
        events, reports = self._events, self.reports()
        # A lost device answers some calls with a plain validation error that says so.
        if not events.lost and any("device is lost" in report.message for report in reports):
            events.lost = "the driver gave no reason"
        if events.lost:
            raise DeviceLostError(f"the GPU device was lost ({events.lost.strip()}); noticed while {doing}")
        if reports:
            message = reports[0].message.strip()
            # Vulkan's lack of memory arrives as a validation error (wgpu 0.32 on an H200, 2026-11).
            starved = reports[0].kind == lib.WGPUErrorType_OutOfMemory or "Not enough memory" in message
            raise (OutOfMemoryError if starved else DeviceError)(f"{doing} failed: {message}")

    # --- objects ------------------------------------------------------------------------------------------------

    def create_buffer(self, nbytes: int, usage: int):
        """A zeroed buffer. Raises OutOfMemoryError."""
        descriptor = ffi.new("WGPUBufferDescriptor *")
        descriptor.usage = usage
        descriptor.size = nbytes
        buffer = ffi.gc(lib.wgpuDeviceCreateBuffer(self.device, descriptor), lib.wgpuBufferRelease)
        self.check(f"allocating {nbytes:,} bytes")
        return buffer

    def create_module(self, source: str, label: str, unchecked: bool):
        """A shader module; compiler messages stay in `reports`.

        ``unchecked`` leaves out the bounds checks and loop counters that the library otherwise writes into shaders.
        """
        code, name = source.encode(), label.encode()
        wgsl = ffi.new("WGPUShaderSourceWGSL *")
        wgsl.chain.sType = lib.WGPUSType_ShaderSourceWGSL
        point(wgsl.code, code)
        descriptor = ffi.new("WGPUShaderModuleDescriptor *")
        descriptor.nextInChain = ffi.cast("WGPUChainedStruct *", wgsl)
        point(descriptor.label, name)
        if unchecked:
            none = lib.WGPUShaderRuntimeChecks_None
            module = lib.wgpuDeviceCreateShaderModuleTrusted(self.device, descriptor, none)
        else:
            module = lib.wgpuDeviceCreateShaderModule(self.device, descriptor)
        return ffi.gc(module, lib.wgpuShaderModuleRelease)

    def create_layouts(self, access: Sequence[str]):
        """The bind group layout and pipeline layout of a kernel whose binding i is ``access[i]``."""
        entries = ffi.new("WGPUBindGroupLayoutEntry[]", len(access))
        for number, kind in enumerate(access):
            entries[number].binding = number
            entries[number].visibility = lib.WGPUShaderStage_Compute
            entries[number].buffer.type = _ACCESS[kind]
        descriptor = ffi.new("WGPUBindGroupLayoutDescriptor *")
        descriptor.entryCount = len(access)
        descriptor.entries = entries
        group = ffi.gc(lib.wgpuDeviceCreateBindGroupLayout(self.device, descriptor), lib.wgpuBindGroupLayoutRelease)
        groups = ffi.new("WGPUBindGroupLayout[]", [group])
        pipeline = ffi.new("WGPUPipelineLayoutDescriptor *")
        pipeline.bindGroupLayoutCount = 1
        pipeline.bindGroupLayouts = groups
        layout = ffi.gc(lib.wgpuDeviceCreatePipelineLayout(self.device, pipeline), lib.wgpuPipelineLayoutRelease)
        return group, layout

    def create_pipeline(self, module, layout, label: str):
        """A compute pipeline with entry point ``main``; messages stay in `reports`."""
        name, main = label.encode(), b"main"
        descriptor = ffi.new("WGPUComputePipelineDescriptor *")
        point(descriptor.label, name)
        descriptor.layout = layout
        descriptor.compute.module = module
        point(descriptor.compute.entryPoint, main)
        pipeline = lib.wgpuDeviceCreateComputePipeline(self.device, descriptor)
        return ffi.gc(pipeline, lib.wgpuComputePipelineRelease)

    def create_group(self, layout, ranges: Sequence[tuple[object, int, int]]):
        """A bind group of (buffer, offset, size) ranges."""
        entries = ffi.new("WGPUBindGroupEntry[]", len(ranges))
        for number, (buffer, offset, size) in enumerate(ranges):
            entries[number].binding = number
            entries[number].buffer = buffer
            entries[number].offset = offset
            entries[number].size = size
        descriptor = ffi.new("WGPUBindGroupDescriptor *")
        descriptor.layout = layout
        descriptor.entryCount = len(ranges)
        descriptor.entries = entries
        return ffi.gc(lib.wgpuDeviceCreateBindGroup(self.device, descriptor), lib.wgpuBindGroupRelease)

    def create_timestamps(self, count: int):
        """A set of ``count`` timestamp queries."""
        descriptor = ffi.new("WGPUQuerySetDescriptor *")
        descriptor.type = lib.WGPUQueryType_Timestamp
        descriptor.count = count
        return ffi.gc(lib.wgpuDeviceCreateQuerySet(self.device, descriptor), lib.wgpuQuerySetRelease)

    # --- work ---------------------------------------------------------------------------------------------------

    def submit(self, encoder, doing: str):
        """Finish and queue an encoder; returns a WGPUSubmissionIndex pointer to wait for.

        Errors are looked for in between: submitting a broken recording would end the process.
        """
        commands = lib.wgpuCommandEncoderFinish(encoder, ffi.NULL)
        lib.wgpuCommandEncoderRelease(encoder)
        if self.failed:
            lib.wgpuCommandBufferRelease(commands)
            self.check(doing)
            raise DeviceError(f"{doing} failed on another thread")
        index = lib.wgpuQueueSubmitForIndex(self.queue, 1, ffi.new("WGPUCommandBuffer[1]", [commands]))
        lib.wgpuCommandBufferRelease(commands)
        return ffi.new("WGPUSubmissionIndex *", index)

    def wait(self, index) -> None:
        """Return when the submission is done."""
        lib.wgpuDevicePoll(self.device, 1, index)

    def poll(self) -> None:
        """Run the callbacks of finished work, without waiting."""
        lib.wgpuDevicePoll(self.device, 0, ffi.NULL)

    def write(self, buffer, offset: int, data) -> None:
        """Queue a copy of a bytes-like object into a buffer."""
        source = ffi.from_buffer(data)
        lib.wgpuQueueWriteBuffer(self.queue, buffer, offset, source, len(source))

    def destroy(self) -> None:
        """End the device; everything afterwards reports it lost."""
        self._events.lost = self._events.lost or "it was closed"  # the library tells at some later call
        lib.wgpuDeviceDestroy(self.device)


class Mapping:
    """A request to see the first ``nbytes`` of a staging buffer: `done` once polling finds it, then `copy`, `close`."""

    def __init__(self, api: Api, buffer, nbytes: int) -> None:
        self.done = False
        self._api = api
        self._buffer = buffer
        self._error = ""

        @ffi.callback("void(WGPUMapAsyncStatus, WGPUStringView, void *, void *)")
        def mapped(status, message, _data1, _data2):
            self.done = True
            if status != lib.WGPUMapAsyncStatus_Success:
                self._error = text(message) or f"status {status}"

        self._callback = mapped
        info = ffi.new("WGPUBufferMapCallbackInfo *")
        info.mode = lib.WGPUCallbackMode_AllowProcessEvents
        info.callback = mapped
        lib.wgpuBufferMapAsync(buffer, lib.WGPUMapMode_Read, 0, nbytes, info[0])
        api.check("mapping a buffer for reading")

    def copy(self, offset: int, destination: memoryview) -> None:
        """Fill ``destination`` from ``offset``, a multiple of 8; its length is a multiple of 4."""
        # The library ends the process when the buffers of a destroyed device are looked at.
        self._api.check("reading")
        if self._error:
            raise DeviceError(f"the device could not be read: {self._error}")
        source = lib.wgpuBufferGetConstMappedRange(self._buffer, offset, len(destination))
        ffi.memmove(destination, source, len(destination))

    def close(self) -> None:
        """Let the staging buffer be used again."""
        if not self._error:
            lib.wgpuBufferUnmap(self._buffer)
