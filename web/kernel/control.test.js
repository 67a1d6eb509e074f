import assert from "node:assert/strict";
import { test } from "node:test";
import { Control } from "./control.js";

const running = () => {
  const phases = [];
  const control = new Control((phase) => phases.push(phase));
  control.begin();
  return { control, phases };
};

test("nothing new passes at once", async () => {
  assert.equal(await running().control.breathe(), "on");
});

test("pause waits for resume", async () => {
  const { control, phases } = running();
  control.apply("pause");
  const waiting = control.breathe();
  setTimeout(() => control.apply("resume"), 5);
  assert.equal(await waiting, "go");
  assert.deepEqual(phases, ["paused", "running"]);
});

test("step gives one verdict and holds again", async () => {
  const { control } = running();
  const held = control.hold();
  control.apply("step");
  assert.equal(await held, "step");
  assert.equal(await control.breathe(), "on");
});

test("step pressed during a step counts for the next hold", async () => {
  const { control } = running();
  control.apply("step");
  assert.equal(await control.hold(), "step");
});

test("step pressed three times is three steps", async () => {
  const { control } = running();
  for (let press = 0; press < 3; press += 1) control.apply("step");
  for (let step = 0; step < 3; step += 1) assert.equal(await control.hold(), "step");
  assert.equal(await control.breathe(), "on");
});

test("stop ends a pause and a sleep, and stays", async () => {
  const { control, phases } = running();
  const asleep = control.sleep(60_000);
  control.apply("stop");
  assert.equal(await asleep, "stop");
  assert.equal(await control.breathe(), "stop");
  assert.deepEqual(phases, ["stopping"]);
});

test("verbs at rest do nothing", async () => {
  const { control, phases } = running();
  control.end();
  control.apply("pause");
  control.apply("stop");
  assert.deepEqual(phases, []);
});

test.after(() => setImmediate(() => process.exit()));
