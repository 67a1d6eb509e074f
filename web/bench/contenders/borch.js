/** borch.ts, the runtime of the Python package `pyborch`: one compiled step, tuned before it is timed. */

import { compiled, init, nn, noGrad, optim, Tensor, VERSION } from "../vendor/borch.js";
import { serve } from "../calls.js";
import { BETAS, EPSILON, RATE } from "../problem.js";

let step = null;
let batch = [];

async function prepare(problem) {
  await init();
  const labels = Float32Array.from(problem.labels);
  batch = [Tensor.from(problem.images, [problem.batch, 784]), Tensor.from(labels, [problem.batch], { dtype: "int64" })];
  // Its tuner times kernels after a recording and uses the verdicts in the next one: the first is thrown away.
  const tried = makeStep(problem);
  await tried.call(...batch);
  await tried.settle();
  tried.dispose();
  step = makeStep(problem);
  return { version: VERSION };
}

function makeStep({ layers }) {
  const linears = layers.map(({ inputs, outputs, weight, bias }) => {
    const linear = new nn.Linear(inputs, outputs);
    noGrad(() => {
      linear.weight.copyFrom(Tensor.from(weight, [outputs, inputs]));
      linear.bias.copyFrom(Tensor.from(bias, [outputs]));
    });
    return linear;
  });
  const model = new nn.Sequential(linears[0], new nn.ReLU(), linears[1], new nn.ReLU(), linears[2]);
  const optimizer = new optim.Adam(model.parameters(), RATE, BETAS, EPSILON);
  return compiled(async (x, y) => {
    optimizer.zeroGrad();
    const loss = model.forward(x).crossEntropy(y);
    loss.backward();
    optimizer.step();
    return loss;
  });
}

async function run(steps) {
  let loss = null;
  for (let count = 0; count < steps; count += 1) loss = await step.call(...batch);
  await step.settle();
  return loss.item();
}

serve({ prepare, run });
