/** Finds out which graphics adapter this browser offers, before Python is there to ask. */

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|warp|basic render|software/i;

/**
 * Describe the adapter, or say why there is none and what to do.
 * @returns {Promise<import("./protocol.js").DeviceReport>}
 */
export async function probeAdapter() {
  if (!globalThis.isSecureContext) {
    return noAdapter("WebGPU needs https or localhost; this page was opened over plain http.");
  }
  if (!navigator.gpu) {
    return noAdapter("This browser has no WebGPU. Chrome or Edge 137, Firefox 153 and Safari 27 have all we use.");
  }
  try {
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) {
      return noAdapter("The browser found no usable graphics adapter; hardware acceleration may be switched off "
        + "in its settings.");
    }
    return describe(adapter);
  } catch (error) {
    return noAdapter(`Asking for a graphics adapter failed: ${error.message}`);
  }
}

function describe(adapter) {
  const { vendor, architecture, device, description } = adapter.info;
  const name = description || [vendor, device || architecture].filter(Boolean).join(" ") || "unnamed adapter";
  const software = Boolean(adapter.info.isFallbackAdapter) || SOFTWARE.test(`${name} ${architecture}`);
  return { kind: "webgpu", name, software, reason: "", details: { vendor, architecture } };
}

function noAdapter(reason) {
  return { kind: "none", name: "", software: false, reason, details: {} };
}
