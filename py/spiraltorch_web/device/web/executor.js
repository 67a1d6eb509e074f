/**
 * Runs recorded programs on the browser's WebGPU.
 *
 * Python (device/browser.py) decides; this side holds the GPU objects and replays. Buffers, programs and bindings are
 * named by integers that Python hands out. A replay is one call: `run(binding)`.
 *
 * Importing this module registers it as `globalThis.spiraltorchExecutor`, where Python finds it. A page's worker
 * imports it; elsewhere Python imports its own copy from the wheel.
 */

import { openDevice } from "./adapter.js";
import { ExecutorError, Faults } from "./faults.js";
import { Pace } from "./pace.js";
import { Painter } from "./painting.js";
import { Pipelines } from "./pipelines.js";
import { probeSubgroupSize } from "./probe.js";
import { Reader } from "./reader.js";
import { record } from "./recording.js";
import { Submits } from "./submits.js";
import { medianSeconds } from "./timing.js";

const GROUPS_KEPT = 4096;

/**
 * Open the browser's GPU.
 * @param {"auto" | "webgpu" | "webgpu:software"} wish "auto" refuses software adapters
 * @returns {Promise<Executor>} rejects with the reason, name NoDeviceError
 */
export async function openExecutor(wish) {
  const { device, facts } = await openDevice(wish);
  const executor = new Executor(device, facts);
  if (facts.features.includes("subgroups")) facts.subgroupSize = await probeSubgroupSize(executor);
  return executor;
}

/**
 * One GPU device with everything that lives on it. `device`, `bufferOf`, `painters` and `onLost` serve the page's
 * painting.
 */
export class Executor {
  constructor(device, facts) {
    this.device = device;
    this.facts = facts;
    this.faults = new Faults(device);
    this.submits = new Submits(device);
    this.pace = new Pace(this.submits, facts.software);
    this.pipelines = new Pipelines(device, this.faults);
    this.reader = new Reader(device, this.faults, this.submits);
    this.buffers = new Map();
    this.programs = new Map();
    this.painters = new Map();
    this.bindings = new Map();
    this.groups = new Map();
    this.toClear = new Map();
    this.onRead = null; // called after each `read`
  }

  /** Facts about the adapter, as JSON. */
  describe() {
    return JSON.stringify(this.facts);
  }

  /** The GPUBuffer behind a handle, for whoever submits work of their own: all runs so far come before that. */
  bufferOf(handle) {
    this.submits.flush();
    return this.buffer(handle);
  }

  buffer(handle) {
    const buffer = this.buffers.get(handle);
    if (!buffer) throw new ExecutorError("DeviceError", `buffer ${handle} is not allocated on this device`);
    return buffer;
  }

  /** Called with the reason when the device goes away. */
  set onLost(callback) {
    this.faults.onLost = callback;
  }

  // --- buffers --------------------------------------------------------------------------------------------------

  /** A zeroed buffer named `handle`. A lack of memory is reported by `confirm` or the next call. */
  create(handle, nbytes) {
    this.faults.check();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const make = () => this.device.createBuffer({ size: nbytes, usage });
    this.buffers.set(handle, this.faults.scoped(make));
  }

  /** Forget buffers, given as a JSON list of handles, and every bind group. */
  destroy(handles) {
    this.submits.flush(); // what waits may use them
    for (const handle of JSON.parse(handles)) {
      this.buffers.get(handle)?.destroy();
      this.buffers.delete(handle);
      this.toClear.delete(handle);
    }
    this.bindings.clear();
    this.groups.clear();
  }

  /** Let the first `nbytes` of a reused buffer read as zero. */
  clear(handle, nbytes) {
    this.toClear.set(handle, nbytes);
  }

  /** Queue a copy of a typed array, or of a Python buffer (a PyProxy), into a buffer. */
  write(handle, offset, data) {
    this.faults.check();
    const view = data.getBuffer ? data.getBuffer("u8") : null;
    try {
      const bytes = view ? view.data : data;
      this.settleClear(handle, offset, bytes.byteLength);
      this.submits.flush();
      this.device.queue.writeBuffer(this.buffer(handle), offset, bytes);
    } finally {
      view?.release();
    }
  }

  /** A write lands before the commands of a later submit: clear first what the write does not cover. */
  settleClear(handle, offset, nbytes) {
    const pending = this.toClear.get(handle);
    if (pending === undefined) return;
    if (offset === 0 && nbytes >= pending) this.toClear.delete(handle);
    else this.submits.submit(this.encoder());
  }

  /**
   * Read ranges back after all queued work.
   * @param {string} requests JSON list of [handle, bytes]; bytes are multiples of 4
   * @returns {Promise<Uint8Array>} the ranges, one after the other
   */
  async read(requests) {
    this.faults.check();
    const ranges = JSON.parse(requests).map(([handle, nbytes]) => [this.buffer(handle), nbytes]);
    const bytes = await this.reader.read(ranges, () => this.encoder());
    this.onRead?.();
    return bytes;
  }

  // --- programs -------------------------------------------------------------------------------------------------

  /**
   * Compile and keep a program under a number.
   * @param {string} text JSON {kernels: [{name, code, access}], dispatches: [[kernel, [[slot, offset, size]], grid]],
   *   temporaries: [handle]}
   * @returns {Promise<void>} rejects with KernelError
   */
  async load(number, text) {
    this.faults.check();
    const program = JSON.parse(text);
    this.keep(number, program, await Promise.all(program.kernels.map((kernel) => this.pipelines.compile(kernel))));
  }

  /** As `load` for callers that cannot wait: the program may be run at once, and errors are reported later. */
  loadNow(number, text) {
    this.faults.check();
    const program = JSON.parse(text);
    this.keep(number, program, program.kernels.map((kernel) => this.pipelines.compileNow(kernel)));
  }

  keep(number, { dispatches, temporaries }, compiled) {
    const launched = dispatches.filter(([, , grid]) => !grid.includes(0));
    this.programs.set(number, { compiled, dispatches: launched, temporaries });
    this.pace.restart();
  }

  unload(number) {
    this.programs.delete(number);
  }

  /** Prepare runs of a program with its external slots bound to a JSON list of handles. */
  bind(binding, number, handles) {
    this.faults.check();
    const { compiled, dispatches, temporaries } = this.programs.get(number);
    const slots = [...JSON.parse(handles), ...temporaries];
    const steps = dispatches.map(([kernel, ranges, grid]) => {
      const { pipeline, layout } = compiled[kernel];
      return { pipeline, group: this.group(layout, ranges, slots), grid };
    });
    this.bindings.set(binding, { steps, proven: false });
  }

  unbind(binding) {
    this.bindings.delete(binding);
  }

  group(layout, ranges, slots) {
    const named = ranges.map(([slot, offset, size]) => [slots[slot], offset, size]);
    const key = `${layout.number}:${named.join(";")}`;
    const known = this.groups.get(key);
    if (known) return known;
    const entries = named.map(([handle, offset, size], binding) => (
      { binding, resource: { buffer: this.buffer(handle), offset, size } }));
    const make = () => this.device.createBindGroup({ layout: layout.group, entries });
    const made = this.faults.scoped(make);
    if (this.groups.size >= GROUPS_KEPT) this.groups.delete(this.groups.keys().next().value);
    this.groups.set(key, made);
    return made;
  }

  /** Queue one run. Returns true when so much is queued that the caller should wait for `room()`. */
  run(number) {
    const { faults } = this;
    if (faults.lost || faults.trouble) faults.check();
    const binding = this.bindings.get(number);
    if (binding.proven) {
      this.launch(binding.steps);
    } else {
      // What is wrong with a run is wrong with all of them, so only the first is watched.
      this.submits.flush();
      faults.scoped(() => {
        this.launch(binding.steps);
        this.submits.flush();
      });
      binding.proven = true;
    }
    if (this.pace.idle) this.submits.flush();
    return this.pace.submit();
  }

  launch(steps) {
    record(this.clearing(this.submits.open()).beginComputePass(), steps);
    this.submits.add();
  }

  /** A command encoder that first clears what waits to be cleared. */
  encoder() {
    return this.clearing(this.device.createCommandEncoder());
  }

  clearing(encoder) {
    for (const [handle, nbytes] of this.toClear) encoder.clearBuffer(this.buffer(handle), 0, nbytes);
    this.toClear.clear();
    return encoder;
  }

  // --- pictures -------------------------------------------------------------------------------------------------

  /** Keep a painter with a shader's code under a number; see painting.js. What is wrong with it is reported later. */
  loadPainter(number, code, entry) {
    this.faults.check();
    this.painters.set(number, this.faults.scoped(() => new Painter(this.device, code, entry)));
  }

  /** Paint into the buffer `target`. Uniforms are a PyProxy of bytes; inputs a JSON list of [handle, bytes]. */
  paint(number, uniforms, inputs, width, height, target) {
    this.faults.check();
    const view = uniforms.getBuffer("u8");
    try {
      const encoder = this.encoder();
      const buffers = JSON.parse(inputs).map(([handle, nbytes]) => [this.buffer(handle), nbytes]);
      this.faults.scoped(() => {
        const painter = this.painters.get(number);
        const texture = painter.paintBuffer(encoder, view.data, buffers, [width, height], this.buffer(target));
        this.submits.submit(encoder);
        texture.destroy();
      });
    } finally {
      view.release();
    }
  }

  // --- waiting --------------------------------------------------------------------------------------------------

  /** Resolves when the queue is short enough for more work. */
  async room() {
    await this.pace.room();
    this.faults.check();
  }

  /** Resolves when everything asked for so far has been judged; rejects with what was wrong with it. */
  confirm() {
    return this.faults.confirm();
  }

  /** Resolves when all queued work is done. */
  async idle() {
    await this.submits.done();
    await this.faults.confirm();
  }

  /** Seconds of one run; see timing.js. */
  time(binding, repeats) {
    return medianSeconds(this, this.bindings.get(binding).steps, repeats);
  }

  /** End the device; everything afterwards reports it lost. */
  close() {
    this.faults.lost ||= "it was closed";
    this.device.destroy();
  }
}

/**
 * Where Python finds this module. `current` is the executor opened last. A worker may open the GPU while Python is
 * still loading: `spiraltorchExecutor.prepare("auto")`; Python then takes that one.
 */
globalThis.spiraltorchExecutor ??= {
  current: null,
  prepared: new Map(),
  onOpened: null, // called with an executor that becomes the current one

  async prepare(wish) {
    this.prepared.set(wish, await openExecutor(wish));
  },

  /** An executor that was prepared, or null. Each is given out once: handles belong to one owner. */
  take(wish) {
    const executor = this.prepared.get(wish) ?? null;
    this.prepared.delete(wish);
    if (executor) this.use(executor);
    return executor;
  },

  async open(wish) {
    return this.take(wish) ?? this.use(await openExecutor(wish));
  },

  use(executor) {
    this.current = executor;
    this.onOpened?.(executor);
    return executor;
  },
};
