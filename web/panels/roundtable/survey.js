/** What the policy chooses over rows × columns × k, as one heat map for each k; each cell can be looked into. */

import { h, icon, menu } from "../../ui/dom.js";
import { count } from "../../ui/format.js";
import { saveFile, savePng } from "../../ui/save.js";
import { styleColour } from "../../ui/palette.js";
import { ASPECTS, binary, coloursOf, inkOn, shortOf, wordOf } from "./choices.js";

export const ROWS = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536];
export const COLS = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];
export const KS = [1, 16, 128, 1024];
const STEPS = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
const CELL_PIXELS = 44; // of the saved picture

export class SurveyView {
  /** @param {{kind: (kind: string) => void, cell: (problem: object) => void}} on */
  constructor(on) {
    this.on = on;
    this.maps = new Map(); // k -> {cells, before}
    this.tables = new Map(); // k -> its table, which stays while cells change: a click or the focus keeps its place
    this.kind = h("select", { class: "field-control" },
      ...["topk", "midk", "bottomk"].map((name) => h("option", { value: name }, name)));
    this.aspect = h("select", { class: "field-control" },
      ...Object.entries(ASPECTS).map(([value, { title }]) => h("option", { value }, title)));
    this.kind.addEventListener("change", () => on.kind(this.kind.value));
    this.aspect.addEventListener("change", () => this.draw());
    this.legend = h("ul", { class: "survey-legend" });
    this.board = h("div", { class: "survey-maps" });
    this.caption = h("p", { class: "quiet" }, "The maps appear when Python is ready.");
    this.element = h("section", { class: "sheet", "aria-label": "What the policy chooses" },
      h("header", { class: "sheet-head" }, h("h2", {}, "What the policy chooses"), this.menu()),
      h("div", { class: "problem-form" },
        h("label", { class: "field" }, h("span", {}, "Kind"), this.kind),
        h("label", { class: "field" }, h("span", {}, "Colour"), this.aspect)),
      this.legend, this.board, this.caption);
    this.board.addEventListener("click", ({ target }) => this.open(target.closest("td")));
    this.board.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** @param {object} found `{k, cells}` by the text in the editor @param {object[][]|null} before by the saved text */
  show({ k, cells }, before) {
    this.maps.set(k, { cells, before });
    this.draw();
  }

  refuse(text) {
    this.caption.textContent = text;
  }

  draw() {
    const aspect = this.aspect.value;
    const maps = KS.filter((k) => this.maps.has(k)).map((k) => [k, this.maps.get(k)]);
    const values = maps.flatMap(([, { cells }]) => cells.flat().filter(Boolean).map((cell) => cell[aspect]));
    if (values.length === 0) return;
    const colour = coloursOf(aspect, values);
    for (const [k, map] of maps) fillTable(this.table(k), k, map, aspect, colour);
    if (!this.board.querySelector("td[tabindex='0']")) {
      this.board.querySelector("td[data-k]")?.setAttribute("tabindex", "0");
    }
    this.drawLegend(aspect, values, colour);
    const changed = maps.reduce((sum, [, map]) => sum + countChanged(map), 0);
    const others = changed === 0 ? ""
      : ` ${count(changed)} are decided otherwise than by the saved policy; they are outlined.`;
    this.caption.textContent = `${count(values.length)} problems.${others} Choose a cell to hear the voices.`;
  }

  drawLegend(aspect, values, colour) {
    const shown = [...new Set(values)].sort((left, right) => (left > right ? 1 : -1));
    const few = ASPECTS[aspect].word ? [shown[0], shown.at(-1)] : shown;
    this.legend.replaceChildren(...few.map((value) => {
      const swatch = h("span", { class: "survey-swatch", "aria-hidden": "true" });
      swatch.style.background = css(colour(value));
      return h("li", {}, swatch, wordOf(aspect, value));
    }));
  }

  /** The table of the maps for a k, made when it is first shown. */
  table(k) {
    if (!this.tables.has(k)) {
      this.tables.set(k, emptyTable(k));
      const next = KS.slice(KS.indexOf(k) + 1).find((larger) => this.tables.has(larger));
      this.board.insertBefore(this.tables.get(k), this.tables.get(next) ?? null);
    }
    return this.tables.get(k);
  }

  open(cell) {
    if (!cell?.dataset.k) return;
    this.focus(cell);
    const { k, row, col } = cell.dataset;
    this.on.cell({ kind: this.kind.value, rows: ROWS[row], cols: COLS[col], k: Number(k) });
  }

  /** One cell of all maps takes part in tabbing; arrows move within a map. */
  focus(cell) {
    this.board.querySelectorAll("td[tabindex='0']").forEach((other) => other.setAttribute("tabindex", "-1"));
    cell.setAttribute("tabindex", "0");
    cell.focus();
  }

  onKey(event) {
    const cell = event.target.closest("td[data-k]");
    if (!cell) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.open(cell);
      return;
    }
    if (!(event.key in STEPS)) return;
    event.preventDefault();
    const [down, right] = STEPS[event.key];
    const { row, col } = cell.dataset;
    const next = cell.closest("table")
      .querySelector(`td[data-row="${Number(row) + down}"][data-col="${Number(col) + right}"]`);
    if (next) this.focus(next);
  }

  menu() {
    const item = (label, onclick) => h("button", { type: "button", class: "button", onclick }, label);
    return menu("What the policy chooses: save", icon("more"), [
      item("Save as PNG", () => savePng("policy.png", [this.picture()], styleColour("surface"))),
      item("Save as JSON", () => saveFile("policy.json", JSON.stringify(
        { kind: this.kind.value, rows: ROWS, cols: COLS, maps: Object.fromEntries([...this.maps].map(
          ([k, { cells }]) => [k, cells])) }), "application/json")),
    ]);
  }

  /** All maps side by side on one canvas. */
  picture() {
    const aspect = this.aspect.value;
    const maps = KS.filter((k) => this.maps.has(k));
    const all = maps.flatMap((k) => this.maps.get(k).cells.flat().filter(Boolean).map((cell) => cell[aspect]));
    const colour = coloursOf(aspect, all);
    const wide = (COLS.length + 1.5) * CELL_PIXELS;
    const sheet = new OffscreenCanvas(Math.ceil(wide * maps.length), (ROWS.length + 2) * CELL_PIXELS);
    const context = sheet.getContext("2d");
    context.font = "13px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    maps.forEach((k, place) => drawMap(context, place * wide, k, this.maps.get(k).cells, aspect, colour));
    return sheet;
  }
}

function drawMap(context, left, k, cells, aspect, colour) {
  const middle = (place) => (place + 0.5) * CELL_PIXELS;
  context.fillStyle = styleColour("text");
  context.fillText(`k = ${k}`, left + middle(COLS.length / 2), middle(0));
  COLS.forEach((cols, col) => context.fillText(binary(cols), left + middle(col + 1), middle(1)));
  cells.forEach((line, row) => {
    context.fillStyle = styleColour("text");
    context.fillText(binary(ROWS[row]), left + middle(0), middle(row + 2));
    line.forEach((cell, col) => {
      if (!cell) return;
      context.fillStyle = css(colour(cell[aspect]));
      context.fillRect(left + (col + 1) * CELL_PIXELS, (row + 2) * CELL_PIXELS, CELL_PIXELS - 1, CELL_PIXELS - 1);
      context.fillStyle = inkOn(colour(cell[aspect]));
      context.fillText(shortOf(aspect, cell[aspect]), left + middle(col + 1), middle(row + 2), CELL_PIXELS - 4);
    });
  });
}

function emptyTable(k) {
  const head = h("tr", {}, h("th", { scope: "col" }, "rows"),
    ...COLS.map((cols) => h("th", { scope: "col", title: `${count(cols)} columns` }, binary(cols))));
  const body = ROWS.map((rows) => h("tr", {}, h("th", { scope: "row" }, binary(rows)), ...COLS.map(() => h("td", {}))));
  return h("table", { class: "survey-map", role: "grid", "aria-label": `k = ${k}: rows down, columns across` },
    h("caption", {}, `k = ${count(k)}`), h("thead", {}, head), h("tbody", {}, ...body));
}

function fillTable(table, k, { cells, before }, aspect, colour) {
  cells.forEach((line, row) => line.forEach((cell, col) => {
    const element = table.tBodies[0].rows[row].cells[col + 1];
    if (cell) fillCell(element, cell, before?.[row][col], { k, row, col }, aspect, colour);
    else setAll(element, { class: "survey-none", "aria-label": "k does not fit" });
  }));
}

function fillCell(element, cell, before, { k, row, col }, aspect, colour) {
  const value = cell[aspect];
  const changed = before && differs(cell, before);
  const title = `${count(ROWS[row])} × ${count(COLS[col])}, k ${k}: ${wordOf(aspect, value)}`
    + (changed ? ", changed" : "");
  setAll(element, { "data-k": k, "data-row": row, "data-col": col, role: "gridcell", title, "aria-label": title,
    tabindex: element.getAttribute("tabindex") ?? "-1" });
  element.toggleAttribute("data-changed", Boolean(changed));
  element.textContent = shortOf(aspect, value);
  element.style.background = css(colour(value));
  element.style.color = inkOn(colour(value));
}

function setAll(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

function countChanged({ cells, before }) {
  if (!before) return 0;
  return cells.flat().filter((cell, place) => cell && differs(cell, before.flat()[place])).length;
}

/** Whether two decisions launch differently. */
function differs(cell, other) {
  return Object.keys(cell).some((name) => name !== "winner" && name !== "predicted" && cell[name] !== other[name]);
}

const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;
