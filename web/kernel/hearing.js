/** The worker's end of the microphone: keeps what arrives until the script takes it. */

/** Samples that wait for a script that is busy; older ones are dropped. */
const MOST_WAITING = 1 << 20;

export class Hearing {
  constructor() {
    this.clear();
  }

  clear() {
    this.pieces = [];
    this.waiting = 0;
    this.problem = "";
  }

  /** @param {{samples: Float32Array|null, problem: string}} message */
  hear({ samples, problem }) {
    this.problem = problem;
    if (!samples) return;
    this.pieces.push(samples);
    this.waiting += samples.length;
    while (this.waiting > MOST_WAITING) this.waiting -= this.pieces.shift().length;
  }

  /** Everything since the last call, or undefined; throws what the page said of the microphone. */
  take() {
    if (this.problem) throw new Error(this.problem);
    if (!this.waiting) return undefined;
    const all = new Float32Array(this.waiting);
    let place = 0;
    for (const piece of this.pieces) {
      all.set(piece, place);
      place += piece.length;
    }
    this.clear();
    return all;
  }
}
