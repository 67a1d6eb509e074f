/** A tuning run: started here, watched here, its table saved from here. */

import { h } from "../../ui/dom.js";
import { count, launchTime, measure } from "../../ui/format.js";
import { saveFile } from "../../ui/save.js";

export class TuningView {
  /** @param {(request: {grid: string, seconds: number, fresh: boolean}) => void} onStart @param {() => void} onStop */
  constructor(onStart, onStop) {
    this.grid = h("select", { class: "field-control" },
      h("option", { value: "small" }, "small grid"), h("option", { value: "full" }, "full grid"));
    this.minutes = h("input", { type: "number", min: 0.1, max: 600, step: "any", value: 2, class: "field-control",
      inputmode: "decimal" });
    this.fresh = h("input", { type: "checkbox" });
    this.start = h("button", { type: "submit", class: "button framed" }, "Start tuning");
    this.stop = h("button", { type: "button", class: "button framed", onclick: onStop, disabled: true }, "Stop tuning");
    this.bar = h("progress", { class: "progress-bar", max: 1, value: 0, "aria-label": "Tuning", hidden: true });
    this.text = h("p", { class: "quiet" }, "Measures the launches on a grid of problems on this device, checks every "
      + "result, and fits a table that plans here go by from then on. A run that was stopped goes on where it was.");
    this.result = h("div", { class: "tuning-result" });
    const form = h("form", { class: "problem-form" },
      h("label", { class: "field" }, h("span", {}, "Problems"), this.grid),
      h("label", { class: "field" }, h("span", {}, "Minutes"), this.minutes),
      h("label", { class: "field in-line" }, this.fresh, h("span", {}, "forget earlier runs")), this.start, this.stop);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      onStart({ grid: this.grid.value, seconds: 60 * Number(this.minutes.value), fresh: this.fresh.checked });
    });
    this.element = h("section", { class: "sheet", "aria-label": "Tuning" }, h("h2", {}, "Tuning"), form, this.bar,
      this.text, this.result);
  }

  begin() {
    this.stop.disabled = false;
    this.bar.hidden = false;
    this.bar.value = 0;
    this.text.textContent = "Measuring the device: bandwidth and the cost of a launch.";
    this.result.replaceChildren();
  }

  /** @param {object} news of labs/rankk.py */
  tell({ problems, done, known, latest, read_bytes_per_second: bandwidth, launch_seconds: launch }) {
    this.bar.value = done / problems;
    this.text.textContent = latest === undefined
      ? `${count(problems)} problems, ${count(known)} of them known. The device reads `
        + `${measure(bandwidth / 1e9)} GB/s; a launch takes ${launchTime(launch)}.`
      : `Problem ${count(done)} of ${count(problems)}. ${latest}`;
  }

  finish({ table, name, records, cells, complete, regrets }) {
    this.end(complete
      ? "Finished. Plans in this tab go by the new table."
      : "Time ran out before all problems were measured; the table serves already, and another run goes on.");
    const save = () => saveFile(name, table, "application/json");
    const lines = regrets.map(({ name: chooser, mean, worst, cells: judged }) => h("li", {},
      `${chooser}: mean regret ${measure(mean)}, worst ${measure(worst)} over ${count(judged)} other problems`));
    this.result.replaceChildren(h("p", {}, `${count(records)} records from ${count(cells)} problems.`),
      h("ul", {}, ...lines),
      h("button", { type: "button", class: "button framed", onclick: save }, "Download table"));
  }

  /** The run is over, one way or another. */
  end(text) {
    this.stop.disabled = true;
    this.bar.hidden = true;
    this.text.textContent = text;
  }
}
