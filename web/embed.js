/** The least that paints a fractal canvas: three waves that drift, pushed and painted once per frame. */

import init, { FractalCanvas } from "./fractal.js";

const SIDE = 48;
const canvas = document.getElementById("zspace");
const fractal = new FractalCanvas(64, { layout: "spiral" });

function wave(time) {
  return Float32Array.from({ length: SIDE * SIDE }, (_, index) => {
    const [x, y] = [(index % SIDE) / SIDE, Math.floor(index / SIDE) / SIDE];
    return Math.sin(9 * x + time) * Math.cos(7 * y - 0.7 * time) + Math.sin(5 * (x - y) + 0.4 * time);
  });
}

try {
  await init();
  do {
    const milliseconds = await new Promise(requestAnimationFrame);
    fractal.push(wave(milliseconds / 1000), { rows: SIDE });
    await fractal.render(canvas);
  } while (!matchMedia("(prefers-reduced-motion: reduce)").matches);
} catch (error) {
  document.getElementById("status").textContent = error.message;
}
