/**
 * Puts several runs into one submit, which costs a browser about as much as a small step takes a GPU.
 *
 * Runs wait until there are eight of them or two milliseconds are over, and no longer than Python keeps the event loop.
 * Whatever else reaches the queue goes through here, or after `flush()`, so that everything stays in order.
 */

const MOST_RUNS = 8;
const MOST_MILLISECONDS = 2;

export class Submits {
  /** @param {GPUDevice} device */
  constructor(device) {
    this.device = device;
    this.encoder = null; // of the runs that wait
    this.runs = 0;
    this.since = 0;
  }

  /** The encoder that the next run is recorded with; `add` follows. */
  open() {
    if (!this.encoder) {
      this.encoder = this.device.createCommandEncoder();
      this.since = performance.now();
      queueMicrotask(() => this.flush());
    }
    return this.encoder;
  }

  /** A run has been recorded. */
  add() {
    this.runs += 1;
    if (this.runs >= MOST_RUNS || performance.now() - this.since >= MOST_MILLISECONDS) this.flush();
  }

  /** Submit the runs that wait. */
  flush() {
    if (!this.encoder) return;
    const commands = this.encoder.finish();
    this.encoder = null;
    this.runs = 0;
    this.device.queue.submit([commands]);
  }

  /** Submit an encoder's commands, after the runs that wait. */
  submit(encoder) {
    this.flush();
    this.device.queue.submit([encoder.finish()]);
  }

  /** Resolves when everything up to now is done. */
  done() {
    this.flush();
    return this.device.queue.onSubmittedWorkDone();
  }
}
