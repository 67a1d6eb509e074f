import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_POINTS, Series } from "./series.js";

const series = (steps, values) => {
  const made = new Series();
  made.append(Float64Array.from(steps), Float64Array.from(values));
  return made;
};

test("few points come back as they are", () => {
  assert.deepEqual(series([0, 1, 2], [5, 6, 7]).decimate(-Infinity, Infinity, 100), [[0, 1, 2], [5, 6, 7]]);
});

test("NaN and infinities become gaps", () => {
  assert.deepEqual(series([0, 1, 2], [NaN, 6, Infinity]).decimate(-Infinity, Infinity, 100)[1], [null, 6, null]);
});

test("a view keeps one point beyond each end", () => {
  const steps = Array.from({ length: 100 }, (_, index) => index);
  assert.deepEqual(series(steps, steps).decimate(40, 43, 100)[0], [39, 40, 41, 42, 43].slice(0, 5));
});

test("thinning for the screen keeps the lowest and the highest of each bucket", () => {
  const steps = Array.from({ length: 10_000 }, (_, index) => index);
  const values = steps.map((step) => (step === 777 ? 50 : step === 8_888 ? -50 : Math.sin(step)));
  const [xs, ys] = series(steps, values).decimate(-Infinity, Infinity, 100);
  assert.ok(xs.length <= 202);
  assert.equal(xs[ys.indexOf(50)], 777);
  assert.equal(xs[ys.indexOf(-50)], 8_888);
  assert.ok(xs.every((x, index) => index === 0 || x > xs[index - 1]));
});

test("a bucket that begins with NaN still shows its extremes", () => {
  const values = Array.from({ length: 1000 }, (_, index) => (index % 10 === 0 ? NaN : index % 10));
  const [, ys] = series(values.map((_, index) => index), values).decimate(-Infinity, Infinity, 100);
  assert.ok(ys.includes(1) && ys.includes(9));
});

test("steps out of order are sorted, equal ones keep their order", () => {
  const mixed = series([2, 0, 1, 1], [20, 0, 10, 11]);
  assert.deepEqual(mixed.decimate(-Infinity, Infinity, 100), [[0, 1, 1, 2], [0, 10, 11, 20]]);
});

test("memory is bounded and the ends stay", () => {
  const many = new Series();
  const block = 100_000;
  for (let start = 0; start < 1.3 * MOST_POINTS; start += block) {
    const steps = Float64Array.from({ length: block }, (_, index) => start + index);
    many.append(steps, steps);
  }
  assert.ok(many.length <= MOST_POINTS);
  assert.equal(many.steps[0], 0);
  assert.equal(many.steps[many.length - 1], 1.3 * MOST_POINTS - 1);
});
