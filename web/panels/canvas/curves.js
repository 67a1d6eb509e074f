/** A figure of curves over a common x, with points: a fit and its data. */

import uPlot from "../../vendor/uplot.js";
import { h, icon, menu } from "../../ui/dom.js";
import { lineColour, styleColour } from "../../ui/palette.js";
import { Plot } from "../../ui/plot.js";
import { csv, fileName, saveFile, savePng } from "../../ui/save.js";

const HEIGHT = 260;

export class CurvesView {
  constructor(tag) {
    this.tag = tag;
    this.host = h("div", { class: "curves-host", role: "img", "aria-label": tag });
    this.legend = h("ul", { class: "chart-legend" });
    this.caption = h("figcaption", {});
    this.names = [];
    this.element = h("figure", { class: "view" },
      h("header", { class: "view-head" }, h("h2", {}, tag), this.legend, this.menu()), this.host, this.caption);
  }

  show(event) {
    this.latest = event;
    const names = Object.keys(event.lines);
    if (names.join("\n") !== this.names.join("\n")) this.setLines(names, event.pointsX.length > 0);
    this.plot.setData(this.data(event));
    this.caption.textContent = `Step ${event.step}`;
    this.host.setAttribute("aria-label", `${this.tag} at step ${event.step}: curves ${names.join(", ")}`
      + (event.pointsX.length ? ` over ${event.pointsX.length} data points` : ""));
  }

  setLines(names, withPoints) {
    this.names = names;
    const lines = names.map((label) => ({ label }));
    if (withPoints) lines.push({ label: "data", points: true });
    this.plot?.destroy();
    this.plot = new Plot(this.host, lines, {
      height: HEIGHT, log: false, range: () => null, onSelect: () => {}, onHover: () => {},
    });
    this.legend.replaceChildren(...lines.map(({ label }, index) => {
      const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = lineColour(index);
      return h("li", {}, swatch, label);
    }));
  }

  data({ x, lines, pointsX, pointsY }) {
    const curves = [x, ...Object.values(lines)];
    if (pointsX.length === 0) return curves;
    const order = pointsX.map((_, index) => index).sort((left, right) => pointsX[left] - pointsX[right]);
    return uPlot.join([curves, [order.map((index) => pointsX[index]), order.map((index) => pointsY[index])]]);
  }

  menu() {
    const item = (label, onclick) => h("button", { type: "button", class: "button", onclick }, label);
    return menu(`${this.tag}: save`, icon("more"), [
      item("Save as PNG", () => savePng(fileName(this.tag, "png"), [this.plot.canvas], styleColour("surface"))),
      item("Save as CSV", () => saveFile(fileName(this.tag, "csv"), csv(curveRows(this.latest)), "text/csv")),
    ]);
  }
}

function curveRows({ x, lines }) {
  const names = Object.keys(lines);
  return [["x", ...names], ...x.map((value, index) => [value, ...names.map((name) => lines[name][index])])];
}
