/** One chart: the tags of a group ("loss/train", "loss/test"), with hover, zoom, saving and a table. */

import uPlot from "../../vendor/uplot.js";
import { h, icon, menu } from "../../ui/dom.js";
import { measure } from "../../ui/format.js";
import { lineColour, styleColour } from "../../ui/palette.js";
import { Plot } from "../../ui/plot.js";
import { csv, fileName, saveFile, savePng } from "../../ui/save.js";
import { Series } from "./series.js";

const HEIGHT = 176;
const TABLE_ROWS = 30;
const KEYS = "Plus and minus zoom, the arrow keys move, zero shows everything.";

export class Chart {
  /** @param {string} group the tags' part before the last "/" */
  constructor(group) {
    this.group = group;
    this.series = new Map();
    this.range = null;
    this.log = false;
    this.dirty = false;
    this.legend = h("ul", { class: "chart-legend" });
    this.host = h("div", { class: "chart-host", tabindex: "0", role: "group", "aria-label": `${group}. ${KEYS}` });
    this.summary = h("p", { class: "visually-hidden" });
    this.table = h("div", { class: "chart-table", hidden: true, tabindex: "0", role: "region",
      "aria-label": `${group} as a table` });
    this.element = h("article", { class: "chart", "aria-label": `Chart of ${group}` },
      h("header", { class: "chart-head" }, h("h2", {}, group), this.legend, this.menu()),
      this.host, this.summary, this.table);
    this.host.addEventListener("keydown", (event) => this.onKey(event));
    this.host.addEventListener("dblclick", () => this.zoom(null));
  }

  /** Add points of a tag. */
  append(tag, steps, values) {
    if (!this.series.has(tag)) {
      this.series.set(tag, new Series());
      this.plot?.rebuild(this.lines(), this.log);
      this.drawLegend();
    }
    this.series.get(tag).append(steps, values);
    this.dirty = true;
  }

  /** Forget the points, keep the place on the page. */
  clear() {
    this.series.clear();
    this.range = null;
    this.plot?.rebuild([], this.log);
    this.legend.replaceChildren();
    this.table.hidden = true;
    this.summary.textContent = "";
  }

  /** Take the chart off the page. */
  destroy() {
    this.plot?.destroy();
    this.element.remove();
  }

  /** Draw what has come since the last time; called once per frame at most. */
  draw() {
    if (!this.dirty) return;
    this.dirty = false;
    this.plot ??= this.createPlot();
    this.plot.setData(this.data());
    this.updateLegend();
    this.summary.textContent = this.describe();
  }

  data() {
    const [low, high] = this.range ?? [-Infinity, Infinity];
    const buckets = this.plot.width;
    const parts = [...this.series.values()].map((series) => series.decimate(low, high, buckets));
    if (parts.length === 0) return [[]];
    const data = parts.length === 1 ? parts[0] : uPlot.join(parts);
    return this.log ? [data[0], ...data.slice(1).map(positiveOnly)] : data;
  }

  createPlot() {
    return new Plot(this.host, this.lines(), {
      height: HEIGHT, log: this.log, range: () => this.range,
      onSelect: (low, high) => this.zoom([low, high]),
      onHover: (index) => this.updateLegend(index),
    });
  }

  lines() {
    return [...this.series.keys()].map((tag) => ({ label: shortName(tag, this.group) }));
  }

  zoom(range) {
    this.range = range;
    this.dirty = true;
    this.draw();
  }

  onKey(event) {
    const [first, last] = this.extent();
    const [low, high] = this.range ?? [first, last];
    const width = high - low;
    const views = {
      "+": [low + width / 4, high - width / 4], "=": [low + width / 4, high - width / 4],
      "-": [Math.max(low - width / 2, first), Math.min(high + width / 2, last)],
      ArrowLeft: [low - width / 5, high - width / 5], ArrowRight: [low + width / 5, high + width / 5], 0: null,
    };
    if (!(event.key in views) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.zoom(views[event.key]);
  }

  extent() {
    const all = [...this.series.values()].filter((series) => series.length > 0);
    return [Math.min(...all.map((series) => series.steps[0])),
      Math.max(...all.map((series) => series.steps[series.length - 1]))];
  }

  drawLegend() {
    this.legend.replaceChildren(...[...this.series.keys()].map((tag, index) => {
      const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = lineColour(index);
      return h("li", {}, swatch, h("span", {}, shortName(tag, this.group)), h("output", { class: "legend-value" }));
    }));
  }

  /** Values under the pointer, or the latest ones. */
  updateLegend(hovered = null) {
    [...this.series.values()].forEach((series, index) => {
      const at = hovered === null ? null : nearest(this.plot.data[index + 1], hovered);
      const value = at ?? series.values[series.length - 1];
      const output = this.legend.children[index]?.querySelector("output");
      if (output) output.textContent = series.length ? measure(value) : "";
    });
  }

  describe() {
    const parts = [...this.series].map(([tag, series]) => {
      const last = series.length - 1;
      return `${tag}: ${measure(series.values[last])} at step ${series.steps[last]}`;
    });
    return `${parts.join("; ")}.`;
  }

  menu() {
    const item = (label, onclick) => h("button", { type: "button", class: "button", onclick }, label);
    return menu(`${this.group}: zoom, table, save`, icon("more"), [
      item("Show everything", () => this.zoom(null)),
      item("Logarithmic or linear", () => this.toggleLog()),
      item("Table", () => this.toggleTable()),
      item("Save as PNG", () => this.plot && savePng(fileName(this.group, "png"), [this.plot.canvas],
        styleColour("surface"))),
      item("Save as CSV", () => saveFile(fileName(this.group, "csv"), csv(this.rows()), "text/csv")),
    ]);
  }

  toggleLog() {
    this.log = !this.log;
    this.plot?.rebuild(this.lines(), this.log);
    this.dirty = true;
    this.draw();
  }

  toggleTable() {
    this.table.hidden = !this.table.hidden;
    if (this.table.hidden) return;
    const rows = this.rows();
    const every = Math.max(1, Math.ceil((rows.length - 1) / TABLE_ROWS));
    const shown = rows.slice(1).filter((row, index) => index % every === 0 || index === rows.length - 2);
    this.table.replaceChildren(h("table", {},
      h("thead", {}, h("tr", {}, ...rows[0].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, ...shown.map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, cellText(cell))))))));
  }

  /** Every point as rows: step, then a column per tag. */
  rows() {
    const tags = [...this.series.keys()];
    const bySteps = new Map();
    tags.forEach((tag, column) => {
      const { steps, values, length } = this.series.get(tag);
      for (let index = 0; index < length; index += 1) {
        if (!bySteps.has(steps[index])) bySteps.set(steps[index], new Array(tags.length).fill(""));
        bySteps.get(steps[index])[column] = values[index];
      }
    });
    const sorted = [...bySteps].sort(([left], [right]) => left - right);
    return [["step", ...tags], ...sorted.map(([step, cells]) => [step, ...cells])];
  }
}

const shortName = (tag, group) => (tag.startsWith(`${group}/`) ? tag.slice(group.length + 1) : tag);

const cellText = (cell) => (cell === "" ? "" : measure(cell));

const positiveOnly = (values) => values.map((value) => (value > 0 ? value : null));

/** The value at an index, or the closest one before it: lines have points at different steps. */
function nearest(values, index) {
  for (let at = index; at >= 0; at -= 1) {
    if (values[at] !== null && values[at] !== undefined) return values[at];
  }
  return null;
}
