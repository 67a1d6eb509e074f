import assert from "node:assert/strict";
import { test } from "node:test";

import { Hearing } from "./hearing.js";

test("what was heard is taken once, in order", () => {
  const hearing = new Hearing();
  assert.equal(hearing.take(), undefined);
  hearing.hear({ samples: Float32Array.of(1, 2), problem: "" });
  hearing.hear({ samples: Float32Array.of(3), problem: "" });
  assert.deepEqual([...hearing.take()], [1, 2, 3]);
  assert.equal(hearing.take(), undefined);
});

test("a busy script loses the oldest samples, not the newest", () => {
  const hearing = new Hearing();
  for (let piece = 0; piece < 3; piece += 1) {
    hearing.hear({ samples: new Float32Array(1 << 19).fill(piece), problem: "" });
  }
  const taken = hearing.take();
  assert.equal(taken.length, 1 << 20);
  assert.deepEqual([taken[0], taken.at(-1)], [1, 2]);
});

test("a refusal reaches the script until it listens anew", () => {
  const hearing = new Hearing();
  hearing.hear({ samples: null, problem: "this machine has none" });
  assert.throws(() => hearing.take(), /this machine has none/);
  hearing.clear();
  assert.equal(hearing.take(), undefined);
});
