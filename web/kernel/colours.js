/** From numbers to RGBA bytes: rasters, and a model's answers on a grid. */

import { CLASS_COLOURS, rampColour } from "../ui/palette.js";

/** Share of white in the ground of a boundary, so that points in the classes' colours stand out. */
const WASH = 0.45;

/** The pixels of an image event. @returns {Uint8ClampedArray} */
export function colourRaster({ values, width, height, channels, colours }) {
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let index = 0; index < width * height; index += 1) {
    pixels.set(colourOf(values, index * channels, channels, colours), 4 * index);
  }
  return pixels;
}

function colourOf(values, start, channels, colours) {
  if (channels >= 3) {
    const [red, green, blue, alpha = 1] = values.subarray(start, start + channels);
    return [255 * red, 255 * green, 255 * blue, 255 * alpha];
  }
  if (colours === "ramp") return [...rampColour(values[start]), 255];
  const gray = 255 * values[start];
  return [gray, gray, gray, 255];
}

/** The pixels of a boundary event: the classes' colours in proportion to their probabilities. */
export function colourBoundary({ answers, resolution, columns, form }) {
  const cells = resolution * resolution;
  const classes = Math.max(columns, 2);
  const shares = new Float32Array(classes);
  const pixels = new Uint8ClampedArray(4 * cells);
  for (let cell = 0; cell < cells; cell += 1) {
    classShares(answers.subarray(cell * columns, (cell + 1) * columns), form, shares);
    mixColours(shares, pixels, 4 * cell);
  }
  return pixels;
}

/** Probabilities of the classes from one row of answers; softmax, or sigmoid for one column. */
export function classShares(row, form, shares) {
  if (row.length === 1) {
    shares[1] = form === "probabilities" ? row[0] : 1 / (1 + Math.exp(-row[0]));
    shares[0] = 1 - shares[1];
    return;
  }
  if (form === "probabilities") {
    shares.set(row);
    return;
  }
  const highest = Math.max(...row);
  let total = 0;
  for (let index = 0; index < row.length; index += 1) {
    shares[index] = Math.exp(row[index] - highest);
    total += shares[index];
  }
  for (let index = 0; index < row.length; index += 1) shares[index] /= total;
}

function mixColours(shares, pixels, at) {
  for (let channel = 0; channel < 3; channel += 1) {
    let value = 0;
    for (let index = 0; index < shares.length; index += 1) {
      value += shares[index] * CLASS_COLOURS[index % CLASS_COLOURS.length][channel];
    }
    pixels[at + channel] = value + WASH * (255 - value);
  }
  pixels[at + 3] = 255;
}
