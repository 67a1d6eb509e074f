/** Launches of one problem as a bar chart: measured times as bars, predicted ones as marks. */

import { h, icon, menu } from "../../ui/dom.js";
import { launchTime } from "../../ui/format.js";
import { csv, saveFile } from "../../ui/save.js";

export class VariantsView {
  constructor() {
    this.caption = h("p", { class: "quiet" }, "Measure times the planned launch and the best others.");
    this.rows = h("tbody");
    const titles = ["launch", "time", "measured", "predicted"];
    this.table = h("table", { class: "bars", hidden: true },
      h("thead", {}, h("tr", {}, ...titles.map((title) => h("th", { scope: "col" }, title)))), this.rows);
    this.element = h("section", { class: "sheet", "aria-label": "Launches" },
      h("header", { class: "sheet-head" }, h("h2", {}, "Launches"), this.menu()), this.table, this.caption);
    this.timed = [];
  }

  clear() {
    this.timed = [];
    this.table.hidden = true;
    this.caption.textContent = "Measure times the planned launch and the best others.";
  }

  /** @param {object[]} timed alternatives of labs/rankk.py @param {string} caption */
  show(timed, caption) {
    this.timed = [...timed].sort((left, right) => left.measured - right.measured);
    this.caption.textContent = caption;
    this.table.hidden = timed.length === 0;
    const most = Math.max(...timed.map(({ measured }) => measured), 1e-12);
    this.rows.replaceChildren(...this.timed.map((one) => barRow(one, most)));
  }

  menu() {
    const rows = () => this.timed.map(({ text, measured, spread, predicted, planned }) =>
      [text, measured, spread, predicted, planned]);
    const save = () => saveFile("launches.csv",
      csv([["launch", "seconds", "spread", "predicted", "planned"], ...rows()]), "text/csv");
    return menu("Launches: save",
      icon("more"), [h("button", { type: "button", class: "button", onclick: save }, "Save as CSV")]);
  }
}

function barRow({ text, measured, spread, predicted, planned }, most) {
  const share = (seconds) => `${Math.min(100 * (seconds / most), 100)}%`;
  const bar = h("span", { class: "bar" });
  bar.style.width = share(measured);
  const mark = h("span", { class: "bar-mark", title: `predicted ${launchTime(predicted)}` });
  mark.style.left = share(predicted);
  const name = planned ? [h("strong", {}, text), h("span", { class: "tag" }, "plan")] : [text];
  return h("tr", { "data-planned": planned },
    h("th", { scope: "row" }, ...name),
    h("td", { class: "bar-cell", "aria-hidden": "true" }, h("span", { class: "bar-track" }, bar, mark)),
    h("td", { class: "numeric" }, launchTime(measured), h("span", { class: "quiet" }, ` ± ${launchTime(spread)}`)),
    h("td", { class: "numeric" }, launchTime(predicted)));
}
