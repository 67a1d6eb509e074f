/**
 * Paints a model's answers on a canvas from the buffer they lie in: no number leaves the GPU.
 */

import { CLASS_COLOURS } from "../ui/palette.js";

/** Pixels along a side of the canvas; the grid below it is coarser and interpolated. */
const CANVAS_SIZE = 512;
const VIEW_BYTES = 16 + 8 * 16;

export class BoundaryPainter {
  /** @param {GPUDevice} device @param {string} code the text of boundary.wgsl */
  constructor(device, code) {
    this.device = device;
    this.code = code;
    this.format = navigator.gpu.getPreferredCanvasFormat();
    const module = device.createShaderModule({ code });
    this.pipeline = device.createRenderPipeline({
      layout: "auto",
      vertex: { module, entryPoint: "cover" },
      fragment: { module, entryPoint: "shade", targets: [{ format: this.format }] },
    });
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    this.view = device.createBuffer({ size: VIEW_BYTES, usage });
    this.contexts = new WeakMap();
  }

  /** Fetch the shader and make a painter. @param {GPUDevice} device */
  static async open(device) {
    const response = await fetch(new URL("./boundary.wgsl", import.meta.url));
    if (!response.ok) throw new Error(`boundary.wgsl answered ${response.status} ${response.statusText}.`);
    return new BoundaryPainter(device, await response.text());
  }

  /** A painter that does the same on another device. @param {GPUDevice} device */
  on(device) {
    return new BoundaryPainter(device, this.code);
  }

  /**
   * Queue one picture.
   * @param {OffscreenCanvas} canvas
   * @param {GPUBuffer} answers f32[resolution², columns], the top row first
   * @param {{resolution: number, columns: number, form: "logits"|"probabilities"}} facts
   */
  paint(canvas, answers, { resolution, columns, form }) {
    const size = 4 * resolution * resolution * columns;
    this.device.queue.writeBuffer(this.view, 0, viewBytes(resolution, columns, form));
    const group = this.device.createBindGroup({
      layout: this.pipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: { buffer: this.view } },
        { binding: 1, resource: { buffer: answers, offset: 0, size } },
      ],
    });
    const target = this.contextOf(canvas).getCurrentTexture().createView();
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: target, loadOp: "clear", storeOp: "store", clearValue: [1, 1, 1, 1] }],
    });
    pass.setPipeline(this.pipeline);
    pass.setBindGroup(0, group);
    pass.draw(3);
    pass.end();
    this.device.queue.submit([encoder.finish()]);
  }

  /** A copy of answers whose own buffer may be reused before the page has made the canvas. */
  copy(answers, { resolution, columns }) {
    const size = 4 * resolution * resolution * columns;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const kept = this.device.createBuffer({ size, usage });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(answers, 0, kept, 0, size);
    this.device.queue.submit([encoder.finish()]);
    return kept;
  }

  contextOf(canvas) {
    if (!this.contexts.has(canvas)) {
      canvas.width = CANVAS_SIZE;
      canvas.height = CANVAS_SIZE;
      const context = canvas.getContext("webgpu");
      context.configure({ device: this.device, format: this.format, alphaMode: "opaque" });
      this.contexts.set(canvas, context);
    }
    return this.contexts.get(canvas);
  }
}

function viewBytes(resolution, columns, form) {
  const bytes = new ArrayBuffer(VIEW_BYTES);
  new Uint32Array(bytes, 0, 4).set([resolution, columns, form === "probabilities" ? 1 : 0, 0]);
  const colours = new Float32Array(bytes, 16);
  CLASS_COLOURS.forEach(([red, green, blue], index) => colours.set([red / 255, green / 255, blue / 255, 1], 4 * index));
  return bytes;
}
