/**
 * The fractal canvas beside a training: runs `canvas.py` in the page's own worker with it, without it, and without it
 * beside a plain square that changes its colour with every frame (what the display alone takes), in turns, and posts
 * every run's figures to `results`.
 *
 *   sizes=784,512,256,10  batch=64            the network; the second layer's gradient is painted when a frame is due
 *   rounds=3  seconds=4  warmup=2             how often each takes its turn, and for how long
 *   device=auto|webgpu                        as in `st.set_device`; software adapters need "webgpu"
 */

import { Kernel } from "../kernel/client.js";

const asked = new URLSearchParams(location.search);
const wanted = (name, otherwise) => Number(asked.get(name) ?? otherwise);
const settings = {
  sizes: (asked.get("sizes") ?? "784,512,256,10").split(",").map(Number),
  batch: wanted("batch", 64), seconds: wanted("seconds", 4), warmup: wanted("warmup", 2),
};

async function main() {
  const source = await (await fetch("canvas.py")).text();
  const base = new URL("..", location);
  const site = await (await fetch(new URL("site.json", base))).json();
  const kernel = new Kernel({ base: base.href, site, device: asked.get("device") ?? "webgpu" });
  kernel.on("canvas-wanted", ({ name, width, height }) => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    document.querySelector("#canvases").append(canvas);
    kernel.offerCanvas(name, canvas);
  });
  const runs = [];
  for (let round = 0; round < wanted("rounds", 3); round += 1) {
    for (const beside of ["nothing", "square", "canvas"]) {
      const painted = beside === "canvas";
      const stop = beside === "square" ? flicker() : () => 0;
      runs.push({ beside, ...await run(kernel, source, { ...settings, painted }), frames: stop() });
    }
  }
  return { ...settings, runs };
}

/** Show a square of the canvas's size in a new colour with every frame. @returns {() => number} ends it: frames a second */
function flicker() {
  const square = document.createElement("div");
  square.style.cssText = "width: 512px; height: 512px";
  document.querySelector("#canvases").append(square);
  const since = performance.now();
  let on = true;
  let frames = 0;
  const next = (time) => {
    square.style.background = `hsl(${Math.round(time) % 360} 80% 50%)`;
    frames += 1;
    if (on) requestAnimationFrame(next);
    else square.remove();
  };
  requestAnimationFrame(next);
  return () => {
    on = false;
    return (1000 * frames) / (performance.now() - since);
  };
}

/** Run the script once; the object that it prints last. */
function run(kernel, source, given) {
  return new Promise((resolve, reject) => {
    let printed = "";
    let over = false;
    kernel.on("output", ({ chunks }) => {
      printed += over ? "" : chunks.map(({ text }) => text).join("");
    });
    kernel.on("boot-failed", ({ message }) => reject(new Error(message)));
    kernel.on("run-ended", ({ outcome, error }) => {
      if (over) return;
      over = true;
      log(printed);
      if (outcome === "finished") resolve(JSON.parse(printed.trim().split("\n").at(-1)));
      else reject(new Error(error?.traceback ?? outcome));
    });
    const literal = JSON.stringify(JSON.stringify(given));
    kernel.run(`import json\nSETTINGS = json.loads(${literal})\n${source}`, "canvas.py");
  });
}

function log(line) {
  document.querySelector("#log").textContent += `${line}\n`;
  console.info(line); // the harness shows it when no result arrives
}

const outcome = await main().catch((error) => ({ error: String(error.stack) }));
const headers = { "Content-Type": "application/json" };
const body = JSON.stringify({ ...outcome, browser: navigator.userAgent });
await fetch("results", { method: "POST", headers, body });
