/** What adapters do not tell and a shader has to find out. */

const SUBGROUP_PROBE = `enable subgroups;
@group(0) @binding(0) var<storage, read_write> size: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(subgroup_size) subgroup_size: u32, @builtin(local_invocation_index) index: u32) {
    if (index == 0u) { size[0] = subgroup_size; }
}`;

/** The subgroup size that a shader sees. */
export async function probeSubgroupSize(executor) {
  const kernels = [{ name: "subgroup_probe", code: SUBGROUP_PROBE, access: ["read_write"] }];
  const dispatches = [[0, [[0, 0, 4]], [1, 1, 1]]];
  executor.create(0, 256);
  await executor.load(0, JSON.stringify({ kernels, dispatches, temporaries: [] }));
  executor.bind(0, 0, "[0]");
  executor.run(0);
  const bytes = await executor.read("[[0, 4]]");
  executor.unload(0);
  executor.destroy("[0]");
  return new Uint32Array(bytes.buffer)[0];
}
