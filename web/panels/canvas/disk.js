/** Points of the Poincaré disk with the geodesics between them: zoomed, moved, and named under the pointer. */

import { h, icon, menu } from "../../ui/dom.js";
import { count } from "../../ui/format.js";
import { CLASS_COLOURS, isDark, onThemeChange, styleColour } from "../../ui/palette.js";
import { csv, fileName, saveFile, savePng } from "../../ui/save.js";
import { arcBetween } from "./geodesic.js";
import { placeLabels } from "./labels.js";

const CLOSEST = 20_000; // float32 tells points near the rim apart up to there
const REACH = 14; // pixels from the pointer to a point
const OTHERS = [150, 154, 162];
const KEYS = {
  "+": [1.5, 0, 0], "=": [1.5, 0, 0], "-": [1 / 1.5, 0, 0], ArrowLeft: [1, 60, 0], ArrowRight: [1, -60, 0],
  ArrowUp: [1, 0, 60], ArrowDown: [1, 0, -60],
};

export class DiskView {
  constructor(tag) {
    this.tag = tag;
    this.points = new Float32Array();
    this.edges = new Int32Array();
    this.labels = [];
    this.groups = [];
    this.colours = [];
    this.hovered = -1;
    this.reset();
    this.canvas = h("canvas", { class: "disk", tabindex: "0", role: "img", "aria-label": tag });
    this.tip = h("div", { class: "disk-tip", hidden: true });
    this.legend = h("ul", { class: "chart-legend" });
    this.caption = h("figcaption", {});
    this.element = h("figure", { class: "picture view" },
      h("header", { class: "view-head" }, h("h2", {}, tag), this.buttons()),
      h("div", { class: "disk-host" }, this.canvas, this.tip), this.legend, this.caption);
    this.listen();
  }

  show(event) {
    this.points = event.points;
    if (!event.unchanged) {
      Object.assign(this, { edges: event.edges, labels: event.labels, groups: event.groups });
      this.colours = this.colourGroups();
    }
    const size = `${count(this.points.length / 2)} points, ${count(this.edges.length / 2)} geodesics`;
    this.caption.textContent = `Step ${event.step}. ${size}. Drag to move, + and − to zoom, point to read names.`;
    this.canvas.setAttribute("aria-label", `${this.tag} at step ${event.step}: Poincaré disk of ${size}`);
    this.draw();
  }

  /** A colour per point: the largest groups have those of classes, the others gray; a legend names them. */
  colourGroups() {
    const sizes = new Map();
    for (const name of this.groups) if (name) sizes.set(name, (sizes.get(name) ?? 0) + 1);
    const largest = [...sizes.keys()].sort((left, right) => sizes.get(right) - sizes.get(left))
      .slice(0, CLASS_COLOURS.length - 1);
    this.legend.replaceChildren(...largest.map((name, index) => {
      const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = `rgb(${CLASS_COLOURS[index].join(" ")})`;
      return h("li", {}, swatch, name);
    }));
    if (largest.length === 0) return Array(this.points.length / 2).fill(CLASS_COLOURS[4]);
    return this.groups.map((name) => CLASS_COLOURS[largest.indexOf(name)] ?? OTHERS);
  }

  // --- the window on the disk: `x`, `y` is its middle, 1 / `zoom` half its width -------------------------------------

  reset() {
    Object.assign(this, { x: 0, y: 0, zoom: 1 });
  }

  /** Pixels of the canvas from the middle to the rim, before zooming. */
  get radius() {
    return 0.48 * this.canvas.width;
  }

  toScreen(x, y) {
    const scale = this.radius * this.zoom;
    return [this.canvas.width / 2 + scale * (x - this.x), this.canvas.height / 2 - scale * (y - this.y)];
  }

  /** Zoom by a factor around a place on the canvas, which stays where it is. */
  zoomAt(factor, column, row) {
    const next = Math.min(Math.max(this.zoom * factor, 1), CLOSEST);
    const shift = (1 / this.zoom - 1 / next) / this.radius;
    this.x += (column - this.canvas.width / 2) * shift;
    this.y -= (row - this.canvas.height / 2) * shift;
    this.zoom = next;
    this.keepInside();
  }

  moveBy(columns, rows) {
    this.x -= columns / (this.radius * this.zoom);
    this.y += rows / (this.radius * this.zoom);
    this.keepInside();
  }

  keepInside() {
    const far = Math.hypot(this.x, this.y);
    if (this.zoom === 1) this.reset();
    else if (far > 1) Object.assign(this, { x: this.x / far, y: this.y / far });
    this.draw();
  }

  // --- drawing -------------------------------------------------------------------------------------------------------

  /** Draw with the next frame, however often this is called before. */
  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.fit();
      this.paint(this.canvas.getContext("2d"));
    });
  }

  fit() {
    const side = Math.max(Math.round(this.canvas.clientWidth * devicePixelRatio), 100);
    if (this.canvas.width !== side) Object.assign(this.canvas, { width: side, height: side });
  }

  paint(context) {
    const { width, height } = this.canvas;
    context.clearRect(0, 0, width, height);
    this.paintRim(context);
    for (let edge = 0; edge < this.edges.length; edge += 2) this.paintEdge(context, edge, false);
    for (let edge = 0; edge < this.edges.length && this.hovered >= 0; edge += 2) {
      if (this.edges[edge] === this.hovered || this.edges[edge + 1] === this.hovered) this.paintEdge(context, edge, true);
    }
    const places = this.paintPoints(context);
    this.paintLabels(context, places);
  }

  paintRim(context) {
    context.beginPath();
    context.arc(...this.toScreen(0, 0), this.radius * this.zoom, 0, 2 * Math.PI);
    context.fillStyle = styleColour("surface");
    context.fill();
    context.lineWidth = devicePixelRatio;
    context.strokeStyle = styleColour("line");
    context.stroke();
  }

  paintEdge(context, edge, strong) {
    const [from, to] = [2 * this.edges[edge], 2 * this.edges[edge + 1]];
    const start = this.toScreen(this.points[from], this.points[from + 1]);
    const end = this.toScreen(this.points[to], this.points[to + 1]);
    const { width, height } = this.canvas;
    if (Math.max(start[0], end[0]) < -width || Math.min(start[0], end[0]) > 2 * width) return;
    if (Math.max(start[1], end[1]) < -height || Math.min(start[1], end[1]) > 2 * height) return;
    const [red, green, blue] = this.colours[this.edges[edge]];
    context.strokeStyle = `rgb(${red} ${green} ${blue} / ${strong ? 100 : 45}%)`;
    context.lineWidth = (strong ? 2.2 : 1) * devicePixelRatio;
    context.beginPath();
    context.moveTo(...start);
    const arc = arcBetween(this.points[from], this.points[from + 1], this.points[to], this.points[to + 1]);
    const radius = arc && arc.radius * this.radius * this.zoom;
    // An arc of a huge circle is a line, and canvases draw it badly.
    if (arc && radius < 1e5) {
      const [column, row] = this.toScreen(arc.x, arc.y);
      context.arc(column, row, radius, -arc.first, -arc.last, arc.turn > 0);
    } else {
      context.lineTo(...end);
    }
    context.stroke();
  }

  /** The points' places on the canvas, those outside as null. */
  paintPoints(context) {
    const { width, height } = this.canvas;
    const size = (2 + Math.min(Math.log2(this.zoom), 4) * 0.5) * devicePixelRatio;
    const places = [];
    for (let point = 0; point < this.points.length / 2; point += 1) {
      const [column, row] = this.toScreen(this.points[2 * point], this.points[2 * point + 1]);
      const seen = column > -size && column < width + size && row > -size && row < height + size;
      places.push(seen ? [column, row] : null);
      if (!seen) continue;
      context.fillStyle = `rgb(${this.colours[point].join(" ")})`;
      context.beginPath();
      context.arc(column, row, point === this.hovered ? 2 * size : size, 0, 2 * Math.PI);
      context.fill();
    }
    return places;
  }

  /** The names nearest the origin of the disk first, as many as fit; zooming in shows more. */
  paintLabels(context, places) {
    if (this.labels.length === 0) return;
    const size = 12 * devicePixelRatio;
    context.font = `${size}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 3 * devicePixelRatio;
    context.strokeStyle = styleColour("surface");
    context.fillStyle = styleColour("text");
    const depth = (point) => Math.hypot(this.points[2 * point], this.points[2 * point + 1]);
    const widthOf = (text) => context.measureText(text).width;
    for (const { text, column, row } of placeLabels(this.labels, places, depth, widthOf, size, this.canvas.width)) {
      context.strokeText(text, column, row);
      context.fillText(text, column, row);
    }
  }

  // --- what the reader does ------------------------------------------------------------------------------------------

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.grab(event));
    canvas.addEventListener("pointermove", (event) => this.point(event));
    canvas.addEventListener("pointerleave", () => this.hover(-1));
    canvas.addEventListener("dblclick", (event) => this.zoomAt(2.5, ...placeOf(event)));
    canvas.addEventListener("wheel", (event) => {
      // Unfocused, the wheel scrolls the page as ever.
      if (document.activeElement !== canvas && !event.ctrlKey) return;
      event.preventDefault();
      this.zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), ...placeOf(event));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
    onThemeChange(() => this.draw());
  }

  grab(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.held = placeOf(event);
  }

  point(event) {
    const [column, row] = placeOf(event);
    if (event.buttons === 0) this.held = undefined;
    if (this.held) {
      this.moveBy(column - this.held[0], row - this.held[1]);
      this.held = [column, row];
    }
    this.hover(this.held ? -1 : this.nearest(column, row));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const known = KEYS[event.key];
    if (!known && event.key !== "0") return;
    event.preventDefault();
    if (known) {
      const [factor, columns, rows] = known;
      this.zoomAt(factor, this.canvas.width / 2, this.canvas.height / 2);
      this.moveBy(columns * devicePixelRatio, rows * devicePixelRatio);
    } else {
      this.reset();
      this.draw();
    }
  }

  nearest(column, row) {
    let best = -1;
    let least = (REACH * devicePixelRatio) ** 2;
    for (let point = 0; point < this.points.length / 2; point += 1) {
      const [x, y] = this.toScreen(this.points[2 * point], this.points[2 * point + 1]);
      const distance = (x - column) ** 2 + (y - row) ** 2;
      if (distance < least) [best, least] = [point, distance];
    }
    return best;
  }

  hover(point) {
    if (point === this.hovered) return;
    this.hovered = point;
    this.tip.hidden = point < 0;
    if (point >= 0) {
      const [column, row] = this.toScreen(this.points[2 * point], this.points[2 * point + 1]);
      this.tip.textContent = this.labels[point] ?? `point ${point}`;
      this.tip.style.left = `${Math.min(column / devicePixelRatio, this.canvas.clientWidth - 120)}px`;
      this.tip.style.top = `${row / devicePixelRatio}px`;
    }
    this.draw();
  }

  buttons() {
    const middle = (factor) => () => this.zoomAt(factor, this.canvas.width / 2, this.canvas.height / 2);
    const whole = () => {
      this.reset();
      this.draw();
    };
    const button = (text, label, onclick) =>
      h("button", { type: "button", class: "button", "aria-label": label, onclick }, text);
    const png = () => savePng(fileName(this.tag, "png"), [this.canvas], styleColour("surface"));
    const rows = () => Array.from({ length: this.points.length / 2 }, (_, point) =>
      [this.labels[point] ?? point, this.points[2 * point], this.points[2 * point + 1], this.groups[point] ?? ""]);
    const table = () => saveFile(fileName(this.tag, "csv"), csv([["name", "x", "y", "group"], ...rows()]), "text/csv");
    return h("div", { class: "disk-buttons" }, button("+", "Zoom in", middle(2)), button("−", "Zoom out", middle(0.5)),
      button("Whole", "Show the whole disk", whole),
      menu(`${this.tag}: save`, icon("more"), [
        h("button", { type: "button", class: "button", onclick: png }, "Save as PNG"),
        h("button", { type: "button", class: "button", onclick: table }, "Save points as CSV"),
      ]));
  }
}

/** Where a pointer is, in pixels of the canvas. */
function placeOf(event) {
  return [event.offsetX * devicePixelRatio, event.offsetY * devicePixelRatio];
}
