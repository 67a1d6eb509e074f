// Compiles a wheel's Python files with the very interpreter that will run them: `node bytecode.mjs RUNTIME WHEEL OUT`.
// RUNTIME is the folder of Pyodide's npm package; OUT gets one ZIP of __pycache__ files, named as in the wheel.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [runtime, wheel, out] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`).href);
const python = await loadPyodide();
python.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir: "/wheel" });
python.runPython(`
import compileall, os, py_compile, zipfile

# Unchecked: the sources beside are never compared, so their dates do not matter.
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
if not compileall.compile_dir("/wheel", quiet=1, invalidation_mode=mode):
    raise SystemExit("a module did not compile")
with zipfile.ZipFile("/bytecode.zip", "w") as archive:
    for folder, _, names in sorted(os.walk("/wheel")):
        for name in sorted(names):
            if name.endswith(".pyc"):
                path = os.path.join(folder, name)
                entry = zipfile.ZipInfo(os.path.relpath(path, "/wheel"), (2024, 1, 1, 0, 0, 0))
                with open(path, "rb") as file:
                    archive.writestr(entry, file.read())
`);
writeFileSync(out, python.FS.readFile("/bytecode.zip"));
