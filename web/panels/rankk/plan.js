/** A plan in full: predicted time, who decided and why, what had to be repaired, and each field of the choice. */

import { h } from "../../ui/dom.js";
import { launchTime } from "../../ui/format.js";

const VOICES = { A: "SoftLogic (voice A)", B: "a hard rule (voice B)", C: "the tuner table (voice C)" };

export class PlanView {
  constructor() {
    this.body = h("div", { class: "plan-body" });
    this.element = h("section", { class: "sheet", "aria-label": "Plan" }, h("h2", {}, "Plan"), this.body);
    this.wait("The plan appears when Python is ready.");
  }

  wait(text) {
    this.body.replaceChildren(h("p", { class: "quiet" }, text));
  }

  refuse(text) {
    this.body.replaceChildren(h("p", { class: "problem-text", role: "alert" }, text));
  }

  /** @param {object} plan as labs/rankk.py gives it */
  show({ problem, fields, predicted, winner, reasons, repairs, script, alternatives }) {
    this.body.replaceChildren(
      h("p", { class: "plan-line" }, h("strong", {}, `${launchTime(predicted)} predicted`),
        ` for ${problem}. Decided by ${VOICES[winner] ?? winner}, among ${alternatives.length} launches.`),
      ...(repairs.length ? [listOf("Repaired, so that the device can run it", repairs, "repairs")] : []),
      fieldsTable(fields),
      listOf("Why", reasons, "reasons"),
      h("details", {}, h("summary", {}, "As SpiralK"), h("pre", { class: "script" }, script)));
  }
}

function fieldsTable(fields) {
  const rows = fields.map(({ name, word, meaning }) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "field-value" }, word), h("td", {}, meaning)));
  const head = h("tr", {}, ...["field", "value", "meaning"].map((title) => h("th", { scope: "col" }, title)));
  return h("table", { class: "fields" }, h("thead", {}, head), h("tbody", {}, ...rows));
}

function listOf(title, lines, kind) {
  return h("div", { class: kind }, h("h3", {}, title), h("ul", {}, ...lines.map((line) => h("li", {}, line))));
}
