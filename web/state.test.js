import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeCode, encodeCode } from "./share.js";
import { hashFromSettings, settingsFromHash } from "./state.js";
import { Store } from "./store.js";
import { csv, fileName } from "./ui/save.js";
import { duration, launchTime, measure, shortCount } from "./ui/format.js";

test("settings survive the way through the address", () => {
  const settings = { view: "rankk", example: "digits", problem: "midk-8x65536x1024-few", device: "cpu", theme: "dark",
    hidden: "run" };
  assert.deepEqual(settingsFromHash(hashFromSettings(settings)), settings);
});

test("defaults stay out of the address; nonsense falls back to them", () => {
  assert.equal(hashFromSettings(settingsFromHash("")), "");
  assert.deepEqual(settingsFromHash("#device=toaster&example=<b>&theme=DARK"), settingsFromHash(""));
});

test("code survives the way through a link", async () => {
  const code = "print('Größe 🌀')\n".repeat(50);
  const link = await encodeCode(code);
  assert.match(link, /^[A-Za-z0-9_-]+$/);
  assert.equal(await decodeCode(link), code);
});

test("links that are damaged, too long or unfold too far are refused", async () => {
  await assert.rejects(decodeCode("%%%"), /can't be read/);
  await assert.rejects(decodeCode("AAAA"), /can't be unpacked/);
  await assert.rejects(decodeCode("a".repeat(100_001)), /longer than 100,000/);
  await assert.rejects(decodeCode(await encodeCode("x".repeat(500_000))), /more than 400,000/);
});

test("watchers hear changes, not repetitions, until they leave", () => {
  const store = new Store({ a: 1 });
  const heard = [];
  const leave = store.watch("a", (value, previous) => heard.push([value, previous]));
  store.set("a", 2);
  store.set("a", 2);
  leave();
  store.set("a", 3);
  assert.deepEqual(heard, [[2, 1]]);
  assert.throws(() => store.get("b"), /has no "b"/);
});

test("numbers read well", () => {
  assert.deepEqual([0, 0.000123, 0.12345, 1e6, NaN, -Infinity].map(measure),
    ["0", "1.23e-4", "0.1235", "1.00e+6", "NaN", "−∞"]);
  assert.deepEqual([7850, 43_210, 2.5e6].map(shortCount), ["7,850", "43.2 k", "2.50 M"]);
  assert.deepEqual([0.42, 42, 75.2].map(duration), ["0.4 s", "42 s", "1 min 15 s"]);
  assert.deepEqual([3.21e-8, 1.2345e-5, 0.00099961, 0.0123, 2].map(launchTime),
    ["0.03 µs", "12.3 µs", "1.00 ms", "12.3 ms", "2.00 s"]);
});

test("files are named after tags, and CSV quotes what needs it", () => {
  assert.equal(fileName("loss/train", "csv"), "loss-train.csv");
  assert.equal(fileName("../..", "png"), "spiraltorch.png");
  assert.equal(csv([["a,b", 'c"d'], [1, 2]]), '"a,b","c""d"\n1,2\n');
});
