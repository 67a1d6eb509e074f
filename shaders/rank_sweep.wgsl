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

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read> values4: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> out_values: array<u32>;
@group(0) @binding(3) var<storage, read_write> out_columns: array<u32>;

// #for I < HELD
var<private> held_${I}: vec2<u32>; // keys and columns of the list
// #end
var<workgroup> fullest: atomic<u32>; // bucket's entries, where they are too many to find their order by counting
var<workgroup> unsettled: u32;

fn list(at: u32, column: u32) {
    if (at < ${CAPACITY}u) { candidate_column[at] = column; }
}

/// Clears what order_held uses.
fn clear_order() {
    clear_buckets();
    if (thread < 4u) { atomicStore(&totals[thread], 0u); }
    if (thread == 0u) { atomicStore(&fullest, 0u); }
}

/// Writes the wanted ones of the candidates, which lie in order of their buckets.
fn emit_held(row: u32, known: vec3<u32>, deal: Deal, start: u32, stop: u32) {
    for (var slot = thread; slot < known.x; slot += ${WG}u) {
        let entry = vec2<u32>(candidate_key[slot], candidate_column[slot]);
        let bucket = bucket_of(entry.x, deal);
        let first = bucket_start(bucket);
        let end = bucket_end(bucket, known.x);
        if ((known.y + first >= stop) | (known.y + end <= start)) { continue; }
        var rank = known.y + first;
        for (var other = first; other < end; other++) {
            let other_key = candidate_key[other];
            rank += select(0u, 1u, other_key < entry.x);
            if ((other_key == entry.x) & (other != slot)) { rank += select(0u, 1u, candidate_column[other] < entry.y); }
        }
        if ((rank >= start) & (rank < stop)) { emit(row, rank - start, entry.y, entry.x); }
    }
    for (var place = stop - start + thread; place < ${K}u; place += ${WG}u) { emit_missing(row, place); }
}

/// Writes the wanted ranks, from `start` to before `stop`; `whole` says that all of them are listed. Keys before `least`
/// share the first bucket. clear_order and a barrier come before.
fn order_held(row: u32, known: vec3<u32>, least: u32, whole: bool, start: u32, stop: u32) {
    let deal = deal_between(max(cuts.first, min(least, LAST_KEY)), min(cuts.end, LAST_KEY), ${BY_VALUE});
    let listed = min(known.x, ${CAPACITY}u);
    var most = 0u;
    // #for I < HELD
    let bucket_${I} = bucket_of(held_${I}.x, deal);
    var nth_${I} = 0u;
    if (${I}u * ${WG}u + thread < listed) { nth_${I} = count_in_bucket(bucket_${I}); }
    most = max(most, nth_${I});
    // #end
    if (most >= ${CROWD}u) { atomicMax(&fullest, most); }
    workgroupBarrier();
    // the buckets are counted
    if (thread == 0u) { unsettled = select(2u, min(atomicLoad(&fullest), 1u), whole); }
    start_buckets(vec2<u32>(NO_KEY));
    let trouble = workgroupUniformLoad(&unsettled);
    // the starts are stored
    if (trouble > 1u) {
        settle_oddly(row, known, start);
        return;
    }
    // #for I < HELD
    if (${I}u * ${WG}u + thread < listed) {
        let place = select(bucket_start(bucket_${I}) + nth_${I}, ${I}u * ${WG}u + thread, trouble > 0u);
        candidate_key[place] = held_${I}.x;
        candidate_column[place] = held_${I}.y;
    }
    // #end
    if (thread == 0u) { atomicStore(&totals[0], listed); }
    workgroupBarrier();
    // the candidates are there, in order of their buckets if none is too full
    if (trouble > 0u) {
        settle(row, Outcome(cuts, known.y, 0u, 0u, start));
        return;
    }
    emit_held(row, known, deal, start, stop);
}

/// Writes a row whose list lacks wanted ranks: the list and what is tied with the cuts, where those are enough, else what
/// lies between exact cuts.
fn settle_oddly(row: u32, known: vec3<u32>, start: u32) {
    let ties = count_odd(row);
    let stop = min(start + ${K}u, ${COLS}u - ties.z);
    let enough = cuts.end > LAST_KEY || known.y + known.x + ties.x >= stop;
    let settles = known.x <= ${CAPACITY}u && known.y - ties.y <= start && enough;
    if (thread == 0u) { unsettled = select(1u, 0u, settles); }
    if (workgroupUniformLoad(&unsettled) == 0u) {
        // #for I < HELD
        if (${I}u * ${WG}u + thread < known.x) {
            candidate_key[${I}u * ${WG}u + thread] = held_${I}.x;
            candidate_column[${I}u * ${WG}u + thread] = held_${I}.y;
        }
        // #end
        if (thread == 0u) { atomicStore(&totals[0], known.x); }
        workgroupBarrier();
        // the candidates are complete
        settle(row, Outcome(cuts, known.y, ties.y, ties.x, start));
        return;
    }
    let outcome = exact_outcome(row, start, stop, ${COLS}u, 0u, NO_KEY, 0u);
    for (var slot = thread; slot < ${COLS}u; slot += 4u * ${WG}u) {
        // #for I < 4
        let column_${I} = min(slot + ${I}u * ${WG}u, ${COLS}u - 1u);
        let key_${I} = key_at(row, column_${I});
        // #end
        // #for I < 4
        if (slot + ${I}u * ${WG}u < ${COLS}u) { offer(key_${I}, column_${I}, outcome.cuts); }
        // #end
    }
    workgroupBarrier();
    // the candidates are complete
    settle(row, outcome);
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
