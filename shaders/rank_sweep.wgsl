// rank_sweep: the K wanted entries of each row, in order, by a workgroup that samples the row and then reads it once.
//
// Cuts from a sample, MARGIN sampled entries outside the wanted ones, say which entries are listed in workgroup memory
// while the row goes by, UNROLL = MASKS * MASKED vectors per lane at a time: so many workgroups are at work that some
// read while others search or put in order. The listed entries are dealt into buckets by key, where each finds its rank
// by counting. Where the list does not hold the wanted ranks, entries tied with a cut are counted, and where those do
// not settle the row either, exact cuts are found digit by digit.
//
// @bind  0 values      read  u32[ROWS * COLS]; the bits of float32
// @bind  1 values4     read  vec4<u32>[ROWS * COLS / 4]; the same buffer
// @bind  2 out_values  write u32[ROWS * K]
// @bind  3 out_columns write u32[ROWS * K]; -1 with NaN where the row has no more numbers
// @grid  ROWS workgroups, folded into x and y
// @tune  WG, KEYS_PER_LANE, UNROLL, CAPACITY
// @needs 8 * CAPACITY bytes of workgroup memory, 12 * WG for buckets and 2 KiB
// @twin  spiraltorch_web.kernels.rankk.reference.rank_reference

// @import rank_keys
// @import rank_buckets
// @import rank_cuts
// @import rank_sample
// @import rank_reading
// @import rank_settle
// @import rank_exact
// @import rank_ordering

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read> values4: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> out_values: array<u32>;
@group(0) @binding(3) var<storage, read_write> out_columns: array<u32>;

fn list(at: u32, column: u32) {
    if (at < ${CAPACITY}u) { candidate_column[at] = column; }
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
    clear_order();
    let valid = ${COLS}u - known.z;
    let start = middle_start(valid);
    let stop = min(start + ${K}u, valid);
    let last = clamp(known.x, 1u, ${CAPACITY}u) - 1u;
    // #for I < HELD
    let column_${I} = min(candidate_column[min(${I}u * ${WG}u + thread, last)], ${COLS}u - 1u);
    held_${I} = vec2<u32>(values[row * ${COLS}u + column_${I}], column_${I});
    // #end
    // #for I < HELD
    held_${I}.x = order_key(held_${I}.x);
    // #end
    workgroupBarrier();
    // the buckets are clear
    order_held(row, known, atomicLoad(&extremes[0]), holds(known, start, stop), start, stop);
}
