import assert from "node:assert/strict";
import { test } from "node:test";

import { Frames } from "./frames.js";

test("a picture is due once per frame", () => {
  const waiting = [];
  const frames = new Frames((callback) => waiting.push(callback));
  assert.equal(frames.due("a"), true);
  frames.note("a");
  assert.equal(frames.due("a"), false);
  assert.equal(frames.due("b"), true);
  frames.note("b");
  assert.equal(waiting.length, 1);
  waiting.pop()();
  assert.equal(frames.due("a"), true);
  assert.equal(frames.due("b"), true);
  frames.note("a");
  assert.equal(waiting.length, 1);
});
