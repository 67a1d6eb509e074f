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
  const python = await loadPython(site, request, report);
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

async function loadPython(site, request, report) {
  const indexURL = new URL(site.pyodide.indexURL, request.base).href;
  const lockFileURL = new URL(site.pyodide.lockFileURL, request.base).href;
  const download = new Download(site.sizes, (loaded, total) => report("runtime", loaded, total));
  const env = { HOME: "/home/pyodide", ...deviceChoice(request.device) };
  const python = await download.during(async () => {
    const library = fetchLibrary(new URL(site.library.name, request.base), site.library.integrity);
    const fsInit = async (FS, { sitePackages }) => writeFiles(FS, sitePackages, await library);
    const [loaded] = await Promise.all([loadPyodide({ indexURL, lockFileURL, env, fsInit }), library]);
    return loaded;
  });
  if (request.interrupts) python.setInterruptBuffer(new Uint8Array(request.interrupts));
  return python;
}

function deviceChoice(device) {
  return device === "auto" ? {} : { SPIRALTORCH_DEVICE: device };
}
