/** The top line's right end: the device badge, Share and the settings. */

import { h, icon, menu } from "../../ui/dom.js";
import { SETTINGS } from "../../state.js";

export function mount(root, page) {
  root.replaceChildren(badge(page), shareButton(page), settingsMenu(page));
}

function badge({ store, actions }) {
  const dot = h("span", { class: "badge-dot", "aria-hidden": "true" });
  const text = h("span", { class: "badge-text" });
  const facts = h("dl", { class: "badge-facts" });
  const restart = h("button", { type: "button", class: "button", onclick: actions.restart }, "Restart Python");
  const details = menu("Device", h("span", { class: "badge" }, dot, text), [facts, restart]);
  details.classList.add("badge-menu");
  const update = () => {
    const shown = describeDevice(store.get("adapter"), store.get("deviceLost"), store.get("failure"));
    text.textContent = shown.text;
    details.dataset.device = shown.state;
    details.querySelector("summary").setAttribute("aria-label", `Device: ${shown.text}`);
    facts.replaceChildren(...factRows(shown.reason, store.get("adapter"), store.get("versions")));
  };
  for (const key of ["adapter", "deviceLost", "failure", "versions"]) store.watch(key, update);
  update();
  return details;
}

/** The badge's words. Never says GPU where software or the CPU computes. */
export function describeDevice(device, lost, failure) {
  if (failure) return { state: "bad", text: "Python could not start", reason: `${failure.message} ${failure.help}` };
  if (lost) return { state: "bad", text: "Graphics device lost", reason: `${lost} Restart Python to go on.` };
  if (!device) return { state: "waiting", text: "Looking for a device", reason: "" };
  if (device.kind === "cpu") return { state: "warn", text: "CPU", reason: device.reason };
  if (device.kind === "none") return { state: "warn", text: "No device", reason: device.reason };
  if (device.software) {
    return { state: "warn", text: `${device.name} (software)`, reason: device.reason
      || "This adapter computes on the processor: everything works, slowly." };
  }
  return { state: "good", text: `${device.name} (WebGPU)`, reason: device.reason };
}

function factRows(reason, device, versions) {
  const rows = [];
  if (reason) rows.push(["Why", reason]);
  if (device?.name) rows.push(["Adapter", device.name]);
  if (versions) rows.push(["Pyodide", versions.pyodide], ["SpiralTorch", versions.spiraltorch]);
  return rows.flatMap(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]);
}

function shareButton({ actions, store }) {
  const share = () => actions.share().catch(() => store.set("status", "The browser refused access to the clipboard."));
  return h("button", { type: "button", class: "button", onclick: share }, "Share");
}

function settingsMenu(page) {
  const rows = ["device", "theme", "hidden"].map((name) => settingRow(page, name));
  return menu("Settings", icon("more"), rows);
}

const WORDS = {
  device: { auto: "Best there is", webgpu: "WebGPU", cpu: "CPU (NumPy)" },
  theme: { system: "As the system", light: "Light", dark: "Dark" },
  hidden: { pause: "Pause", run: "Keep running" },
};

function settingRow({ store, actions }, name) {
  const choices = SETTINGS[name].values.map((value) => h("option", { value }, WORDS[name][value]));
  const select = h("select", { class: "setting-select" }, ...choices);
  select.addEventListener("change", () => actions.set(name, select.value));
  store.watch(name, (value) => { select.value = value; }, { now: true });
  return h("label", { class: "setting" }, h("span", {}, SETTINGS[name].label), select);
}
