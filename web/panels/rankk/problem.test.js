import assert from "node:assert/strict";
import { test } from "node:test";
import { readProblem, writeProblem } from "./problem.js";

test("a problem survives the way through the address, and nonsense is none", () => {
  const problem = { kind: "midk", rows: 8, cols: 65_536, k: 1024, distribution: "few" };
  assert.deepEqual(readProblem(writeProblem(problem)), problem);
  for (const text of ["", "topk-8x8-normal", "sumk-8x8x1-normal", "topk-8x8x1-<b>"]) {
    assert.equal(readProblem(text), null);
  }
});
