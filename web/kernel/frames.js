/** Which pictures have been painted since the display's last frame: painting one again would be seen by nobody. */

const FRAME_MILLISECONDS = 16;

export class Frames {
  constructor(next = nextFrame) {
    this.next = next;
    this.painted = new Set();
  }

  /** Whether a picture of this name would be seen. Nothing is due while the page is hidden. */
  due(name) {
    return !this.painted.has(name);
  }

  /** A picture has been painted. */
  note(name) {
    if (this.painted.size === 0) this.next(() => this.painted.clear());
    this.painted.add(name);
  }
}

function nextFrame(callback) {
  if (globalThis.requestAnimationFrame) globalThis.requestAnimationFrame(callback);
  else setTimeout(callback, FRAME_MILLISECONDS);
}
