/** What goes wrong on a GPU, when it is known, and what Python hears of it. */

const KINDS = ["out-of-memory", "validation"];

/** An error that Python turns into the exception called `name`. */
export class ExecutorError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

/** A kernel that did not compile, and where. The message is JSON for Python. */
export class KernelError extends ExecutorError {
  constructor({ name, code }, message, line = 0, column = 0) {
    super("KernelError", JSON.stringify({ name, code, message, line, column }));
  }
}

/**
 * Collects a device's errors. Browsers report most of them later; `check` throws what has arrived, `confirm` waits for
 * what may still come.
 */
export class Faults {
  constructor(device) {
    this.device = device;
    this.lost = "";
    this.trouble = null;
    this.onLost = null;
    this.scopes = new Set();
    device.lost.then(({ reason, message }) => this.noteLost(message || reason || "no reason was given"));
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault(); // Python raises it: no second copy in the console
      this.noteTrouble(event.error);
    });
  }

  noteLost(reason) {
    this.lost ||= reason;
    this.onLost?.(this.lost);
  }

  noteTrouble(error) {
    if (error instanceof ExecutorError) {
      this.trouble ??= error;
      return;
    }
    const memory = error instanceof GPUOutOfMemoryError;
    this.trouble ??= new ExecutorError(memory ? "OutOfMemoryError" : "DeviceError", error.message);
  }

  /** Throw what went wrong since the last check; afterwards the device is usable again unless it is lost. */
  check() {
    if (this.lost) throw new ExecutorError("DeviceLostError", `the GPU device was lost (${this.lost})`);
    const { trouble } = this;
    this.trouble = null;
    if (trouble) throw trouble;
  }

  /** Return `make()` and note its failure as soon as the browser reports it. */
  scoped(make) {
    for (const kind of KINDS) this.device.pushErrorScope(kind);
    const made = make();
    for (let count = KINDS.length; count > 0; count -= 1) this.follow(this.popped());
    return made;
  }

  async popped() {
    const error = await this.device.popErrorScope();
    if (error) throw error;
  }

  /** Note what a promise rejects with; `confirm` waits for it. */
  follow(promise) {
    const followed = promise.catch((error) => this.noteTrouble(error)).finally(() => this.scopes.delete(followed));
    this.scopes.add(followed);
  }

  /** Wait for the verdict on everything made so far, then `check`. */
  async confirm() {
    await Promise.all(this.scopes);
    this.check();
  }
}
