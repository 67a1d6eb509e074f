// fill_zero: set every entry to zero.
//
// @bind  0 entries write ELEMENT[ENTRIES]
// @grid  ceil(ENTRIES / 256) workgroups, folded into x and y
// @needs no workgroup memory; f16 for float16 elements
// @twin  numpy.zeros

@group(0) @binding(0) var<storage, read_write> entries: array<${ELEMENT}>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let entry = (group.y * ${GRID_X}u + group.x) * 256u + thread;
    if (entry < ${ENTRIES}u) { entries[entry] = ${ELEMENT}(0); }
}
