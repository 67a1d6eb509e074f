import assert from "node:assert/strict";
import { test } from "node:test";
import { describeStatus } from "./panel.js";

const rest = {
  adapter: null, phase: "ready", loading: { stage: "", loaded: 0, total: 0 }, queued: false, progress: null,
  parameters: null, lastRun: null, failure: null, deviceLost: null, status: "",
};
const label = (state) => describeStatus({ ...rest, ...state }).label;

test("loading says how much of how much", () => {
  const loading = { stage: "runtime", loaded: 3.1e6, total: 12.4e6 };
  assert.equal(label({ phase: "loading", loading }), "Loading Python – 3.1 MB of 12.4 MB");
  assert.equal(label({ phase: "loading", loading, queued: true }),
    "Loading Python – 3.1 MB of 12.4 MB. Your script is queued");
  assert.equal(describeStatus({ ...rest, phase: "loading", loading }).fraction, 0.25);
});

test("a run shows its progress and its speed", () => {
  const progress = { label: "epoch", done: 41, total: 200, rate: 1930.2 };
  const shown = describeStatus({ ...rest, phase: "running", progress });
  assert.deepEqual([shown.label, shown.fraction, shown.speed], ["epoch 41/200", 0.205, "1,930 steps/s"]);
  assert.equal(label({ phase: "paused", progress }), "Paused: epoch 41/200");
});

test("a loop without an end shows no bar", () => {
  const progress = { label: "step", done: 7, total: null, rate: 0 };
  assert.equal(describeStatus({ ...rest, phase: "running", progress }).fraction, null);
});

test("a failed start and a lost device offer a restart", () => {
  assert.ok(describeStatus({ ...rest, failure: { message: "No.", help: "Reload." } }).offerRestart);
  assert.ok(describeStatus({ ...rest, deviceLost: "It was removed." }).offerRestart);
});

test("results say how they ended", () => {
  assert.equal(label({ lastRun: { outcome: "finished", seconds: 75.2 } }), "Finished in 1 min 15 s");
  assert.equal(describeStatus({ ...rest, lastRun: { outcome: "failed" }, status: "E: x" }).tone, "bad");
});
