import assert from "node:assert/strict";
import { test } from "node:test";

import { arcBetween } from "./geodesic.js";
import { placeLabels } from "./labels.js";

test("a geodesic passes through its ends and meets the rim at right angles", () => {
  const arc = arcBetween(0.5, 0.1, -0.2, 0.7);
  for (const [x, y] of [[0.5, 0.1], [-0.2, 0.7]]) {
    assert.ok(Math.abs(Math.hypot(x - arc.x, y - arc.y) - arc.radius) < 1e-12);
  }
  // Two circles meet at right angles when the squares of their radii add up to that of the distance of their middles.
  assert.ok(Math.abs(arc.x ** 2 + arc.y ** 2 - 1 - arc.radius ** 2) < 1e-9);
  assert.ok(Math.abs(arc.turn) < Math.PI);
});

test("a geodesic through the origin is a line", () => {
  assert.equal(arcBetween(0.2, 0.3, -0.4, -0.6), null);
  assert.equal(arcBetween(0, 0, 0.3, 0.1), null);
});

test("names never overlap, the most general come first, and points outside have none", () => {
  const places = [[50, 50], [52, 51], [50, 80], null];
  const found = placeLabels(["dog", "animal", "cat", "bat"], places, (point) => [2, 1, 3, 0][point], () => 30, 12, 100);
  assert.deepEqual(found.map(({ text }) => text), ["animal", "cat"]);
});

test("a name at the right edge stands left of its point", () => {
  const [{ column }] = placeLabels(["dog"], [[95, 10]], () => 0, () => 30, 12, 100);
  assert.equal(column, 60);
});
