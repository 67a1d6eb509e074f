/** The latest histogram of a tag, as bars, with its counts as a table. */

import { h } from "../../ui/dom.js";
import { count, measure } from "../../ui/format.js";

export class HistogramView {
  constructor(tag) {
    this.tag = tag;
    this.bars = h("div", { class: "histogram", role: "img" });
    this.low = h("span");
    this.high = h("span");
    this.caption = h("figcaption", {});
    this.element = h("figure", { class: "view" }, h("header", { class: "view-head" }, h("h2", {}, tag)), this.bars,
      h("div", { class: "histogram-ends" }, this.low, this.high), this.caption);
  }

  show({ step, edges, counts }) {
    const most = Math.max(...counts, 1);
    this.bars.replaceChildren(...counts.map((value, index) => {
      const bar = h("span", { title: `${measure(edges[index])} to ${measure(edges[index + 1])}: ${count(value)}` });
      bar.style.height = `${(100 * value) / most}%`;
      return bar;
    }));
    const total = counts.reduce((sum, value) => sum + value, 0);
    const peak = counts.indexOf(most);
    this.bars.setAttribute("aria-label", `${this.tag} at step ${step}: ${count(total)} values from `
      + `${measure(edges[0])} to ${measure(edges.at(-1))}, most near ${measure(edges[Math.max(peak, 0)])}`);
    this.low.textContent = measure(edges[0]);
    this.high.textContent = measure(edges.at(-1));
    this.caption.textContent = `Step ${step}, ${count(total)} values`;
  }
}
