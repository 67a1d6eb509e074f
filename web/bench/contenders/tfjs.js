/** TensorFlow.js on its WebGPU backend: `optimizer.minimize` with its own Adam, everything tidied; its `topk`, its `fft`. */

import * as tf from "../vendor/tfjs.js";
import { serve } from "../calls.js";
import { BETAS, EPSILON, RATE, transposed } from "../problem.js";

let step = null;

async function prepare(problem) {
  if (!await tf.setBackend("webgpu")) throw new Error("no WebGPU");
  await tf.ready();
  const variables = problem.layers.map((layer) => ({
    weight: tf.variable(tf.tensor2d(transposed(layer), [layer.inputs, layer.outputs])),
    bias: tf.variable(tf.tensor1d(layer.bias)),
  }));
  const images = tf.tensor2d(problem.images, [problem.batch, 784]);
  const labels = tf.tensor1d(problem.labels, "int32");
  const targets = tf.cast(tf.oneHot(labels, 10), "float32");
  const optimizer = tf.train.adam(RATE, ...BETAS, EPSILON);
  const last = variables.length - 1;
  const lossOf = () => {
    const logits = variables.reduce((x, { weight, bias }, index) => {
      const z = tf.add(tf.matMul(x, weight), bias);
      return index < last ? tf.relu(z) : z;
    }, images);
    return tf.losses.softmaxCrossEntropy(targets, logits);
  };
  step = () => optimizer.minimize(lossOf, true);
  return { version: tf.version_core };
}

async function run(steps) {
  let loss = null;
  for (let count = 0; count < steps; count += 1) {
    loss?.dispose();
    loss = step();
  }
  const [value] = await loss.data();
  loss.dispose();
  return value;
}

let matrix = null;
let wanted = 0;

async function prepareTopk({ rows, cols, k, values }) {
  if (!await tf.setBackend("webgpu")) throw new Error("no WebGPU");
  await tf.ready();
  matrix = tf.tensor2d(values, [rows, cols]);
  wanted = k;
  return { version: tf.version_core };
}

/** Each call starts its kernels at once; reading the last result waits for all of them. */
async function runTopk(times) {
  let found = null;
  for (let count = 0; count < times; count += 1) {
    if (found) tf.dispose(found);
    found = tf.topk(matrix, wanted, true);
  }
  const data = await found.indices.data();
  tf.dispose(found);
  return data;
}

const checkTopk = async () => (await runTopk(1)).reduce((sum, index) => sum + index, 0);

let signal = null;

async function prepareFft({ rows, cols, real, imag }) {
  if (!await tf.setBackend("webgpu")) throw new Error("no WebGPU");
  await tf.ready();
  signal = tf.complex(tf.tensor2d(real, [rows, cols]), tf.tensor2d(imag, [rows, cols]));
  return { version: tf.version_core };
}

async function runFft(times) {
  let found = null;
  for (let count = 0; count < times; count += 1) {
    if (found) tf.dispose(found);
    found = tf.fft(signal);
  }
  const data = await found.data(); // real and imaginary parts in turn
  tf.dispose(found);
  return data;
}

const checkFft = async () => (await runFft(1)).reduce((sum, part) => sum + Math.abs(part), 0);

serve({ prepare, run, prepareTopk, runTopk, checkTopk, prepareFft, runFft, checkFft });
