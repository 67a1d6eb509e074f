/**
 * Counts the bytes of everything fetched while Python loads.
 *
 * Pyodide fetches its own files, so `fetch` is wrapped for the time of loading. The response that Pyodide gets is
 * the browser's own (a rebuilt one would lose streaming compilation from the code cache); the count comes from a clone.
 */

export class Download {
  /**
   * @param {Object<string, number>} sizes bytes expected by file name; other files count when they arrive
   * @param {(loaded: number, total: number) => void} report called at most every 50 ms, and at the end
   */
  constructor(sizes, report) {
    this.sizes = withoutModules(sizes);
    this.report = report;
    this.loaded = 0;
    this.total = Object.values(this.sizes).reduce((sum, size) => sum + size, 0);
    this.lastReport = 0;
  }

  /** Run `work` with fetches counted. */
  async during(work) {
    const original = globalThis.fetch;
    globalThis.fetch = async (...request) => {
      const response = await original(...request);
      this.count(response);
      return response;
    };
    try {
      return await work();
    } finally {
      globalThis.fetch = original;
      this.report(this.loaded, this.total);
    }
  }

  async count(response) {
    if (!response.ok || !response.body) return;
    const name = response.url.split("/").at(-1);
    if (!(name in this.sizes)) this.total += Number(response.headers.get("Content-Length") ?? 0);
    for await (const chunk of pieces(response.clone().body)) this.arrived(chunk.length);
  }

  /** Count bytes of a file that is not fetched while `fetch` is wrapped. */
  arrived(bytes) {
    this.loaded += bytes;
    this.reportSometimes();
  }

  reportSometimes() {
    const now = performance.now();
    if (now - this.lastReport < 50) return;
    this.lastReport = now;
    this.report(Math.min(this.loaded, this.total), this.total);
  }
}

/** Modules are imported, not fetched, so their bytes can't be seen arriving. */
function withoutModules(sizes) {
  return Object.fromEntries(Object.entries(sizes).filter(([name]) => !/\.m?js$/.test(name)));
}

/** Iterate a stream; `for await` over a ReadableStream itself is missing in Safari. */
async function* pieces(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
