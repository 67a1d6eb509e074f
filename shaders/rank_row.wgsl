// rank_row: the K wanted entries of each row, in order, by a workgroup that holds the row.
//
// The keys of the row stay in registers. With BUCKETED they are dealt into buckets by value, which mostly settles the row;
// else bisection over them finds cuts with K keys or a few more between them, and those are ordered in workgroup memory.
//
// @bind  0 values      read  u32[ROWS * COLS]; the bits of float32
// @bind  1 out_values  write u32[ROWS * K]
// @bind  2 out_columns write u32[ROWS * K]; -1 with NaN where the row has no more numbers
// @grid  ROWS workgroups, folded into x and y
// @tune  WG, KEYS_PER_LANE, CAPACITY, BUCKETED, DEALT, MERGED
// @needs 8 * CAPACITY bytes of workgroup memory, 12 * WG for buckets and 1 KiB
// @twin  spiraltorch_web.kernels.rankk.reference.rank_reference

// @import rank_keys
// @import rank_buckets
// @import rank_cuts
// @import rank_settle

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> out_values: array<u32>;
@group(0) @binding(2) var<storage, read_write> out_columns: array<u32>;

/// Counts and candidates of the keys that the lanes hold.
fn collect_own(cuts: Cuts) {
    var before = 0u;
    var low = 0u;
    var high = 0u;
    // #for I < KEYS_PER_LANE
    if (own_${I} < cuts.end) { offer(own_${I}, ${I}u * ${WG}u + thread, cuts); }
    before += select(0u, 1u, own_${I} < cuts.first);
    low += select(0u, 1u, (own_${I} <= LAST_KEY) & (own_${I} + 1u == cuts.first));
    high += select(0u, 1u, (own_${I} == cuts.end) & (own_${I} >= cuts.first) & (own_${I} <= LAST_KEY));
    // #end
    // #if MIDDLE
    if (before > 0u) { atomicAdd(&totals[1], before); }
    if (low > 0u) { atomicAdd(&totals[2], low); }
    // #end
    if (high > 0u) { atomicAdd(&totals[3], high); }
}

// #if BUCKETED
var<workgroup> crowds: u32;

/// Writes the row from buckets of all its keys in steps of the value; false, with nothing written, where the buckets
/// with wanted ranks hold more than there is room for.
fn deal_own(row: u32, start: u32, valid: u32) -> bool {
    let least = min(atomicLoad(&extremes[0]), LAST_KEY);
    let deal = deal_between(least, atomicLoad(&extremes[1]), true);
    let stop = min(start + ${K}u, valid);
    // #for I < KEYS_PER_LANE
    let bucket_${I} = bucket_of(own_${I}, deal);
    if (own_${I} <= LAST_KEY) { count_in_bucket(bucket_${I}); }
    // #end
    workgroupBarrier();
    // the buckets are counted
    start_buckets(vec2<u32>(start, max(stop, 1u) - 1u));
    workgroupBarrier();
    // the starts are stored
    let first_bucket = ranked[0];
    let last_bucket = ranked[1];
    let offset = bucket_start(first_bucket);
    let stored = bucket_end(last_bucket, valid) - offset;
    if (thread == 0u) { crowds = select(0u, 1u, stored > ${CAPACITY}u || stored > ${K}u + ${CROWD}u || valid == 0u); }
    if (workgroupUniformLoad(&crowds) > 0u) { return false; }
    // #for I < KEYS_PER_LANE
    if ((own_${I} <= LAST_KEY) & (bucket_${I} >= first_bucket) & (bucket_${I} <= last_bucket)) {
        let place = count_in_bucket(bucket_${I}) - offset;
        candidate_key[place] = own_${I};
        candidate_column[place] = ${I}u * ${WG}u + thread;
    }
    // #end
    workgroupBarrier();
    // the candidates are in order of their buckets, whose counters hold their ends
    emit_dealt(row, Outcome(Cuts(0u, NO_KEY), 0u, 0u, 0u, start), deal, vec3<u32>(first_bucket, offset, stored), stop);
    for (var place = stop - min(start, stop) + thread; place < ${K}u; place += ${WG}u) { emit_missing(row, place); }
    return true;
}
// #end

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
    prepare_search();
    // #if BUCKETED
    clear_buckets();
    // #end
    if (thread < 4u) { atomicStore(&totals[thread], 0u); }
    // #for I < KEYS_PER_LANE
    let bits_${I} = values[row * ${COLS}u + min(${I}u * ${WG}u + thread, ${COLS}u - 1u)];
    own_${I} = select(NO_KEY, order_key(bits_${I}), ${I}u * ${WG}u + thread < ${COLS}u);
    // #end
    workgroupBarrier();
    // the sums are clear
    survey();
    workgroupBarrier();
    // the survey is complete
    let valid = atomicLoad(&sums[VALID]);
    let start = middle_start(valid);
    // #if BUCKETED
    if (deal_own(row, start, valid)) { return; }
    // #end
    let cuts = find_cuts(start, min(start + ${K}u, valid), ${SLACK}u);
    collect_own(cuts);
    workgroupBarrier();
    // the candidates are complete
    let before = atomicLoad(&totals[1]);
    settle(row, Outcome(cuts, before, atomicLoad(&totals[2]), atomicLoad(&totals[3]), start));
}
