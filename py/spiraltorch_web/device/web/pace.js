/**
 * Keeps queued work short: three runs may be in flight, and more only while all of them together take less than 50 ms.
 * A queue without bound would keep Stop, memory and pictures waiting. Who waits goes on when an eighth of it is done:
 * often enough that the page is painted and answers meanwhile, and with so much queued that the GPU has work while the
 * browser tells of it, which takes milliseconds. A software adapter draws the display as well and needs gaps for that:
 * half of the queue is awaited there, and while a script paints it is about a frame long.
 */

const HARDWARE = { milliseconds: 50, runs: 3, awaited: 1 / 8 };
const SOFTWARE = { milliseconds: 50, runs: 3, awaited: 1 / 2 };
const SOFTWARE_PAINTING = { milliseconds: 16, runs: 1, awaited: 1 / 2 };

export class Pace {
  /** @param {{done: () => Promise<void>}} submits @param {boolean} software whether the adapter is one */
  constructor(submits, software) {
    this.submits = submits;
    this.software = software;
    this.submitted = 0;
    this.finished = 0;
    this.marked = 0;
    this.bounds = software ? SOFTWARE : HARDWARE;
    this.allowed = this.bounds.runs;
    this.busySince = 0;
    this.latestMark = Promise.resolve();
  }

  /** Let the queue be short from now on, since a script paints, or usual again; on a hardware GPU it stays usual. */
  keepShort(short) {
    if (!this.software) return;
    const bounds = short ? SOFTWARE_PAINTING : SOFTWARE;
    if (bounds === this.bounds) return;
    this.bounds = bounds;
    this.allowed = bounds.runs;
  }

  /** Whether nothing is known to be in flight. */
  get idle() {
    return this.submitted === this.finished;
  }

  /** Note a run; true when the caller should wait for `room()`. */
  submit() {
    if (this.idle) this.busySince = performance.now();
    this.submitted += 1;
    if (this.submitted - this.marked >= Math.floor(this.allowed * this.bounds.awaited / 2)) this.mark();
    return this.submitted - this.finished > this.allowed;
  }

  /** Resolves once a part of what is allowed is done. */
  async room() {
    while (this.submitted - this.finished > Math.floor(this.allowed * (1 - this.bounds.awaited))) {
      if (this.marked <= this.finished) this.mark();
      await this.latestMark;
    }
  }

  mark() {
    const upTo = this.submitted;
    const done = () => this.finish(upTo);
    this.marked = upTo;
    this.latestMark = this.submits.done().then(done, done);
  }

  finish(upTo) {
    if (upTo <= this.finished) return;
    const now = performance.now();
    const each = (now - this.busySince) / (upTo - this.finished);
    const fitting = Math.floor(this.bounds.milliseconds / Math.max(each, 0.01));
    // At most doubling: one odd measurement must not open the gate.
    this.allowed = Math.max(this.bounds.runs, Math.min(fitting, this.allowed * 2));
    this.finished = upTo;
    this.busySince = now;
  }
}
