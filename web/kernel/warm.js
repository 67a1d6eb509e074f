/**
 * Kernels of the last script, compiled while Python is still loading: most visits run what the last one ran.
 *
 * Their text is kept in the browser's cache storage. It is only ever compiled; what runs is what Python asks for.
 */

const CACHE = "spiraltorch-kernels";
/** By then a script has asked for the kernels of its first steps. */
const KEEP_MILLISECONDS = 1500;

export class WarmKernels {
  /** @param {string} base the site's address, under which the kernels are kept */
  constructor(base) {
    this.address = new URL("kernels.json", base).href;
    this.kept = "";
    this.first = undefined; // how many kernels the running script had asked for before it read anything back
    this.firstRead = new Promise((resolve) => { this.hasRead = resolve; });
  }

  /**
   * Compile what is kept, if it was made for this device: first what the script ran before it read anything back. The
   * rest would take the processor from its first step, and waits for that.
   * @param {object} executor the engine's
   */
  async compile(executor) {
    const found = await (await openCache())?.match(this.address);
    if (!found) return;
    const { facts, kernels, first } = await found.json();
    if (facts !== executor.describe()) return;
    await executor.pipelines.warm(kernels.slice(0, first));
    await this.firstRead;
    await executor.pipelines.warm(kernels);
  }

  /** A script starts: keep the kernels that it soon has asked for. */
  begin(executor) {
    executor.pipelines.asked.clear();
    this.first = undefined;
    executor.onRead = () => {
      executor.onRead = null;
      this.first = executor.pipelines.asked.size;
      this.hasRead();
    };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(executor), KEEP_MILLISECONDS);
  }

  /** Keep the kernels of the script that runs or has ended. */
  async keep(executor) {
    clearTimeout(this.timer);
    const kernels = [...executor.pipelines.asked.values()];
    const text = JSON.stringify({ facts: executor.describe(), kernels, first: this.first });
    if (kernels.length === 0 || text === this.kept) return;
    this.kept = text;
    await (await openCache())?.put(this.address, new Response(text));
  }
}

/** Null where the browser refuses storage. */
async function openCache() {
  return globalThis.caches ? caches.open(CACHE).catch(() => null) : null;
}
