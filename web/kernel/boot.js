/**
 * Loads Pyodide, our library and the bridge, reporting bytes as they arrive.
 */

import "../engine/device/web/executor.js";
import { loadPyodide } from "../pyodide/pyodide.mjs";
import { BoundaryPainter } from "../gpu/paint.js";
import { probeAdapter } from "./adapter.js";
import { Download } from "./download.js";
import { keepFolder } from "./folder.js";
import { fetchLibrary, writeFiles } from "./library.js";
import { Snapshot, takesSnapshot } from "./snapshot.js";
import { WarmKernels } from "./warm.js";

/**
 * @param {import("./protocol.js").Boot} request
 * @param {object} pageModule what Python imports as `spiraltorch_page`
 * @param {(python: object) => void} connectStreams called before anything can print
 * @param {(stage: string, loaded: number, total: number) => void} report
 * @returns {Promise<{python: object, bridge: object, boundaries: object|null, warm: WarmKernels, device: object,
 *   versions: object}>}
 */
export async function boot(request, pageModule, connectStreams, report) {
  report("site", 0, 0);
  const { site } = request;
  const warm = new WarmKernels(request.base);
  const executor = prepareExecutor(request, warm);
  const python = await loadPython(request, pageModule, report);
  connectStreams(python);
  python.registerJsModule("spiraltorch_page", pageModule);
  const bridge = python.pyimport("spiraltorch_web.bridge");
  bridge.start();
  const versions = { pyodide: python.version, spiraltorch: site.version };
  await Promise.all([executor, keepFolder(python)]);
  const device = JSON.parse(await bridge.open_device());
  const boundaries = device.kind === "webgpu"
    ? await BoundaryPainter.open(globalThis.spiraltorchExecutor.current.device)
    : null;
  return { python, bridge, boundaries, warm, device: device.kind === "none" ? await withReason(device) : device, versions };
}

/** Open the GPU while Python is loading. Why there is none is asked again, and told, when Python opens its device. */
async function prepareExecutor({ device }, warm) {
  const registered = globalThis.spiraltorchExecutor;
  if (device !== "cpu") await registered.prepare(device).catch(() => {});
  const executor = registered.prepared.get(device);
  if (executor) warm.compile(executor).catch((error) => console.warn("spiraltorch: kept kernels:", error));
}

/** Where there is no device, what the browser itself says about its adapter is the better advice. */
async function withReason(device) {
  const adapter = await probeAdapter();
  return adapter.kind === "none" ? { ...device, reason: `${adapter.reason} ${device.reason}` } : device;
}

async function loadPython(request, pageModule, report) {
  const { site, base } = request;
  const place = (name) => new URL(name, base).href;
  const resumes = takesSnapshot(site);
  const download = new Download(neededSizes(site, resumes), (loaded, total) => report("runtime", loaded, total));
  const snapshot = resumes ? new Snapshot(site.snapshot, base, (bytes) => download.arrived(bytes)) : null;
  const python = await download.during(async () => {
    const library = fetchLibrary(new URL(site.library.name, base), site.library.integrity);
    const options = {
      indexURL: place(site.pyodide.indexURL),
      lockFileURL: place(site.pyodide.lockFileURL),
      stdLibURL: place(site.pyodide.stdLibURL),
      env: { HOME: "/home/pyodide", ...deviceChoice(request.device) },
      fsInit: async (FS, { sitePackages }) => writeFiles(FS, sitePackages, await library),
    };
    const [loaded] = await Promise.all([goOnOrStart(snapshot, options, pageModule), library]);
    return loaded;
  });
  if (request.interrupts) python.setInterruptBuffer(new Uint8Array(request.interrupts));
  return python;
}

/** Where going on from the snapshot fails, Python starts as in browsers that cannot take one. */
async function goOnOrStart(snapshot, options, pageModule) {
  if (snapshot) {
    try {
      return await snapshot.goOn(options, pageModule);
    } catch (error) {
      console.warn("spiraltorch: Python starts without its snapshot:", error);
    }
  }
  return loadPyodide(options);
}

/** Bytes by file name: the snapshot takes the place of the standard library. */
function neededSizes({ sizes, snapshot, pyodide }, resumes) {
  const unneeded = resumes ? pyodide.stdLibURL : snapshot?.name;
  return Object.fromEntries(Object.entries(sizes).filter(([name]) => !unneeded?.endsWith(`/${name}`)));
}

function deviceChoice(device) {
  return device === "auto" ? {} : { SPIRALTORCH_DEVICE: device };
}
