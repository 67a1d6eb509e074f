/** A row of the matrix, drawn on a canvas: all of its entries, with the selected ones on top. */

import { styleColour } from "../../ui/palette.js";
import { measure } from "../../ui/format.js";

const LEFT = 64;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{cols: number, piece: number, low: number[], high: number[], places: number[], values: number[]}} row
 *   `low` and `high` bound the entries of each piece of `piece` columns; places below zero were not filled
 */
export function drawRow(canvas, row) {
  const context = canvas.getContext("2d");
  const scale = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  context.scale(scale, scale);
  const [least, most] = rangeOf(row);
  const across = (column) => LEFT + ((column + 0.5) / row.cols) * (width - LEFT - RIGHT);
  const up = (value) => {
    const inside = Math.min(Math.max(value, least), most);
    return TOP + ((most - inside) / (most - least)) * (height - TOP - BOTTOM);
  };
  drawAxes(context, { width, height, least, most, cols: row.cols, up });
  drawEntries(context, row, across, up);
  drawSelected(context, row, across, up);
}

/** Finite bounds of what is drawn, never equal. */
function rangeOf({ low, high }) {
  let least = Infinity;
  let most = -Infinity;
  for (const value of [...low, ...high]) {
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (least > most) return [-1, 1];
  const air = least === most ? Math.max(Math.abs(least), 1) / 2 : (most - least) * 0.04;
  return [least - air, most + air];
}

function drawAxes(context, { width, height, least, most, cols, up }) {
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = styleColour("muted");
  context.strokeStyle = styleColour("line");
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of roundValues(least, most)) {
    const y = Math.round(up(value)) + 0.5;
    context.beginPath();
    context.moveTo(LEFT, y);
    context.lineTo(width - RIGHT, y);
    context.stroke();
    context.fillText(measure(value), LEFT - 8, y);
  }
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillText("column 0", LEFT, height - 8);
  context.textAlign = "right";
  context.fillText(String(cols - 1), width - RIGHT, height - 8);
}

/** Some four values between two bounds at steps of 1, 2 or 5 times a power of ten. */
function roundValues(least, most) {
  const rough = (most - least) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const first = Math.ceil(least / step);
  const last = Math.floor(most / step);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(6)));
}

function drawEntries(context, { cols, piece, low, high }, across, up) {
  context.fillStyle = styleColour("muted");
  context.globalAlpha = 0.55;
  const wide = Math.max((across(1) - across(0)) * piece * 0.8, 1);
  low.forEach((bottom, index) => {
    const top = high[index];
    if (!(bottom <= top)) return; // no number in this piece
    const middle = Math.min(index * piece + (piece - 1) / 2, cols - 1);
    const size = Math.max(up(bottom) - up(top), 2);
    context.fillRect(across(middle) - wide / 2, up(top) - (size === 2 ? 1 : 0), Math.min(wide, 3), size);
  });
  context.globalAlpha = 1;
}

function drawSelected(context, { places, values }, across, up) {
  const radius = places.length > 600 ? 2.2 : 4;
  context.fillStyle = styleColour("accent");
  context.strokeStyle = styleColour("surface");
  context.lineWidth = 1;
  places.forEach((column, index) => {
    if (column < 0) return;
    context.beginPath();
    context.arc(across(column), up(values[index]), radius, 0, 2 * Math.PI);
    context.fill();
    if (radius > 3) context.stroke();
  });
}
