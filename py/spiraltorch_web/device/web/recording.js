/** Writes the steps of a binding into a compute pass. */

/** @param {{pipeline: GPUComputePipeline, group: GPUBindGroup, grid: number[]}[]} steps */
export function record(pass, steps) {
  let current = null;
  for (const { pipeline, group, grid } of steps) {
    if (pipeline !== current) pass.setPipeline(pipeline);
    current = pipeline;
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
  }
  pass.end();
}
