// rank_list: the entries of each row that lie between cuts from a sample, listed by a workgroup that reads the row once.
//
// What rank_cut and rank_gather do in two launches of more workgroups: rank_finish goes on from the same state and list.
//
// @bind  0 values  read  u32[ROWS * COLS]; the bits of float32
// @bind  1 values4 read  vec4<u32>[ROWS * COLS / 4]; the same buffer
// @bind  2 state   write u32[ROWS * 8]; first, end, found, before the first cut, tied with the end, tied with the key
//        before the first cut, NaN, least key found
// @bind  3 found   write vec2<u32>[ROWS * CAPACITY]; keys and columns in any order
// @grid  ROWS workgroups, folded into x and y
// @tune  WG, KEYS_PER_LANE, UNROLL, CAPACITY
// @needs 4 * CAPACITY bytes of workgroup memory, 12 * WG for buckets and 1 KiB
// @twin  none: a set in any order

// @import rank_keys
// @import rank_buckets
// @import rank_cuts
// @import rank_sample
// @import rank_reading

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read> values4: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> state: array<u32>;
@group(0) @binding(3) var<storage, read_write> found: array<vec2<u32>>;

var<workgroup> columns: array<u32, ${CAPACITY}>;

fn list(at: u32, column: u32) {
    if (at < ${CAPACITY}u) { columns[at] = column; }
}

@compute @workgroup_size(${WG})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
    // #if SUBGROUPS
    @builtin(subgroup_invocation_id) subgroup_lane: u32,
    @builtin(subgroup_size) subgroup_lanes: u32,
    // #end
) {
    let row = group.y * ${GRID_X}u + group.x;
    if (row >= ${ROWS}u) { return; }
    thread = index;
    // #if SUBGROUPS
    lane = subgroup_lane;
    lanes = subgroup_lanes;
    // #end
    let known = read_row(row);
    let start = middle_start(${COLS}u - known.z);
    var ties = vec3<u32>(0u, 0u, known.z);
    if (!holds(known, start, min(start + ${K}u, ${COLS}u - known.z))) { ties = count_odd(row); }
    var least = NO_KEY;
    let listed = min(known.x, ${CAPACITY}u);
    for (var slot = thread; slot < listed; slot += ${READS}u * ${WG}u) {
        // #for I < READS
        let column_${I} = columns[min(slot + ${I}u * ${WG}u, listed - 1u)];
        let bits_${I} = values[row * ${COLS}u + column_${I}];
        // #end
        // #for I < READS
        let entry_${I} = vec2<u32>(order_key(bits_${I}), column_${I});
        least = min(least, entry_${I}.x);
        if (slot + ${I}u * ${WG}u < listed) { found[row * ${CAPACITY}u + slot + ${I}u * ${WG}u] = entry_${I}; }
        // #end
    }
    atomicMin(&extremes[0], least);
    workgroupBarrier();
    // the least key is there
    if (thread == 0u) {
        state[row * 8u] = cuts.first;
        state[row * 8u + 1u] = cuts.end;
        state[row * 8u + 2u] = known.x;
        state[row * 8u + 3u] = known.y;
        state[row * 8u + 4u] = ties.x;
        state[row * 8u + 5u] = ties.y;
        state[row * 8u + 6u] = ties.z;
        state[row * 8u + 7u] = max(atomicLoad(&extremes[0]), cuts.first);
    }
}
