/** What the browser says about the JavaScript memory of this page and its workers. */

/**
 * Bytes after a garbage collection. The browser tells where the page is isolated; the worker's share has the kind
 * "DedicatedWorkerGlobalScope", and WebAssembly's memory is counted there.
 * @returns {Promise<{javascriptBytes: number|null, workerBytes: number|null}>} null where the browser does not tell
 */
export async function memoryNow() {
  if (!crossOriginIsolated || !performance.measureUserAgentSpecificMemory) {
    return { javascriptBytes: null, workerBytes: null };
  }
  const { bytes, breakdown } = await performance.measureUserAgentSpecificMemory();
  const inWorker = ({ attribution }) => attribution.some(({ scope }) => scope === "DedicatedWorkerGlobalScope");
  const workerBytes = breakdown.filter(inWorker).reduce((sum, part) => sum + part.bytes, 0);
  return { javascriptBytes: bytes, workerBytes };
}
