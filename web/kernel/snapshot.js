/**
 * Python as it was once its start was over and our library was imported: buildtools/snapshot.mjs has kept its memory,
 * and the page's Python goes on from there. snapshot.py describes the file.
 */

import { loadPyodide } from "../pyodide/pyodide.mjs";
import { fetchWhenOpened } from "./files.js";

/** Whether there is a snapshot for this browser. The memory is that of a Python which can wait for promises (JSPI). */
export const takesSnapshot = (site) => Boolean(site.snapshot) && "Suspending" in WebAssembly;

export class Snapshot {
  /**
   * Begin to fetch a snapshot.
   * @param {{name: string, bytes: number, sum: number, constants: number}} facts as site.json has them
   * @param {string} base the site's address
   * @param {(bytes: number) => void} arrived told about each piece of it
   */
  constructor(facts, base, arrived) {
    this.facts = facts;
    this.kept = new Uint8Array(facts.bytes);
    this.filled = fill(this.kept, new URL(facts.name, base), arrived);
    this.filled.catch(() => {}); // told where it is awaited
    this.assembly = import("../pyodide/pyodide.asm.mjs");
  }

  /**
   * Load Pyodide with this memory.
   * @param {object} options for `loadPyodide`; the standard library of `stdLibURL` waits until a script needs it
   * @param {object} pageModule what Python has imported as `spiraltorch_page`
   * @returns {Promise<object>} rejects when the snapshot is damaged or of another build
   */
  async goOn(options, pageModule) {
    const python = await loadPyodide({
      ...options,
      stdLibURL: options.lockFileURL, // Pyodide wants to have some file in the place
      _loadSnapshot: this.kept,
      _snapshotDeserializer: () => pageModule,
      createPyodideModule: (settings) => this.createModule(settings, options.stdLibURL),
    });
    wake(python, options.env);
    python._api.config._loadSnapshot = null; // Pyodide would keep it
    return python;
  }

  async createModule(settings, stdLibURL) {
    const { default: create } = await this.assembly;
    const [module] = await Promise.all([create(settings), this.filled]);
    this.restore(module);
    fetchWhenOpened(module.FS, standardLibrary(module.FS), stdLibURL);
    return module;
  }

  /** Add what is the module's own: the constants at the beginning, and a function that it made. */
  restore(module) {
    const { sum: expected, constants } = this.facts;
    const fresh = module.HEAPU32;
    const memory = new Uint32Array(this.kept.buffer, new Uint32Array(this.kept.buffer, 0, 2)[1]);
    for (let place = 0; place < constants; place += 1) memory[place] ^= fresh[place];
    let sum = 0;
    for (let place = 0; place < memory.length; place += 1) sum = (sum + memory[place]) | 0;
    if (sum !== expected) throw new Error("the snapshot of Python is damaged");
    const trampoline = trampolineWord(module);
    memory[trampoline] = fresh[trampoline];
  }
}

/** Where Python has the function with which it calls C functions: one made of WebAssembly, so that Python can wait. */
function trampolineWord({ HEAP32, __PyRuntime, __PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET }) {
  return (__PyRuntime + HEAP32[__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET >> 2]) >> 2;
}

async function fill(kept, address, arrived) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} answered ${response.status} ${response.statusText}.`);
  const reader = response.body.getReader();
  for (let place = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    kept.set(value, place);
    place += value.length;
    arrived(value.length);
  }
}

function standardLibrary(FS) {
  return `/lib/${FS.readdir("/lib").find((name) => name.endsWith(".zip"))}`;
}

/** What is of this visit and not in the memory. */
function wake(python, env) {
  const { environ } = python.pyimport("os");
  for (const [name, value] of Object.entries(env)) environ.set(name, value);
  python.pyimport("random").seed();
  // Python has noted the packages that are there in an object of its own.
  const loader = python.pyimport("pyodide._package_loader");
  loader.loadedPackages = Object.assign(python.loadedPackages, loader.loadedPackages);
}
