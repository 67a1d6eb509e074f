/** Rules that trials have taught, each with its evidence and a way to take it back. */

import { h } from "../../ui/dom.js";

export class LearntView {
  /** @param {(ids: string[]) => void} onUndo without ids: of the latest lesson */
  constructor(onUndo) {
    this.onUndo = onUndo;
    this.body = h("div", { class: "learnt-rules" },
      h("p", { class: "quiet" }, "The rules appear when Python is ready."));
    this.undoLesson = h("button", { type: "button", class: "button framed", hidden: true, onclick: () => onUndo([]) },
      "Undo the latest lesson");
    this.element = h("section", { class: "sheet", "aria-label": "Learnt rules" },
      h("header", { class: "sheet-head" }, h("h2", {}, "Learnt rules"), this.undoLesson), this.body);
  }

  /** @param {object[]} rules of labs/roundtable.py */
  show(rules) {
    this.undoLesson.hidden = rules.length === 0;
    if (rules.length === 0) {
      this.body.replaceChildren(h("p", { class: "quiet" }, "None yet. Where trials show beyond doubt that A beats the "
        + "tuner table, a soft rule is added to heur.kdsl."));
      return;
    }
    this.body.replaceChildren(...rules.map((rule) => this.rule(rule)));
  }

  rule({ id, field, value, weight, condition, device, time, tally, low, high }) {
    const code = `soft(${field}, ${value}, ${Number(weight.toPrecision(6))}, ${condition});`;
    const undo = h("button", { type: "button", class: "button framed", "aria-label": `Undo ${code}`,
      onclick: () => this.onUndo([id]) }, "Undo");
    return h("article", { class: "learnt-rule" },
      h("div", {}, h("code", {}, code),
        h("p", { class: "quiet" }, `A won ${tally.wins} of ${tally.trials} trials (95 %: ${low.toFixed(2)} to `
          + `${high.toFixed(2)}), ${time.slice(0, 10)} ${time.slice(11, 16)}, on ${device}`)), undo);
  }
}
