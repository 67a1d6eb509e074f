/**
 * Ours, as the page runs it: Python boots with the page's own modules, and every call that Python makes to JavaScript
 * for the device or the page is counted.
 */

import { boot } from "../../kernel/boot.js";
import { Control } from "../../kernel/control.js";
import { readTable } from "../../kernel/files.js";
import { serve } from "../calls.js";

const COUNTED_STEPS = 100;
const calls = new Map(); // name of the function: how often Python called it
let python = null;
let training = null;
const control = new Control(() => {});
const base = new URL("../../", import.meta.url).href;
const pageModule = counted({
  breathe: () => control.breathe(),
  verdict: () => control.takeVerdict(),
  readTable: (name) => readTable(name, base),
  show: () => {},
});

/** The same object, with its calls counted; calls that it makes to itself are not. */
function counted(target) {
  return new Proxy(target, {
    get(_, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...given) => {
        calls.set(name, (calls.get(name) ?? 0) + 1);
        return value.apply(target, given);
      };
    },
  });
}

/** Python finds the executor through `take`, which then gives out a counted one. */
async function countExecutorCalls(base) {
  await import(new URL("engine/device/web/executor.js", base).href);
  const registry = globalThis.spiraltorchExecutor;
  const take = registry.take.bind(registry);
  registry.take = (wish) => {
    const executor = take(wish);
    return executor && counted(executor);
  };
}

/** Python as the page boots it. */
async function start(device) {
  await countExecutorCalls(base);
  const site = await (await fetch(new URL("site.json", base))).json();
  const booted = await boot({ base, site, device, interrupts: null }, pageModule, () => {}, () => {});
  python = booted.python;
  control.begin();
  const source = await (await fetch(new URL("spiraltorch.py", import.meta.url))).text();
  python.runPython(source);
  const { device: found, versions } = booted;
  return { version: versions.spiraltorch, adapter: found.name, software: found.software };
}

async function prepare(problem, device) {
  const facts = await start(device);
  training = await python.globals.get("Training").callPromising(problem.images, problem.labels, problem.layers);
  return facts;
}

async function prepareTopk({ rows, cols, k, values }, device) {
  const facts = await start(device);
  training = await python.globals.get("Selection").callPromising(values, rows, cols, k);
  return facts;
}

async function prepareFft({ rows, cols, real, imag }, device) {
  const facts = await start(device);
  training = await python.globals.get("Spectrum").callPromising(real, imag, rows, cols);
  return facts;
}

const run = (steps) => training.run.callPromising(steps);
const check = () => training.check.callPromising();

async function details() {
  await run(1);
  calls.clear();
  await training.take.callPromising(COUNTED_STEPS);
  const callsPerStep = Object.fromEntries([...calls].map(([name, count]) => [name, count / COUNTED_STEPS]));
  return { callsPerStep, ...JSON.parse(await training.details.callPromising()) };
}

const watchMemory = () => training.watch_memory();

/** Python's own counts, and the size of the memory that it lives in. */
async function memory() {
  const counts = JSON.parse(await training.memory.callPromising());
  return { ...counts, wasmBytes: python._module.HEAPU8.length };
}

serve({
  prepare, run, prepareTopk, runTopk: run, checkTopk: check, prepareFft, runFft: run, checkFft: check, details,
  watchMemory, memory,
});
