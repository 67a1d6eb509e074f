/** The Bench: a few workloads timed on this device, with its name; figures appear as they are measured. */

import { h, icon, menu } from "../../ui/dom.js";
import { measure } from "../../ui/format.js";
import { csv, saveFile } from "../../ui/save.js";

const COLUMNS = ["what", "figure", "spread", "how"];
const EXPLAINED = "Times a training step, a matrix product, memory, launches and a selection on this device, for about "
  + "half a minute. Nothing leaves this tab.";

export function mount(root, { store, kernel }) {
  const rows = h("tbody");
  const table = h("table", { class: "figures", hidden: true },
    h("thead", {}, h("tr", {}, ...COLUMNS.map((title) => h("th", { scope: "col" }, title)))), rows);
  const caption = h("p", { class: "quiet" }, EXPLAINED);
  const start = h("button", { type: "button", class: "button primary", onclick: () => run() }, "Run benchmarks");
  const stop = h("button", { type: "button", class: "button framed", onclick: () => kernel.stop() }, "Stop");
  let latest = null;

  root.replaceChildren(h("section", { class: "sheet", "aria-label": "Benchmarks" },
    h("header", { class: "sheet-head" }, h("h2", {}, "What this device does"), saveMenu(() => latest)),
    h("div", { class: "sheet-actions" }, start, stop), table, caption));
  store.watch("phase", (phase) => {
    const active = ["running", "paused", "stopping"].includes(phase);
    start.disabled = active || phase === "failed";
    stop.disabled = phase !== "running" && phase !== "paused";
  }, { now: true });

  const show = (figures) => {
    table.hidden = figures.length === 0;
    rows.replaceChildren(...figures.map(({ name, value, unit, spread, detail }) => h("tr", {},
      h("th", { scope: "row" }, name), h("td", { class: "numeric" }, h("strong", {}, measure(value)), ` ${unit}`),
      h("td", { class: "numeric" }, spread > 0 ? `± ${measure(spread)}` : ""), h("td", {}, detail))));
  };

  const run = async () => {
    show([]);
    caption.textContent = "Measuring …";
    try {
      const found = await kernel.ask("bench.run", {}, { long: true, onNews: ({ rows: figures }) => show(figures) });
      const about = { date: new Date().toISOString(), browser: navigator.userAgent, versions: store.get("versions") };
      latest = { ...found, ...about };
      show(found.rows);
      caption.textContent = `Measured on ${found.adapter}, ${latest.date.slice(0, 10)}: medians of seven rounds, `
        + "with half of their interquartile range.";
    } catch ({ message }) {
      caption.textContent = message;
    }
    store.set("status", caption.textContent);
  };
}

function saveMenu(latest) {
  const item = (label, save) =>
    h("button", { type: "button", class: "button", onclick: () => latest() && save() }, label);
  const rows = () => latest().rows.map(({ name, value, unit, spread, detail }) => [name, value, unit, spread, detail]);
  return menu("Benchmarks: save", icon("more"), [
    item("Save as JSON", () => saveFile("bench.json", JSON.stringify(latest(), null, 1), "application/json")),
    item("Save as CSV", () =>
      saveFile("bench.csv", csv([["what", "value", "unit", "spread", "how"], ...rows()]), "text/csv")),
  ]);
}
