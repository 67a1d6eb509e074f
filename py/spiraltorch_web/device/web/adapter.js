/** Which adapter the browser gives, and a device with everything on it that kernels can use. */

import { ExecutorError } from "./faults.js";

const FEATURES = ["subgroups", "shader-f16", "timestamp-query"];
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
];
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|warp|basic render|software/i;

/**
 * @param {"auto" | "webgpu" | "webgpu:software"} wish "auto" refuses software adapters
 * @returns {Promise<{device: GPUDevice, facts: object}>} rejects with the reason, name NoDeviceError
 */
export async function openDevice(wish) {
  const adapter = await findAdapter(wish);
  const { vendor, architecture, device: model, description } = adapter.info;
  const features = FEATURES.filter((name) => adapter.features.has(name) && (name !== "subgroups" || oneSize(adapter)));
  const limits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredFeatures: features, requiredLimits: limits });
  const software = isSoftware(adapter);
  return { device, facts: { vendor, architecture, model, description, software, features, limits, subgroupSize: 0 } };
}

/** Whether subgroups have the same size in all shaders: kernels count on that of a small one. Browsers may not tell. */
function oneSize({ info }) {
  return info.subgroupMinSize === info.subgroupMaxSize;
}

async function findAdapter(wish) {
  if (!globalThis.isSecureContext) refuse("WebGPU needs https or localhost; this page was opened over plain http");
  if (!globalThis.navigator?.gpu) refuse("this browser has no WebGPU");
  const preferred = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (wish === "webgpu:software") {
    if (preferred && isSoftware(preferred)) return preferred;
    const fallback = await navigator.gpu.requestAdapter({ forceFallbackAdapter: true });
    return fallback ?? refuse("the browser offers no software adapter");
  }
  if (!preferred) refuse("the browser found no usable graphics adapter");
  if (wish === "auto" && isSoftware(preferred)) {
    refuse('the browser offers only a software adapter; choose the device "webgpu" to use it');
  }
  return preferred;
}

function refuse(reason) {
  throw new ExecutorError("NoDeviceError", reason);
}

function isSoftware({ info }) {
  return Boolean(info.isFallbackAdapter)
    || SOFTWARE.test([info.vendor, info.architecture, info.device, info.description].join(" "));
}
