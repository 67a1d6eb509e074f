// scatter_few: add up the updates of every output row, comparing it with each of a few row numbers.
//
// One thread per output entry. The numbers are clamped to the rows there are, and a row's updates are added in their
// order, so results do not depend on timing and equal those of scatter_sum.
//
// @bind  0 index   read  INDEX[COUNT]
// @bind  1 updates read  ELEMENT[COUNT * WIDTH]
// @bind  2 sums    write ELEMENT[ROWS * WIDTH]
// @grid  ceil(ROWS * WIDTH / 256) workgroups, folded into x and y
// @needs no workgroup memory; f16 for float16 elements
// @twin  kernels/scatter.py:reference

@group(0) @binding(0) var<storage, read> index: array<${INDEX}>;
@group(0) @binding(1) var<storage, read> updates: array<${ELEMENT}>;
@group(0) @binding(2) var<storage, read_write> sums: array<${ELEMENT}>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let entry = (group.y * ${GRID_X}u + group.x) * 256u + thread;
    if (entry >= ${ENTRIES}u) { return; }
    let row = ${INDEX}(entry / ${WIDTH}u);
    var sum = ${VALUE}(0);
    for (var place = 0u; place < ${COUNT}u; place++) {
        if (clamp(index[place], 0, ${LAST_ROW}) == row) {
            sum += ${VALUE}(updates[place * ${WIDTH}u + entry % ${WIDTH}u]);
        }
    }
    sums[entry] = ${ELEMENT}(sum);
}
