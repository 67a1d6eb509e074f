/**
 * Runs what the address asks for and posts the result as JSON to `results` beside this page.
 *
 *   contenders=spiraltorch,jax,tfjs,borch   who takes part (default spiraltorch,jax,tfjs)
 *   batch=64                                batch size
 *   rounds=5  seconds=1                     rounds in which all take turns, and how long each turn is
 *   patience=60                             seconds after which a library that does not answer takes no part
 *   topk=256x4095x128                       instead: the 128 largest entries of each of 256 rows of 4095
 *   fft=64x4096                             instead: the transforms of 64 complex rows of 4096
 *   memory=2000  warmup=200                 instead: that many steps of ours, with memory before and after
 *   device=auto|webgpu                      as in `st.set_device`; software adapters need "webgpu"
 */

import { Contender } from "./calls.js";
import { memoryNow } from "./memory.js";
import { makeMatrix, makeProblem } from "./problem.js";

const PARITY_STEPS = 3;
const MOST_STEPS = 4000;
const asked = new URLSearchParams(location.search);
const wanted = (name, otherwise) => asked.get(name) ?? otherwise;
const PATIENCE = Number(wanted("patience", 60));

/** The training step: `check` is the loss after a few steps. */
async function compareSteps() {
  const problem = makeProblem(Number(wanted("batch", 64)));
  const found = await compare("prepare", "run", problem, (contender) => contender.call("run", PARITY_STEPS));
  for (const part of Object.values(found.results)) part.lossAfterThreeSteps = part.check;
  return { batch: problem.batch, ...found };
}

/** Selection: `check` is the sum of the indices that were found. */
async function compareTopk(shape) {
  const [rows, cols, k] = shape.split("x").map(Number);
  const problem = { rows, cols, k, values: makeMatrix(rows, cols) };
  const found = await compare("prepareTopk", "runTopk", problem, (contender) => contender.call("checkTopk"));
  return { rows, cols, k, ...found };
}

/** Transforms: `check` is the sum of the absolute values of all parts. */
async function compareFft(shape) {
  const [rows, cols] = shape.split("x").map(Number);
  const problem = { rows, cols, real: makeMatrix(rows, cols), imag: makeMatrix(rows, cols, 3) };
  const found = await compare("prepareFft", "runFft", problem, (contender) => contender.call("checkFft"));
  return { rows, cols, ...found };
}

async function compare(prepare, run, problem, check) {
  const taking = [];
  const absent = {};
  for (const name of wanted("contenders", "spiraltorch,jax,tfjs").split(",")) {
    const contender = new Contender(name, PATIENCE);
    try {
      const { value, seconds } = await contender.call(prepare, problem, wanted("device", "webgpu"));
      const { value: found } = await check(contender);
      log(`${name}: ready in ${seconds.toFixed(2)} s, check ${found}`);
      taking.push({ contender, facts: { ...value, check: found }, samples: [] });
    } catch (error) {
      absent[name] = error.message;
      log(`${name}: takes no part: ${error.message}`);
      contender.close();
    }
  }
  for (const part of taking) part.steps = await stepsWithin(part.contender, run, Number(wanted("seconds", 1)));
  for (let round = 0; round < Number(wanted("rounds", 5)); round += 1) {
    for (const part of taking) part.samples.push(await secondsPerStep(part.contender, run, part.steps));
  }
  const results = {};
  for (const { contender, facts, steps, samples } of taking) {
    const details = contender.name === "spiraltorch" ? (await contender.call("details", run)).value : {};
    results[contender.name] = { ...facts, ...details, steps, samples };
    log(`${contender.name}: ${samples.map((each) => (each * 1000).toFixed(3)).join(", ")} ms a step`);
    contender.close();
  }
  return { results, absent };
}

async function secondsPerStep(contender, run, steps) {
  return (await contender.call(run, steps)).seconds / steps;
}

/** How many steps fill a turn. */
async function stepsWithin(contender, run, seconds) {
  let steps = 2;
  let each = await secondsPerStep(contender, run, steps);
  while (each * steps < seconds / 4 && steps < MOST_STEPS) {
    steps *= 2;
    each = await secondsPerStep(contender, run, steps);
  }
  return Math.max(1, Math.min(MOST_STEPS, Math.round(seconds / each)));
}

/** Memory of the page and of ours, once caches are full and at the end of a long run. */
async function grow(steps) {
  const problem = makeProblem(Number(wanted("batch", 8)));
  const ours = new Contender("spiraltorch", steps);
  const { value: facts } = await ours.call("prepare", problem, wanted("device", "webgpu"));
  await ours.call("watchMemory");
  const readings = [];
  for (const part of [Number(wanted("warmup", 200)), steps]) {
    await ours.call("run", part);
    const { value: inside } = await ours.call("memory");
    readings.push({ ...inside, ...await memoryNow() });
    log(JSON.stringify(readings.at(-1)));
  }
  ours.close();
  return { batch: problem.batch, facts, steps, readings };
}

function log(line) {
  document.querySelector("#log").textContent += `${line}\n`;
  console.info(line); // the harness shows it when no result arrives
}

async function main() {
  const work = asked.has("memory") ? grow(Number(asked.get("memory")))
    : asked.has("topk") ? compareTopk(asked.get("topk"))
      : asked.has("fft") ? compareFft(asked.get("fft")) : compareSteps();
  const outcome = await work.catch((error) => ({ error: String(error.stack) }));
  const told = { ...outcome, browser: navigator.userAgent };
  log(JSON.stringify(told, null, 1));
  const headers = { "Content-Type": "application/json" };
  await fetch("results", { method: "POST", headers, body: JSON.stringify(told) });
}

await main();
