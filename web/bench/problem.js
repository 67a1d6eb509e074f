/**
 * The problem that every contender solves: one batch, and a network with its first weights. All are plain arrays, so
 * that each worker gets the same bits.
 */

export const WIDTHS = [784, 512, 256, 10];
export const RATE = 1e-3;
export const BETAS = [0.9, 0.999];
export const EPSILON = 1e-8;

/**
 * @param {number} batch
 * @returns {{batch: number, images: Float32Array, labels: Int32Array, layers: {weight: Float32Array,
 *   bias: Float32Array, inputs: number, outputs: number}[]}} images (batch, 784); weights (outputs, inputs), uniform in
 *   ±1/√inputs as PyTorch starts them
 */
export function makeProblem(batch, seed = 1) {
  const random = generator(seed);
  const uniform = (length, bound) => Float32Array.from({ length }, () => bound * (2 * random() - 1));
  const layers = WIDTHS.slice(1).map((outputs, index) => {
    const inputs = WIDTHS[index];
    const bound = 1 / Math.sqrt(inputs);
    return { inputs, outputs, weight: uniform(inputs * outputs, bound), bias: uniform(outputs, bound) };
  });
  const images = uniform(batch * WIDTHS[0], Math.sqrt(3)); // variance 1
  const labels = Int32Array.from({ length: batch }, () => Math.floor(random() * WIDTHS.at(-1)));
  return { batch, images, labels, layers };
}

/** A matrix of different numbers, row after row: uniform in ±1. */
export function makeMatrix(rows, cols, seed = 2) {
  const random = generator(seed);
  return Float32Array.from({ length: rows * cols }, () => 2 * random() - 1);
}

/** Weights as (inputs, outputs), for libraries whose linear layer is x · w. */
export function transposed({ weight, inputs, outputs }) {
  return Float32Array.from({ length: weight.length }, (_, at) => (
    weight[(at % outputs) * inputs + Math.floor(at / outputs)]));
}

/** Uniform numbers in [0, 1): a 32-bit xorshift, which is random enough for first weights. */
function generator(seed) {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 4294967296;
  };
}
