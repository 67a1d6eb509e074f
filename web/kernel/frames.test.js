import assert from "node:assert/strict";
import { test } from "node:test";

import { Frames } from "./frames.js";

function clocked() {
  const clock = { time: 0, waiting: [] };
  clock.frames = new Frames((callback) => clock.waiting.push(callback), () => clock.time);
  clock.show = () => clock.waiting.splice(0).forEach((callback) => callback());
  return clock;
}

test("a picture is due 60 times a second, each name for itself", () => {
  const clock = clocked();
  const { frames } = clock;
  let painted = 0;
  for (clock.time = 0; clock.time < 1000; clock.time += 1) {
    if (!frames.due("a")) continue;
    frames.note("a");
    painted += 1;
    clock.show();
    assert.equal(frames.due("a"), false);
    assert.equal(frames.due(`b${painted}`), true);
  }
  assert.ok(painted >= 59 && painted <= 61, `${painted}`);
});

test("late pictures are made up for, but not all at once", () => {
  const clock = clocked();
  const { frames } = clock;
  frames.note("a");
  clock.show();
  clock.time = 500;
  assert.equal(frames.due("a"), true);
  frames.note("a");
  clock.show();
  clock.time = 504;
  assert.equal(frames.due("a"), false);
  clock.time = 505;
  assert.equal(frames.due("a"), true);
});

test("who asks only every 11 ms still paints 60 pictures a second", () => {
  const clock = clocked();
  const { frames } = clock;
  let painted = 0;
  for (clock.time = 0; clock.time < 1000; clock.time += 11) {
    if (!frames.due("a")) continue;
    frames.note("a");
    clock.show();
    painted += 1;
  }
  assert.ok(painted >= 59 && painted <= 61, `${painted}`);
});

test("nothing is due while two pictures wait for the display", () => {
  const clock = clocked();
  const { frames } = clock;
  frames.note("a");
  clock.time = 100;
  assert.equal(frames.due("a"), true);
  frames.note("a");
  clock.time = 10_000;
  assert.equal(frames.due("a"), false);
  clock.show();
  assert.equal(frames.due("a"), true);
});
