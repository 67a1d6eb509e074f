/**
 * Fills pictures with a fragment shader that reads buffers where they lie.
 *
 * A shader has the vertex entry point `cover` (one triangle over the picture), one for the fragments, its uniforms at
 * binding 0 (in a uniform or a read-only storage buffer) and read-only storage buffers from 1 on.
 */

const BUFFER_FORMAT = "rgba8unorm";
const ROW_ALIGNMENT = 256; // of copies from a texture into a buffer

export class Painter {
  /** @param {GPUDevice} device @param {string} code @param {string} entry the fragments' entry point */
  constructor(device, code, entry) {
    this.device = device;
    this.entry = entry;
    this.module = device.createShaderModule({ code });
    this.pipelines = new Map();
    this.uniforms = null;
    this.configured = new WeakSet();
    this.canvasFormat = null;
  }

  /**
   * Queue one picture on a canvas, whose context is made at the first call.
   * @param {OffscreenCanvas | HTMLCanvasElement} canvas
   * @param {Uint8Array} uniforms
   * @param {[GPUBuffer, number][]} inputs buffers and how many bytes of each
   */
  paintCanvas(canvas, uniforms, inputs) {
    this.canvasFormat ??= navigator.gpu.getPreferredCanvasFormat();
    const format = this.canvasFormat;
    const context = canvas.getContext("webgpu");
    if (!this.configured.has(context)) {
      context.configure({ device: this.device, format, alphaMode: "opaque" });
      this.configured.add(context);
    }
    const encoder = this.device.createCommandEncoder();
    this.draw(encoder, context.getCurrentTexture(), format, uniforms, inputs);
    this.device.queue.submit([encoder.finish()]);
  }

  /** Record one picture of `width` × `height` and its copy into a buffer, rows padded to multiples of 256 bytes. */
  paintBuffer(encoder, uniforms, inputs, [width, height], buffer) {
    const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
    const texture = this.device.createTexture({ size: [width, height], format: BUFFER_FORMAT, usage });
    this.draw(encoder, texture, BUFFER_FORMAT, uniforms, inputs);
    const bytesPerRow = Math.ceil((4 * width) / ROW_ALIGNMENT) * ROW_ALIGNMENT;
    encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow }, [width, height]);
    return texture;
  }

  draw(encoder, texture, format, uniforms, inputs) {
    const pipeline = this.pipelineFor(format);
    const group = this.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [this.uniformsOf(uniforms), ...inputs.map(([buffer, size]) => ({ buffer, size }))].map(
        (resource, binding) => ({ binding, resource })),
    });
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: texture.createView(), loadOp: "clear", storeOp: "store" }],
    });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.draw(3);
    pass.end();
  }

  uniformsOf(bytes) {
    if (this.uniforms?.size !== bytes.byteLength) {
      this.uniforms?.destroy();
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
      this.uniforms = this.device.createBuffer({ size: bytes.byteLength, usage });
    }
    this.device.queue.writeBuffer(this.uniforms, 0, bytes);
    return { buffer: this.uniforms };
  }

  pipelineFor(format) {
    if (!this.pipelines.has(format)) {
      this.pipelines.set(format, this.device.createRenderPipeline({
        layout: "auto",
        vertex: { module: this.module, entryPoint: "cover" },
        fragment: { module: this.module, entryPoint: this.entry, targets: [{ format }] },
      }));
    }
    return this.pipelines.get(format);
  }
}
