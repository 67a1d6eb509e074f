// Writes Python's memory after the imports of a visit: `node snapshot.mjs RUNTIME STDLIB LIBRARY OUT`.
// RUNTIME is the folder of Pyodide's npm package, STDLIB and LIBRARY are the files that the site serves; the folder OUT
// gets python.snapshot, packed as .br and .gz, too, and snapshot.json. See snapshot.py for the format.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants as settings, gunzipSync, gzipSync } from "node:zlib";

const [runtime, stdlib, library, out] = process.argv.slice(2);
// A snapshot is made at every change of the library: the best quality, 2 % smaller, takes a minute.
const BROTLI = { [settings.BROTLI_PARAM_QUALITY]: 6, [settings.BROTLI_PARAM_LGWIN]: 24 };
const HEADER_WORDS = 12; // of Pyodide's snapshots; the second word says where the memory begins
const PAGE_WORDS = 1 << 14;

// Python notes at its start whether it will be able to wait for promises. In the browsers that take the snapshot it
// can; here nothing waits, so that older releases of Node need no more than the names.
if (!("Suspending" in WebAssembly)) {
  WebAssembly.Suspending = class { constructor(made) { return made; } };
  WebAssembly.promising = (made) => async (...given) => made(...given);
}

const { loadPyodide } = await import(pathToFileURL(join(runtime, "pyodide.mjs")).href);
const { default: createModule } = await import(pathToFileURL(join(runtime, "pyodide.asm.mjs")).href);
const pageModule = {};

const python = await loadPyodide({
  _makeSnapshot: true,
  stdLibURL: stdlib,
  env: { HOME: "/home/pyodide", PYTHONHASHSEED: "0" }, // the same bytes in every build
  fsInit: async (FS, { sitePackages }) => writeLibrary(FS, sitePackages),
});
for (const name of Object.keys(python.loadedPackages)) delete python.loadedPackages[name]; // Pyodide finds them again
python.registerJsModule("spiraltorch_page", pageModule);
const visit = readFileSync(new URL("visit_inside.py", import.meta.url), "utf8");
python.runPython(`
def visit():
    import gc
    import os
    import sys

    scope = {}
    exec(${JSON.stringify(visit)}, scope)
    scope["import_all"](scope["VISIT"])
    sys.path.remove("")  # Pyodide adds it again
    del os.environ["PYTHONHASHSEED"]
    scope.clear()
    gc.collect()

visit()
del visit
`);
const snapshot = python.makeMemorySnapshot({
  serializer(value) {
    if (value === pageModule) return "page";
    throw new Error("a module keeps an object of JavaScript, which no snapshot can hold");
  },
});

const words = new Uint32Array(snapshot.buffer, 0, snapshot.byteLength >> 2);
const memory = words.subarray(words[1] >> 2);
memory[trampolineWord(python._module)] = 0; // each module has its own
let used = memory.length;
while (memory[used - 1] === 0) used -= 1;
let sum = 0;
for (let place = 0; place < used; place += 1) sum = (sum + memory[place]) | 0;
const fresh = await freshMemory();
const constants = constantWords(fresh, await freshMemory());
for (let place = 0; place < constants; place += 1) memory[place] ^= fresh[place];
const bytes = words[1] + 4 * used;
const content = snapshot.subarray(0, bytes);
writeFileSync(join(out, "python.snapshot"), content);
writeFileSync(join(out, "python.snapshot.br"), brotliCompressSync(content, { params: BROTLI }));
writeFileSync(join(out, "python.snapshot.gz"), gzipSync(content));
writeFileSync(join(out, "snapshot.json"), JSON.stringify({ bytes, sum, constants }));

/** Where Python has the function with which it calls C functions; web/kernel/snapshot.js says it the same way. */
function trampolineWord({ HEAP32, __PyRuntime, __PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET }) {
  return (__PyRuntime + HEAP32[__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET >> 2]) >> 2;
}

/** Memory of the same build before Python's start: the constants that WebAssembly brings along. */
async function freshMemory() {
  let found = null;
  const stop = new Error("the memory is found");
  const options = {
    stdLibURL: stdlib,
    _loadSnapshot: new Uint8Array(4 * HEADER_WORDS), // Python is not started
    async createPyodideModule(given) {
      const module = await createModule(given);
      found = module.HEAPU32.slice();
      throw stop;
    },
  };
  await loadPyodide(options).catch((error) => {
    if (error !== stop) throw error;
  });
  return found;
}

/**
 * Words of the pages at the beginning that are well filled and the same in two modules. What comes after them may differ
 * between modules: random numbers, variables, strings of the system.
 */
function constantWords(one, other) {
  for (let from = 0; ; from += PAGE_WORDS) {
    const page = one.subarray(from, from + PAGE_WORDS);
    const filled = page.filter((word) => word !== 0).length > PAGE_WORDS / 4;
    if (!filled || page.some((word, place) => word !== other[from + place])) return from;
  }
}

/** As web/kernel/library.js does. */
function writeLibrary(FS, folder) {
  const packed = gunzipSync(readFileSync(library));
  let place = 4 + packed.readUInt32LE(0);
  for (const [path, bytes] of JSON.parse(packed.subarray(4, place).toString())) {
    FS.mkdirTree(`${folder}/${path.slice(0, path.lastIndexOf("/"))}`);
    FS.writeFile(`${folder}/${path}`, packed.subarray(place, place + bytes));
    place += bytes;
  }
}
