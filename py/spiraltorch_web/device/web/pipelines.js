/** Compiled kernels and their layouts. */

import { KernelError } from "./faults.js";

const PIPELINES_KEPT = 2048; // programs hold on to theirs
const ASKED_KEPT = 64;
const ACCESS = { read: "read-only-storage", read_write: "storage" };

export class Pipelines {
  constructor(device, faults) {
    this.device = device;
    this.faults = faults;
    this.compiled = new Map();
    this.compiling = new Map();
    this.layouts = new Map();
    this.asked = new Map(); // the first kernels that programs were loaded with since somebody cleared this
  }

  /** Compile in advance what will probably be asked for; what is wrong with a kernel is told when it is. */
  async warm(kernels) {
    await Promise.all(kernels.map((kernel) => this.obtain(keyOf(kernel), kernel).catch(() => {})));
  }

  /**
   * Compile without blocking.
   * @param {{name: string, code: string, access: string[]}} kernel
   * @returns {Promise<{pipeline: GPUComputePipeline, layout: object}>} rejects with KernelError
   */
  compile(kernel) {
    const key = keyOf(kernel);
    if (this.asked.size < ASKED_KEPT) this.asked.set(key, kernel);
    return this.obtain(key, kernel);
  }

  async obtain(key, kernel) {
    const known = this.compiled.get(key) ?? this.compiling.get(key);
    if (known) return known;
    const compiling = this.build(kernel);
    this.compiling.set(key, compiling);
    try {
      return this.keep(key, await compiling);
    } finally {
      this.compiling.delete(key);
    }
  }

  /** Compile at once; what is wrong with the kernel becomes known later, as trouble. */
  compileNow(kernel) {
    const key = keyOf(kernel);
    const known = this.compiled.get(key);
    if (known) return known;
    this.device.pushErrorScope("validation");
    const { module, descriptor, layout } = this.describe(kernel);
    const made = { pipeline: this.device.createComputePipeline(descriptor), layout };
    this.faults.follow(this.device.popErrorScope().then(async (error) => {
      if (error) throw await explain(kernel, module, error);
    }));
    return this.keep(key, made);
  }

  keep(key, made) {
    if (this.compiled.size >= PIPELINES_KEPT) this.compiled.delete(this.compiled.keys().next().value);
    this.compiled.set(key, made);
    return made;
  }

  async build(kernel) {
    this.device.pushErrorScope("validation");
    const { module, descriptor, layout } = this.describe(kernel);
    const reported = this.device.popErrorScope();
    try {
      return { pipeline: await this.device.createComputePipelineAsync(descriptor), layout };
    } catch (error) {
      this.faults.check();
      throw await explain(kernel, module, error);
    } finally {
      await reported;
    }
  }

  describe({ name, code, access }) {
    const layout = this.layout(access);
    const module = this.device.createShaderModule({ label: name, code });
    const descriptor = { label: name, layout: layout.pipeline, compute: { module, entryPoint: "main" } };
    return { module, descriptor, layout };
  }

  layout(access) {
    const key = access.join();
    const known = this.layouts.get(key);
    if (known) return known;
    const entries = access.map((kind, binding) => (
      { binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: ACCESS[kind] } }));
    const group = this.device.createBindGroupLayout({ entries });
    const pipeline = this.device.createPipelineLayout({ bindGroupLayouts: [group] });
    const made = { number: this.layouts.size, group, pipeline };
    this.layouts.set(key, made);
    return made;
  }
}

function keyOf({ code, access }) {
  return `${access.join()}\n${code}`;
}

/** The compiler's first error with its place, else what the browser said about the pipeline. */
async function explain(kernel, module, error) {
  const { messages } = await module.getCompilationInfo();
  const first = messages.find(({ type }) => type === "error");
  return first
    ? new KernelError(kernel, first.message, first.lineNum, first.linePos)
    : new KernelError(kernel, error.message);
}
