/**
 * Keeps queued work short: three runs may be in flight, and more only while all of them together take less than 50 ms.
 * A queue without bound would keep Stop, memory and pictures waiting. Who waits goes on when an eighth of it is done:
 * often enough that the page is painted and answers meanwhile, and with so much queued that the GPU has work while the
 * browser tells of it, which takes milliseconds. A software adapter draws the display as well and needs gaps for that:
 * nearly all of the queue is awaited there, and while a script paints it is about a frame long.
 */

const HARDWARE = { milliseconds: 50, runs: 3, awaited: 1 / 8 };
const SOFTWARE = { milliseconds: 50, runs: 3, awaited: 7 / 8 };
const SOFTWARE_PAINTING = { milliseconds: 16, runs: 1, awaited: 7 / 8 };
const MEASURED_MILLISECONDS = 8; // at least, unless all that was queued is done
const KEPT = 3 / 4; // of what was measured, at the next measurement

export class Pace {
  /** @param {{done: () => Promise<void>}} submits @param {boolean} software whether the adapter is one */
  constructor(submits, software) {
    this.submits = submits;
    this.software = software;
    this.submitted = 0;
    this.finished = 0;
    this.marked = 0;
    this.bounds = software ? SOFTWARE : HARDWARE;
    this.latest = 0; // when a run was submitted
    this.measuredFrom = 0;
    this.counted = 0; // of the finished runs: those before that
    this.marks = []; // places in the queue of which it will be told that they are reached, the oldest first
    this.restart();
  }

  /** Other runs than before follow, of which nothing is known. */
  restart() {
    this.allowed = this.bounds.runs;
    this.milliseconds = 0; // that the latest runs took, older ones counting less
    this.runs = 0; // how many they were, counted likewise
  }

  /** Let the queue be short from now on, since a script paints, or usual again; on a hardware GPU it stays usual. */
  keepShort(short) {
    if (!this.software) return;
    const bounds = short ? SOFTWARE_PAINTING : SOFTWARE;
    if (bounds === this.bounds) return;
    this.bounds = bounds;
    this.restart();
  }

  /** Whether nothing is known to be in flight. */
  get idle() {
    return this.submitted === this.finished;
  }

  /** Note a run; true when the caller should wait for `room()`. */
  submit() {
    const now = performance.now();
    // After a pause nothing is left of what was queued, also where it was not told.
    if (this.idle || now - this.latest > this.bounds.milliseconds) this.measure(now);
    this.latest = now;
    this.submitted += 1;
    if (this.submitted - this.marked >= Math.floor(this.allowed * this.bounds.awaited / 2)) this.mark();
    return this.submitted - this.finished > this.allowed;
  }

  /** Resolves once a part of what is allowed is done. */
  async room() {
    while (this.submitted - this.finished > Math.floor(this.allowed * (1 - this.bounds.awaited))) {
      if (!this.marks.length) this.mark();
      await this.marks[0];
    }
  }

  mark() {
    const upTo = this.submitted;
    const done = () => this.finish(upTo);
    this.marked = upTo;
    this.marks.push(this.submits.done().then(done, done));
  }

  finish(upTo) {
    this.marks.shift();
    this.finished = Math.max(this.finished, upTo);
    const now = performance.now();
    // Browsers tell of many places at once, so that the time from one to the next says little.
    if (now - this.measuredFrom < MEASURED_MILLISECONDS && !this.idle) return;
    this.milliseconds = KEPT * this.milliseconds + (now - this.measuredFrom);
    this.runs = KEPT * this.runs + (this.finished - this.counted);
    const each = this.milliseconds / Math.max(this.runs, 1);
    const fitting = Math.floor(this.bounds.milliseconds / Math.max(each, 0.01));
    // At most doubling: one odd measurement must not open the gate.
    this.allowed = Math.max(this.bounds.runs, Math.min(fitting, this.allowed * 2));
    this.measure(now);
  }

  /** What finishes from now on tells how long a run takes. */
  measure(now) {
    this.measuredFrom = now;
    this.counted = this.finished;
  }
}
