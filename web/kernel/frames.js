/**
 * When a picture of a name is due again: 60 times a second, and as long as the display keeps up. A frame is ready when
 * the GPU has worked off its queue up to there, so that two may be on their way; a hidden page shows none.
 */

const FRAME_MILLISECONDS = 1000 / 60;
const MOST_UNSEEN = 2;

export class Frames {
  constructor(next = nextFrame, now = () => performance.now()) {
    this.next = next;
    this.now = now;
    this.pictures = new Map();
  }

  /** Whether a picture of this name would be seen. */
  due(name) {
    const picture = this.pictures.get(name);
    return !picture || (picture.unseen < MOST_UNSEEN && this.now() >= picture.from);
  }

  /** A picture has been painted. */
  note(name) {
    const picture = this.pictures.get(name) ?? { unseen: 0, from: -Infinity };
    this.pictures.set(name, picture);
    const now = this.now();
    // Late ones are made up for, by most of a frame: who waits for the GPU comes a few milliseconds late.
    picture.from = Math.max(picture.from + FRAME_MILLISECONDS, now + FRAME_MILLISECONDS / 4);
    picture.unseen += 1;
    this.next(() => { picture.unseen -= 1; });
  }
}

function nextFrame(callback) {
  if (globalThis.requestAnimationFrame) globalThis.requestAnimationFrame(callback);
  else setTimeout(callback, FRAME_MILLISECONDS);
}
