/** Views whose pixels the worker paints: an image, and a decision boundary with the data over it. */

import { h, icon, menu } from "../../ui/dom.js";
import { CLASS_COLOURS, styleColour } from "../../ui/palette.js";
import { csv, fileName, saveFile, savePng } from "../../ui/save.js";

export class ImageView {
  /** @param {string} tag @param {Map<string, HTMLCanvasElement>} canvases those that the worker paints on, by tag */
  constructor(tag, canvases) {
    this.tag = tag;
    this.stack = h("div", { class: "picture-stack" });
    this.caption = h("figcaption", {});
    this.element = h("figure", { class: "picture view" },
      h("header", { class: "view-head" }, h("h2", {}, tag), this.menu()), this.stack, this.caption);
    if (canvases.has(tag)) this.adopt(canvases.get(tag));
  }

  /** Take the canvas that the worker paints on, in place of an earlier one. */
  adopt(canvas) {
    this.canvas?.remove();
    this.canvas = canvas;
    this.stack.prepend(canvas);
  }

  show({ step, width, height }) {
    this.setShape(step, width, height);
  }

  setShape(step, width, height) {
    this.stack.style.aspectRatio = `${width} / ${height}`;
    this.stack.dataset.pixels = width < 200 ? "few" : "many";
    this.caption.textContent = `Step ${step}`;
    this.canvas?.setAttribute("aria-label", `${this.tag} at step ${step}`);
  }

  layers() {
    return [this.canvas];
  }

  menu() {
    const png = () => this.canvas && savePng(fileName(this.tag, "png"), this.layers(), styleColour("surface"));
    return menu(`${this.tag}: save`, icon("more"), [
      h("button", { type: "button", class: "button", onclick: png }, "Save as PNG"), ...this.moreItems(),
    ]);
  }

  moreItems() {
    return [];
  }
}

/** Pixels of the overlay along its longer side: sharp points on a coarse boundary. */
const OVERLAY = 800;

export class BoundaryView extends ImageView {
  constructor(tag, canvases) {
    super(tag, canvases);
    this.overlay = h("canvas", { class: "overlay", width: OVERLAY, height: OVERLAY, "aria-hidden": "true" });
    this.stack.append(this.overlay);
    this.stack.classList.add("smooth");
    this.points = new Float32Array();
    this.labels = new Uint8Array();
  }

  show(event) {
    this.setShape(event.step, event.resolution, event.resolution);
    if (event.points.length > 0) {
      Object.assign(this, { points: event.points, labels: event.labels, extent: event.extent });
      this.drawPoints();
    }
    const classes = Math.max(event.columns, 2);
    this.caption.textContent = `Step ${event.step}. Ground: what the model says; `
      + `points: the data's ${classes} classes.`;
    this.canvas?.setAttribute("aria-label",
      `${this.tag} at step ${event.step}: ${this.labels.length} points of ${classes} classes over the model's answer`);
  }

  layers() {
    return [this.canvas, this.overlay];
  }

  drawPoints() {
    const context = this.overlay.getContext("2d");
    context.clearRect(0, 0, OVERLAY, OVERLAY);
    const [left, right, bottom, top] = this.extent;
    const radius = this.labels.length > 1500 ? 3.5 : 6;
    context.lineWidth = 1.5;
    context.strokeStyle = "rgb(20 20 24 / 75%)";
    for (let index = 0; index < this.labels.length; index += 1) {
      const x = ((this.points[2 * index] - left) / (right - left)) * OVERLAY;
      const y = ((top - this.points[2 * index + 1]) / (top - bottom)) * OVERLAY;
      const [red, green, blue] = CLASS_COLOURS[this.labels[index] % CLASS_COLOURS.length];
      context.fillStyle = `rgb(${red} ${green} ${blue})`;
      context.beginPath();
      drawMark(context, this.labels[index], x, y, radius);
      context.fill();
      context.stroke();
    }
  }

  moreItems() {
    const rows = () => Array.from(this.labels, (label, index) =>
      [this.points[2 * index], this.points[2 * index + 1], label]);
    const save = () => saveFile(fileName(this.tag, "csv"), csv([["x", "y", "class"], ...rows()]), "text/csv");
    return [h("button", { type: "button", class: "button", onclick: save }, "Save points as CSV")];
  }
}

/** Classes differ in shape, too: disc, square, triangle, diamond. */
function drawMark(context, label, x, y, radius) {
  const shape = label % 4;
  if (shape === 0) {
    context.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  const corners = { 1: [4, Math.PI / 4], 2: [3, -Math.PI / 2], 3: [4, 0] }[shape];
  const [count, turn] = corners;
  for (let corner = 0; corner < count; corner += 1) {
    const angle = turn + (corner * 2 * Math.PI) / count;
    context.lineTo(x + 1.25 * radius * Math.cos(angle), y + 1.25 * radius * Math.sin(angle));
  }
  context.closePath();
}
