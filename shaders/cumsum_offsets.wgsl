// cumsum_offsets: add to each chunk's running sums the running total of the chunks before it.
//
// @bind  0 local  read  ELEMENT[OUTER * LENGTH * INNER]; running sums within chunks
// @bind  1 totals read  ELEMENT[OUTER * CHUNKS * INNER]; running totals of the chunks
// @bind  2 sums   write ELEMENT[OUTER * LENGTH * INNER]
// @grid  ceil(OUTER * LENGTH * INNER / 256) workgroups, folded into x and y
// @needs no workgroup memory
// @twin  numpy.cumsum

@group(0) @binding(0) var<storage, read> local: array<${ELEMENT}>;
@group(0) @binding(1) var<storage, read> totals: array<${ELEMENT}>;
@group(0) @binding(2) var<storage, read_write> sums: array<${ELEMENT}>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let entry = (group.y * ${GRID_X}u + group.x) * 256u + thread;
    if (entry >= ${ENTRIES}u) { return; }
    let inner = entry % ${INNER}u;
    let chunk = entry / ${INNER}u % ${LENGTH}u / ${CHUNK}u;
    let outer = entry / ${INNER}u / ${LENGTH}u;
    var before = ${ELEMENT}(0);
    if (chunk > 0u) { before = totals[(outer * ${CHUNKS}u + chunk - 1u) * ${INNER}u + inner]; }
    sums[entry] = before + local[entry];
}
