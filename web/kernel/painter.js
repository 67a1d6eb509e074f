/**
 * Owns the OffscreenCanvases and paints on them.
 *
 * A picture is painted under a name. The first one asks the page for a canvas of that name; until it arrives the
 * latest picture waits, older ones are dropped.
 */

export class Painter {
  /** @param {(name: string, width: number, height: number) => void} askForCanvas */
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
   * Show a picture under a name.
   * @param {string} name
   * @param {{width: number, height: number}} size
   * @param {() => Uint8ClampedArray} pixels gives the RGBA bytes; only called for pictures that are really painted
   */
  paint(name, size, pixels) {
    this.onCanvas(name, size, (canvas) => putPixels(canvas, size, pixels()));
  }

  /** Run `paint(canvas)` now, or as soon as the page has given a canvas of that name. */
  onCanvas(name, { width, height }, paint) {
    const canvas = this.canvases.get(name);
    if (canvas) {
      paint(canvas);
      return;
    }
    if (!this.waiting.has(name)) this.askForCanvas(name, width, height);
    this.waiting.set(name, paint);
  }
}

function putPixels(canvas, { width, height }, pixels) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
}
