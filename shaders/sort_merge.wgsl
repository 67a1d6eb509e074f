// sort_merge: merge neighbouring sorted runs of RUN entries into runs of 2 RUN, in every row.
//
// One thread per entry: its place is its place in its own run plus the number of entries of the sibling run that come
// before it, found by binary search. Equal keys keep the left run first, so the merge is stable.
//
// @bind  0 keys        read  u32[ROWS * LENGTH]
// @bind  1 columns     read  u32[ROWS * LENGTH]
// @bind  2 new_keys    write u32[ROWS * LENGTH]
// @bind  3 new_columns write u32[ROWS * LENGTH]
// @grid  ceil(ROWS * LENGTH / 256) workgroups, folded into x and y
// @tune  RUN
// @needs no workgroup memory
// @twin  numpy.argsort(kind="stable")

@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read> columns: array<u32>;
@group(0) @binding(2) var<storage, read_write> new_keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> new_columns: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let entry = (group.y * ${GRID_X}u + group.x) * 256u + thread;
    if (entry >= ${ENTRIES}u) { return; }
    let row_start = entry / ${LENGTH}u * ${LENGTH}u;
    let column = entry - row_start;
    let run_start = column / ${RUN}u * ${RUN}u;
    let is_left = (column / ${RUN}u) % 2u == 0u;
    let sibling_start = min(select(run_start - ${RUN}u, run_start + ${RUN}u, is_left), ${LENGTH}u);
    let sibling_end = min(sibling_start + ${RUN}u, ${LENGTH}u);
    let key = keys[entry];
    var low = sibling_start;
    var high = sibling_end;
    // A run of RUN entries has RUN + 1 places: SEARCH_STEPS halvings tell them apart.
    for (var step = 0u; step < ${SEARCH_STEPS}u; step++) {
        if (low < high) {
            let middle = (low + high) / 2u;
            let other = keys[row_start + middle];
            if (other < key || (other == key && !is_left)) {
                low = middle + 1u;
            } else {
                high = middle;
            }
        }
    }
    let place = row_start + min(run_start, sibling_start) + (column - run_start) + (low - sibling_start);
    new_keys[place] = key;
    new_columns[place] = columns[entry];
}
