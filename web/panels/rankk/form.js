/** The problem's sizes as a form. Every change of a legal value is told; others are marked and wait. */

import { h } from "../../ui/dom.js";
import { KINDS } from "./problem.js";

const TELL_AFTER_MILLISECONDS = 250;
const WORDS = {
  normal: "normal", uniform: "uniform", constant: "all equal", few: "four values", ascending: "sorted, ascending",
  descending: "sorted, descending", clustered: "one exponent", infinite: "normal, 1 % infinite",
  nan: "normal, 10 % NaN",
};

export class ProblemForm {
  /** @param {import("./problem.js").Problem} problem @param {(problem: object) => void} onChange */
  constructor(problem, onChange) {
    this.onChange = onChange;
    this.timer = null;
    this.kind = select(Object.entries(KINDS).map(([value, word]) => [value, `the k ${word}`]));
    this.distribution = select(Object.entries(WORDS));
    this.sizes = { rows: number(), cols: number(), k: number() };
    this.element = h("form", { class: "problem-form" },
      labelled("Entries wanted", this.kind),
      labelled("Rows", this.sizes.rows), labelled("Columns", this.sizes.cols), labelled("k", this.sizes.k),
      labelled("Distribution", this.distribution));
    this.show(problem);
    this.element.addEventListener("input", () => this.changed());
    this.element.addEventListener("submit", (event) => event.preventDefault());
  }

  show({ kind, distribution, ...sizes }) {
    this.kind.value = kind;
    this.distribution.value = distribution in WORDS ? distribution : "normal";
    for (const [name, input] of Object.entries(this.sizes)) input.value = sizes[name];
    this.sizes.k.max = sizes.cols;
  }

  changed() {
    this.sizes.k.max = this.sizes.cols.value;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.element.reportValidity()) this.onChange(this.problem());
    }, TELL_AFTER_MILLISECONDS);
  }

  problem() {
    const sizes = Object.fromEntries(Object.entries(this.sizes).map(([name, input]) => [name, Number(input.value)]));
    return { kind: this.kind.value, ...sizes, distribution: this.distribution.value };
  }
}

function labelled(text, control) {
  return h("label", { class: "field" }, h("span", {}, text), control);
}

function number() {
  return h("input", { type: "number", min: 1, max: 16_777_216, step: 1, required: true, inputmode: "numeric",
    class: "field-control" });
}

function select(choices) {
  return h("select", { class: "field-control" }, ...choices.map(([value, word]) => h("option", { value }, word)));
}
