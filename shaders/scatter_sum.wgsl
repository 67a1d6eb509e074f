// scatter_sum: add up the updates of every output row, given the order that sorts their row numbers.
//
// One thread per output entry; it finds its row's updates in the sorted numbers by binary search and adds them in
// their original order, so results do not depend on timing.
//
// @bind  0 rows    read  u32[COUNT]; sorted row numbers
// @bind  1 order   read  u32[COUNT]; the update that each one belongs to
// @bind  2 updates read  ELEMENT[COUNT * WIDTH]
// @bind  3 sums    write ELEMENT[ROWS * WIDTH]
// @grid  ceil(ROWS * WIDTH / 256) workgroups, folded into x and y
// @needs no workgroup memory; f16 for float16 elements
// @twin  kernels/scatter.py:reference

@group(0) @binding(0) var<storage, read> rows: array<u32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read> updates: array<${ELEMENT}>;
@group(0) @binding(3) var<storage, read_write> sums: array<${ELEMENT}>;

// How many of the sorted numbers are below `row`.
fn count_below(row: u32) -> u32 {
    var low = 0u;
    var high = ${COUNT}u;
    for (var step = 0u; step < ${SEARCH_STEPS}u; step++) {
        if (low < high) {
            let middle = (low + high) / 2u;
            if (rows[middle] < row) {
                low = middle + 1u;
            } else {
                high = middle;
            }
        }
    }
    return low;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let entry = (group.y * ${GRID_X}u + group.x) * 256u + thread;
    if (entry >= ${ENTRIES}u) { return; }
    let row = entry / ${WIDTH}u;
    let end = count_below(row + 1u);
    var sum = ${VALUE}(0);
    for (var place = count_below(row); place < end; place++) {
        sum += ${VALUE}(updates[order[place] * ${WIDTH}u + entry % ${WIDTH}u]);
    }
    sums[entry] = ${ELEMENT}(sum);
}
