/**
 * Keeps queued work short: three submits may be in flight, and more only while all of them together take less than
 * 50 ms. Waiting after every third submit would cost a turn of the event loop each time, several times the GPU time of
 * a small step; a queue without bound would keep Stop and memory waiting. While a script paints, the queue is shorter,
 * about one frame: the display waits behind it. Less would not do for small steps, whose time is measured here together
 * with what the browser takes to tell that they are done, which is milliseconds beside a busy display.
 */

const LONG = { milliseconds: 50, submits: 3 };
const SHORT = { milliseconds: 16, submits: 1 };

export class Pace {
  constructor(queue) {
    this.queue = queue;
    this.submitted = 0;
    this.finished = 0;
    this.marked = 0;
    this.bounds = LONG;
    this.allowed = LONG.submits;
    this.busySince = 0;
    this.latestMark = Promise.resolve();
  }

  /** Let the queue be short from now on, or long again. */
  keepShort(short) {
    const bounds = short ? SHORT : LONG;
    if (bounds === this.bounds) return;
    this.bounds = bounds;
    this.allowed = bounds.submits;
  }

  /** Note a submit; true when the caller should wait for `room()`. */
  submit() {
    if (this.submitted === this.finished) this.busySince = performance.now();
    this.submitted += 1;
    if (this.submitted - this.marked >= Math.max(1, this.allowed >> 2)) this.mark();
    return this.submitted - this.finished > this.allowed;
  }

  /** Resolves once at most half of what is allowed is in flight. */
  async room() {
    while (this.submitted - this.finished > this.allowed >> 1) {
      if (this.marked <= this.finished) this.mark();
      await this.latestMark;
    }
  }

  mark() {
    const upTo = this.submitted;
    const done = () => this.finish(upTo);
    this.marked = upTo;
    this.latestMark = this.queue.onSubmittedWorkDone().then(done, done);
  }

  finish(upTo) {
    if (upTo <= this.finished) return;
    const now = performance.now();
    const each = (now - this.busySince) / (upTo - this.finished);
    const fitting = Math.floor(this.bounds.milliseconds / Math.max(each, 0.01));
    // At most doubling: one odd measurement must not open the gate.
    this.allowed = Math.max(this.bounds.submits, Math.min(fitting, this.allowed * 2));
    this.finished = upTo;
    this.busySince = now;
  }
}
