/**
 * Owns the OffscreenCanvases and paints on them.
 *
 * A picture is painted under a name. The first one asks the page for a canvas of that name; until it arrives the
 * latest picture waits, older ones are dropped. What has first been painted on a canvas ("2d" or "webgpu") decides what
 * can be; for the other kind the page is asked for another one.
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
    const { paint, kind } = this.waiting.get(name);
    this.canvases.set(name, { canvas, kind });
    this.waiting.delete(name);
    paint(canvas);
  }

  /** Whether a picture of this kind would be painted at once. */
  has(name, kind) {
    return this.canvases.get(name)?.kind === kind;
  }

  /**
   * Show a picture under a name.
   * @param {string} name
   * @param {{width: number, height: number}} size
   * @param {() => Uint8ClampedArray} pixels gives the RGBA bytes; only called for pictures that are really painted
   */
  paint(name, size, pixels) {
    this.onCanvas(name, size, "2d", (canvas) => putPixels(canvas, size, pixels()));
  }

  /** Run `paint(canvas)` now, or as soon as the page has given a canvas of that name. */
  onCanvas(name, { width, height }, kind, paint) {
    if (this.has(name, kind)) {
      paint(this.canvases.get(name).canvas);
      return;
    }
    if (!this.waiting.has(name)) this.askForCanvas(name, width, height);
    this.waiting.set(name, { paint, kind });
  }
}

function putPixels(canvas, size, pixels) {
  resize(canvas, size);
  canvas.getContext("2d").putImageData(new ImageData(pixels, size.width, size.height), 0, 0);
}

/** Give a canvas a size; setting it clears the canvas, so an equal one is left alone. */
export function resize(canvas, { width, height }) {
  if (canvas.width === width && canvas.height === height) return;
  canvas.width = width;
  canvas.height = height;
}
