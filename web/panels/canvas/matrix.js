/** A small table of numbers with coloured cells, such as a confusion matrix. */

import { h, icon, menu } from "../../ui/dom.js";
import { measure } from "../../ui/format.js";
import { rampColour } from "../../ui/palette.js";
import { csv, fileName, saveFile } from "../../ui/save.js";

export class MatrixView {
  constructor(tag) {
    this.tag = tag;
    this.table = h("table", { class: "matrix" });
    this.caption = h("figcaption", {});
    this.latest = null;
    const save = () => this.latest && saveFile(fileName(tag, "csv"), csv(matrixRows(this.latest)), "text/csv");
    const items = [h("button", { type: "button", class: "button", onclick: save }, "Save as CSV")];
    this.element = h("figure", { class: "view" },
      h("header", { class: "view-head" }, h("h2", {}, tag), menu(`${tag}: save`, icon("more"), items)),
      h("div", { class: "matrix-scroll", tabindex: "0", role: "region", "aria-label": tag }, this.table),
      this.caption);
  }

  show(event) {
    this.latest = event;
    const { values, rows, columns, rowTitle, columnTitle, step } = event;
    const most = Math.max(...values.flat(), 1e-30);
    this.table.replaceChildren(
      h("thead", {}, h("tr", {}, h("td"), ...columns.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, ...values.map((row, index) => h("tr", {}, h("th", { scope: "row" }, rows[index]),
        ...row.map((value) => cell(value, most))))));
    this.caption.textContent = `Step ${step}. Rows: ${rowTitle}; columns: ${columnTitle}.`;
  }
}

/** Fainter than zero means zero; the square root keeps small counts visible beside a strong diagonal. */
function cell(value, most) {
  const element = h("td", { "data-zero": !value }, measure(value ?? NaN));
  if (!value) return element;
  const strength = Math.sqrt(Math.max(value, 0) / most);
  const [red, green, blue] = rampColour(strength);
  element.style.background = `rgb(${red} ${green} ${blue})`;
  element.style.color = strength > 0.55 ? "#101114" : "#ffffff";
  return element;
}

function matrixRows({ values, rows, columns }) {
  return [["", ...columns], ...values.map((row, index) => [rows[index], ...row])];
}
