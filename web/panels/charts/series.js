/** Points of one tag, and the few of them that a chart of some width needs. */

/** Beyond this many points every second one of the older half goes: a tab's memory is bounded. */
export const MOST_POINTS = 1_000_000;

export class Series {
  constructor() {
    this.length = 0;
    this.steps = new Float64Array(256);
    this.values = new Float64Array(256);
    this.inOrder = true;
  }

  /** Add points. Steps usually grow; where they do not, the series is sorted when it is next drawn. */
  append(steps, values) {
    this.reserve(this.length + steps.length);
    this.steps.set(steps, this.length);
    this.values.set(values, this.length);
    const first = Math.max(this.length, 1);
    this.length += steps.length;
    for (let index = first; index < this.length && this.inOrder; index += 1) {
      this.inOrder = this.steps[index] >= this.steps[index - 1];
    }
    if (this.length > MOST_POINTS) this.thin();
  }

  /** Sort by step if that is needed; equal steps keep their order. */
  sort() {
    if (this.inOrder) return;
    const order = Uint32Array.from({ length: this.length }, (_, index) => index);
    const { steps, values } = this;
    order.sort((left, right) => steps[left] - steps[right] || left - right);
    this.steps = Float64Array.from(order, (index) => steps[index]);
    this.values = Float64Array.from(order, (index) => values[index]);
    this.inOrder = true;
  }

  /** Index of the first point at or after a step. */
  find(step) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.steps[middle] < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The points between two steps, at most about 2 × `buckets`: of each bucket the lowest and the highest in order of
   * their steps, so that no spike is lost. One point beyond each end keeps the line going to the edge.
   * @returns {[number[], number[]]} steps and values; NaN becomes null, a gap
   */
  decimate(low, high, buckets) {
    this.sort();
    const from = Math.max(this.find(low) - 1, 0);
    const to = Math.min(this.find(high) + 1, this.length);
    const steps = [];
    const values = [];
    const perBucket = Math.max(1, (to - from) / buckets);
    if (perBucket <= 2) {
      for (let index = from; index < to; index += 1) this.push(index, steps, values);
      return [steps, values];
    }
    for (let start = from; start < to; start += perBucket) {
      this.pushExtremes(Math.floor(start), Math.min(Math.floor(start + perBucket), to), steps, values);
    }
    return [steps, values];
  }

  pushExtremes(from, to, steps, values) {
    let lowest = from;
    let highest = from;
    for (let index = from + 1; index < to; index += 1) {
      if (!(this.values[index] >= this.values[lowest])) lowest = Number.isNaN(this.values[index]) ? lowest : index;
      if (!(this.values[index] <= this.values[highest])) highest = Number.isNaN(this.values[index]) ? highest : index;
    }
    this.push(Math.min(lowest, highest), steps, values);
    if (lowest !== highest) this.push(Math.max(lowest, highest), steps, values);
  }

  push(index, steps, values) {
    steps.push(this.steps[index]);
    values.push(Number.isFinite(this.values[index]) ? this.values[index] : null);
  }

  reserve(wanted) {
    if (wanted <= this.steps.length) return;
    const capacity = Math.max(wanted, this.steps.length * 2);
    this.steps = grown(this.steps, capacity);
    this.values = grown(this.values, capacity);
  }

  thin() {
    const half = this.length >> 1;
    const kept = half >> 1;
    for (let index = 0; index < kept; index += 1) {
      this.steps[index] = this.steps[2 * index];
      this.values[index] = this.values[2 * index];
    }
    this.steps.copyWithin(kept, half, this.length);
    this.values.copyWithin(kept, half, this.length);
    this.length -= half - kept;
  }
}

function grown(array, capacity) {
  const larger = new Float64Array(capacity);
  larger.set(array);
  return larger;
}
