/**
 * Calls by message from the page to a worker, one at a time.
 *
 * A contender's worker calls `serve({prepare, run, ...})`; the page holds a `Contender` and awaits `call("run", 10)`.
 */

/** Answer calls in a worker. Times are taken here, so that the message's way is not counted. */
export function serve(handlers) {
  globalThis.onmessage = async ({ data: { verb, given } }) => {
    try {
      const start = performance.now();
      const value = await handlers[verb](...given);
      postMessage({ value, seconds: (performance.now() - start) / 1000 });
    } catch (error) {
      postMessage({ error: String(error?.stack ?? error) });
    }
  };
}

/** One library in its own worker. */
export class Contender {
  /**
   * @param {string} name its file in contenders/
   * @param {number} patience seconds that one call may take
   */
  constructor(name, patience) {
    this.name = name;
    this.patience = patience;
    this.waiting = null;
    this.worker = new Worker(new URL(`contenders/${name}.js`, import.meta.url), { type: "module", name });
    this.worker.onmessage = ({ data }) => this.settle(data);
    this.worker.onerror = (event) => this.fail(event.message ?? "the worker could not be loaded");
  }

  /** One call at a time. @returns {Promise<{value: any, seconds: number}>} */
  call(verb, ...given) {
    return new Promise((resolve, reject) => {
      const late = () => this.fail(`no answer to ${verb} within ${this.patience} s`);
      const timer = setTimeout(late, 1000 * this.patience);
      this.waiting = { resolve, reject, timer };
      this.worker.postMessage({ verb, given });
    });
  }

  settle({ value, seconds, error }) {
    if (error) return this.fail(error);
    clearTimeout(this.waiting.timer);
    return this.waiting.resolve({ value, seconds });
  }

  fail(reason) {
    clearTimeout(this.waiting.timer);
    this.waiting.reject(new Error(`${this.name}: ${reason}`));
  }

  close() {
    this.worker.terminate();
  }
}
