/** How long a recorded program takes on the GPU. */

import { record } from "./recording.js";

const TIMED_PASSES = 5;

/**
 * Seconds of one run: the median over passes of the mean within a pass, since browsers round timestamps.
 * @param {import("./executor.js").Executor} executor
 */
export async function medianSeconds(executor, steps, repeats) {
  const passes = Math.min(TIMED_PASSES, repeats);
  const inner = Math.ceil(repeats / passes);
  const repeated = Array.from({ length: inner }, () => steps).flat();
  const measure = executor.facts.features.includes("timestamp-query") ? stampedSeconds : clockedSeconds;
  const seconds = [];
  for (let pass = 0; pass < passes; pass += 1) seconds.push(await measure(executor, repeated) / inner);
  seconds.sort((a, b) => a - b);
  return seconds[seconds.length >> 1];
}

/** Seconds that the clock sees, for adapters without timestamps. */
export async function clockedSeconds(executor, steps) {
  await executor.idle();
  const start = performance.now();
  executor.launch(steps);
  await executor.idle();
  return (performance.now() - start) / 1000;
}

/** Seconds between the GPU's own timestamps around one pass. */
export async function stampedSeconds(executor, steps) {
  const { device } = executor;
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
  const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
  const resolved = device.createBuffer({ size: 16, usage });
  const timestampWrites = { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
  const encoder = executor.encoder();
  record(encoder.beginComputePass({ timestampWrites }), steps);
  encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
  const bytes = await executor.reader.transfer([[resolved, 0, 16]], encoder);
  querySet.destroy();
  resolved.destroy();
  const [begin, end] = new BigUint64Array(bytes.buffer);
  return Number(end - begin) * 1e-9;
}
