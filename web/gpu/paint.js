/**
 * Paints what lies in the GPU's buffers on canvases: no number leaves the GPU.
 */

import { Painter as Shader } from "../engine/device/web/painting.js";
import { resize } from "../kernel/painter.js";
import { CLASS_COLOURS } from "../ui/palette.js";

/** Pixels along a side of a boundary; the grid below it is coarser and interpolated. */
const BOUNDARY = { width: 512, height: 512 };
const VIEW_BYTES = 16 + 8 * 16;

/** Shows pictures of a painter under their names, from copies of the buffers where the page has yet to give a canvas. */
export class Screen {
  /** @param {import("../kernel/painter.js").Painter} painter owns the canvases */
  constructor(painter) {
    this.painter = painter;
  }

  /**
   * Queue one picture.
   * @param {Shader} shader
   * @param {{name: string, size: {width: number, height: number}, uniforms: Uint8Array}} picture
   * @param {[GPUBuffer, number][]} inputs buffers and how many bytes of each
   */
  show(shader, { name, size, uniforms }, inputs) {
    const at = this.painter.has(name, "webgpu") ? inputs : copies(shader.device, inputs);
    this.painter.onCanvas(name, size, "webgpu", (canvas) => {
      resize(canvas, size);
      shader.paintCanvas(canvas, uniforms, at);
      if (at !== inputs) at.forEach(([buffer]) => buffer.destroy());
    });
  }
}

/** A model's answers on the plane: the classes' colours in proportion to their probabilities. */
export class BoundaryPainter {
  /** @param {GPUDevice} device @param {string} code the text of boundary.wgsl */
  constructor(device, code) {
    this.code = code;
    this.shader = new Shader(device, code, "shade");
  }

  /** Fetch the shader and make a painter. @param {GPUDevice} device */
  static async open(device) {
    const response = await fetch(new URL("../gpu/boundary.wgsl", import.meta.url));
    if (!response.ok) throw new Error(`boundary.wgsl answered ${response.status} ${response.statusText}.`);
    return new BoundaryPainter(device, await response.text());
  }

  /** A painter that does the same on another device. @param {GPUDevice} device */
  on(device) {
    return new BoundaryPainter(device, this.code);
  }

  /**
   * Queue one picture.
   * @param {Screen} screen
   * @param {GPUBuffer} answers f32[resolution², columns], the top row first
   * @param {{tag: string, resolution: number, columns: number, form: "logits"|"probabilities"}} event
   */
  show(screen, answers, { tag, resolution, columns, form }) {
    const picture = { name: tag, size: BOUNDARY, uniforms: viewBytes(resolution, columns, form) };
    screen.show(this.shader, picture, [[answers, 4 * resolution * resolution * columns]]);
  }
}

/** Copies of buffers, which may be reused before the page has made the canvas. */
function copies(device, inputs) {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const encoder = device.createCommandEncoder();
  const kept = inputs.map(([buffer, size]) => {
    const copy = device.createBuffer({ size, usage });
    encoder.copyBufferToBuffer(buffer, 0, copy, 0, size);
    return [copy, size];
  });
  device.queue.submit([encoder.finish()]);
  return kept;
}

function viewBytes(resolution, columns, form) {
  const bytes = new ArrayBuffer(VIEW_BYTES);
  new Uint32Array(bytes, 0, 4).set([resolution, columns, form === "probabilities" ? 1 : 0, 0]);
  const colours = new Float32Array(bytes, 16);
  CLASS_COLOURS.forEach(([red, green, blue], index) => colours.set([red / 255, green / 255, blue / 255, 1], 4 * index));
  return new Uint8Array(bytes);
}
