/** jax-js as its documentation advises: one jitted step (loss, gradients and Adam), parameters owned by the loop. */

import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from "../vendor/jax.js";
import { serve } from "../calls.js";
import { BETAS, EPSILON, RATE, transposed } from "../problem.js";

const [BETA1, BETA2] = BETAS;
let state = null;
let images = null;
let targets = null;

/** Mean cross-entropy; `targets` are one-hot rows. */
function lossOf(parameters, x, y) {
  const last = parameters.length - 1;
  parameters.forEach(({ weight, bias }, index) => {
    const z = np.matmul(x, weight).add(bias);
    x = index < last ? nn.relu(z) : z;
  });
  return np.sum(nn.logSoftmax(x, -1).mul(y)).mul(-1 / targets.shape[0]);
}

/** One step of Adam; a jitted function owns its arguments. `powers` are β₁ᵗ and β₂ᵗ. */
const step = jit(({ parameters, means, squares, powers }, x, y) => {
  const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(parameters), x, y);
  const [power1, power2] = [powers[0].mul(BETA1), powers[1].mul(BETA2)];
  const mean = tree.map((m, g) => m.mul(BETA1).add(g.mul(1 - BETA1)), means, tree.ref(gradients));
  const square = tree.map((v, g) => v.mul(BETA2).add(g.ref.mul(g).mul(1 - BETA2)), squares, gradients);
  const scale1 = np.reciprocal(np.subtract(1, power1.ref));
  const scale2 = np.reciprocal(np.subtract(1, power2.ref));
  const updated = tree.map(
    (p, m, v) => p.sub(m.mul(scale1.ref).mul(RATE).div(np.sqrt(v.mul(scale2.ref)).add(EPSILON))),
    parameters, tree.ref(mean), tree.ref(square));
  scale1.dispose();
  scale2.dispose();
  return [{ parameters: updated, means: mean, squares: square, powers: [power1, power2] }, loss];
});

async function prepare(problem) {
  const devices = await init();
  if (!devices.includes("webgpu")) throw new Error("no WebGPU");
  defaultDevice("webgpu");
  const parameters = problem.layers.map((layer) => ({
    weight: np.array(transposed(layer), { shape: [layer.inputs, layer.outputs] }),
    bias: np.array(layer.bias, { shape: [layer.outputs] }),
  }));
  const zeros = () => tree.map((p) => np.zerosLike(p), tree.ref(parameters));
  state = { means: zeros(), squares: zeros(), powers: [np.array(1), np.array(1)], parameters };
  images = np.array(problem.images, { shape: [problem.batch, 784] });
  const rows = new Float32Array(problem.batch * 10);
  problem.labels.forEach((label, row) => { rows[10 * row + label] = 1; });
  targets = np.array(rows, { shape: [problem.batch, 10] });
  return { version: "0.1.25" };
}

async function run(steps) {
  let loss = null;
  for (let count = 0; count < steps; count += 1) {
    loss?.dispose();
    [state, loss] = step(state, images.ref, targets.ref);
  }
  await blockUntilReady(state);
  return (await loss.data())[0];
}

serve({ prepare, run });
