/**
 * Owns the OffscreenCanvases and paints on them.
 *
 * A picture is painted under a name. The first one asks the page for a canvas of that name; until it arrives the
 * latest picture waits, older ones are dropped.
 */

export class Painter {
  /** @param {(name: string, width: number, height: number, label: string) => void} askForCanvas */
  constructor(askForCanvas) {
    this.askForCanvas = askForCanvas;
    this.canvases = new Map();
    this.waiting = new Map();
  }

  /** The page's answer to a request. */
  accept(name, canvas) {
    this.canvases.set(name, canvas);
    const paint = this.waiting.get(name);
    this.waiting.delete(name);
    paint?.(canvas);
  }

  /**
   * Show RGBA bytes under a name.
   * @param {{name: string, width: number, height: number, label: string, pixels: Uint8Array}} picture
   */
  paintPixels(picture) {
    this.onCanvas(picture, (canvas) => paintPixels(canvas, picture));
  }

  /** Run `paint(canvas)` now, or as soon as the page has given a canvas of that name. */
  onCanvas({ name, width, height, label }, paint) {
    const canvas = this.canvases.get(name);
    if (canvas) {
      paint(canvas);
      return;
    }
    if (!this.waiting.has(name)) this.askForCanvas(name, width, height, label);
    this.waiting.set(name, paint);
  }
}

function paintPixels(canvas, { width, height, pixels }) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const clamped = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  canvas.getContext("2d").putImageData(new ImageData(clamped, width, height), 0, 0);
}
