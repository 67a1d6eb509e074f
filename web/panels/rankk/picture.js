/** The picture of one row and its selected entries, with the same as text and as a table. */

import { h, icon, menu } from "../../ui/dom.js";
import { count, launchTime, measure } from "../../ui/format.js";
import { onThemeChange, styleColour } from "../../ui/palette.js";
import { csv, saveFile, savePng } from "../../ui/save.js";
import { KINDS } from "./problem.js";
import { drawRow } from "./row.js";

const LISTED = 64;

export class PictureView {
  /** @param {() => void} onRow called when another row is asked for */
  constructor(onRow) {
    this.canvas = h("canvas", { class: "row-canvas", role: "img", "aria-label": "No row is drawn yet" });
    this.caption = h("p", { class: "quiet" }, "Run shows a row of the matrix and what was selected in it.");
    this.row = h("input", { type: "number", min: 0, value: 0, step: 1, class: "field-control", inputmode: "numeric" });
    this.row.addEventListener("change", () => this.row.reportValidity() && onRow());
    this.list = h("tbody");
    this.rest = h("p", { class: "quiet" });
    this.details = h("details", { hidden: true }, h("summary", {}, "As a table"),
      h("table", { class: "selected" },
        h("thead", {}, h("tr", {}, ...["place", "column", "value"].map((title) => h("th", { scope: "col" }, title)))),
        this.list), this.rest);
    this.element = h("section", { class: "sheet", "aria-label": "Selected entries" },
      h("header", { class: "sheet-head" }, h("h2", {}, "Selected entries"),
        h("label", { class: "field in-line" }, h("span", {}, "Row"), this.row), this.menu()),
      this.canvas, this.caption, this.details);
    this.shown = null;
    const redraw = () => this.shown && this.canvas.clientWidth > 0 && drawRow(this.canvas, this.shown);
    new ResizeObserver(redraw).observe(this.canvas);
    onThemeChange(redraw);
  }

  /** @param {object} picture as labs/rankk.py gives it @param {import("./problem.js").Problem} problem */
  show(picture, problem, adapter) {
    const shown = { ...picture, low: picture.low.map(number), high: picture.high.map(number),
      values: picture.values.map(number) };
    this.shown = shown;
    drawRow(this.canvas, shown);
    const row = Number(this.row.value);
    const found = shown.places.filter((place) => place >= 0).length;
    const entries = `the ${count(problem.k)} ${KINDS[problem.kind]} of ${count(problem.cols)} entries`;
    const missing = found < shown.places.length ? `; only ${count(found)} entries are numbers` : "";
    this.canvas.setAttribute("aria-label", `Row ${row}: ${entries}, from ${measure(shown.values[0])} `
      + `to ${measure(shown.values.at(-1))}${missing}`);
    const time = shown.seconds === null ? "" : ` The launch took ${launchTime(shown.seconds)} on ${adapter} (predicted `
      + `${launchTime(shown.predicted)}).`;
    const pieces = shown.piece > 1 ? ` Each bar spans ${count(shown.piece)} columns.` : "";
    this.caption.textContent = `Row ${row} of ${count(problem.rows)}: ${entries}${missing}.${pieces}${time}`;
    this.showList(shown);
  }

  showList({ places, values, left_out: leftOut }) {
    const rows = places.slice(0, LISTED).map((column, place) => h("tr", {}, ...[
      String(place), column < 0 ? "–" : count(column), measure(values[place])].map((text) => h("td", {}, text))));
    this.list.replaceChildren(...rows);
    const more = places.length - rows.length + leftOut;
    this.rest.textContent = more > 0 ? `And ${count(more)} more.` : "";
    this.details.hidden = false;
  }

  menu() {
    const item = (label, onclick) => h("button", { type: "button", class: "button", onclick }, label);
    const rows = () => this.shown.places.map((column, place) => [place, column, this.shown.values[place]]);
    return menu("Selected entries: save", icon("more"), [
      item("Save as PNG", () => this.shown && savePng("selected.png", [this.canvas], styleColour("surface"))),
      item("Save as CSV", () => this.shown
        && saveFile("selected.csv", csv([["place", "column", "value"], ...rows()]), "text/csv")),
    ]);
  }
}

const NAMES = { nan: NaN, inf: Infinity, "-inf": -Infinity };

/** Python's "nan", "inf" and "-inf" as numbers. */
function number(value) {
  return typeof value === "string" ? NAMES[value] : value;
}
