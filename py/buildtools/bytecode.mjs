// Runs bytecode_inside.py in Pyodide, by Node: `node bytecode.mjs RUNTIME WHEEL OUT`.
// RUNTIME is the folder of Pyodide's npm package; the folder OUT gets wheel.zip and python_stdlib.zip.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [runtime, wheel, out] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(runtime, "pyodide.mjs")).href);
// Columns in tracebacks take a fifth of the bytes; only a reader's own lines show them, and those the page compiles.
const python = await loadPyodide({ env: { PYTHONNODEBUGRANGES: "1" } });
python.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir: "/wheel" });
for (const name of ["visit_inside.py", "bytecode_inside.py"]) {
  python.runPython(readFileSync(new URL(name, import.meta.url), "utf8"));
}
for (const name of ["wheel.zip", "python_stdlib.zip"]) writeFileSync(join(out, name), python.FS.readFile(`/${name}`));
