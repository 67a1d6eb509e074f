"""Fragment shaders on the native device: pictures from buffers into a buffer."""

from __future__ import annotations

from collections.abc import Sequence

from wgpu.backends.wgpu_native import ffi, lib

from ..ir.program import Kernel
from .dialect import kernel_error
from .native_api import Api, point

FORMAT = lib.WGPUTextureFormat_RGBA8Unorm
UNIFORM = lib.WGPUBufferUsage_Uniform | lib.WGPUBufferUsage_Storage | lib.WGPUBufferUsage_CopyDst
ROW_ALIGNMENT = 256


class NativePainter:
    """One compiled shader with the vertex entry point ``cover`` and the fragments' ``entry``; see `Device.paint`.

    Raises KernelError when the shader does not compile.
    """

    def __init__(self, api: Api, source: str, entry: str) -> None:
        self._api = api
        self._pipeline = self._create_pipeline(source, entry)
        reports = api.reports()
        if reports:
            raise kernel_error(Kernel(entry, source, ()), "naga", reports[0].message)
        layout = lib.wgpuRenderPipelineGetBindGroupLayout(self._pipeline, 0)
        self._layout = ffi.gc(layout, lib.wgpuBindGroupLayoutRelease)

    def record(
        self, encoder, uniforms: bytes, inputs: Sequence[tuple[object, int]], size: tuple[int, int], target
    ) -> None:
        """Record a picture into the buffer ``target``; ``inputs`` are (buffer, bytes) for the bindings from 1 on."""
        uniform = self._api.create_buffer(len(uniforms), UNIFORM)
        self._api.write(uniform, 0, uniforms)
        ranges = [(uniform, 0, len(uniforms)), *((buffer, 0, nbytes) for buffer, nbytes in inputs)]
        group = self._api.create_group(self._layout, ranges)
        texture = self._create_texture(size)
        self._record_pass(encoder, group, texture)
        _record_copy(encoder, texture, size, target)

    def _create_pipeline(self, source: str, entry: str):
        module = self._api.create_module(source, entry, unchecked=False)
        cover, shade = b"cover", entry.encode()
        target = ffi.new("WGPUColorTargetState *")
        target.format = FORMAT
        target.writeMask = lib.WGPUColorWriteMask_All
        fragment = ffi.new("WGPUFragmentState *")
        fragment.module = module
        point(fragment.entryPoint, shade)
        fragment.targetCount = 1
        fragment.targets = target
        descriptor = ffi.new("WGPURenderPipelineDescriptor *")
        descriptor.vertex.module = module
        point(descriptor.vertex.entryPoint, cover)
        descriptor.primitive.topology = lib.WGPUPrimitiveTopology_TriangleList
        descriptor.multisample.count = 1
        descriptor.multisample.mask = 0xFFFFFFFF
        descriptor.fragment = fragment
        pipeline = lib.wgpuDeviceCreateRenderPipeline(self._api.device, descriptor)
        return ffi.gc(pipeline, lib.wgpuRenderPipelineRelease)

    def _create_texture(self, size: tuple[int, int]):
        descriptor = ffi.new("WGPUTextureDescriptor *")
        descriptor.usage = lib.WGPUTextureUsage_RenderAttachment | lib.WGPUTextureUsage_CopySrc
        descriptor.dimension = lib.WGPUTextureDimension_2D
        descriptor.size.width, descriptor.size.height = size
        descriptor.size.depthOrArrayLayers = 1
        descriptor.format = FORMAT
        descriptor.mipLevelCount = 1
        descriptor.sampleCount = 1
        texture = ffi.gc(lib.wgpuDeviceCreateTexture(self._api.device, descriptor), lib.wgpuTextureRelease)
        self._api.check(f"making a picture of {size[0]} x {size[1]} pixels")
        return texture

    def _record_pass(self, encoder, group, texture) -> None:
        view = ffi.gc(lib.wgpuTextureCreateView(texture, ffi.NULL), lib.wgpuTextureViewRelease)
        attachment = ffi.new("WGPURenderPassColorAttachment *")
        attachment.view = view
        attachment.depthSlice = lib.WGPU_DEPTH_SLICE_UNDEFINED
        attachment.loadOp = lib.WGPULoadOp_Clear
        attachment.storeOp = lib.WGPUStoreOp_Store
        descriptor = ffi.new("WGPURenderPassDescriptor *")
        descriptor.colorAttachmentCount = 1
        descriptor.colorAttachments = attachment
        opened = lib.wgpuCommandEncoderBeginRenderPass(encoder, descriptor)
        lib.wgpuRenderPassEncoderSetPipeline(opened, self._pipeline)
        lib.wgpuRenderPassEncoderSetBindGroup(opened, 0, group, 0, ffi.NULL)
        lib.wgpuRenderPassEncoderDraw(opened, 3, 1, 0, 0)
        lib.wgpuRenderPassEncoderEnd(opened)
        lib.wgpuRenderPassEncoderRelease(opened)


def _record_copy(encoder, texture, size: tuple[int, int], target) -> None:
    source = ffi.new("WGPUTexelCopyTextureInfo *")
    source.texture = texture
    source.aspect = lib.WGPUTextureAspect_All
    destination = ffi.new("WGPUTexelCopyBufferInfo *")
    destination.buffer = target
    destination.layout.bytesPerRow = -(-4 * size[0] // ROW_ALIGNMENT) * ROW_ALIGNMENT
    destination.layout.rowsPerImage = size[1]
    extent = ffi.new("WGPUExtent3D *", [*size, 1])
    lib.wgpuCommandEncoderCopyTextureToBuffer(encoder, source, destination, extent)
