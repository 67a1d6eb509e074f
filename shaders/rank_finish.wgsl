// rank_finish: the K wanted entries of each row, in order, from the entries that rank_gather has listed.
//
// The listed entries are dealt into buckets by key; those of the buckets that hold wanted ranks go to workgroup memory,
// where each finds its rank by counting in its bucket. Where the list does not settle the row (the sample misled, or
// too many entries are alike) the cuts are found from the row itself, digit by digit.
//
// @bind  0 values      read  u32[ROWS * COLS]; the bits of float32
// @bind  1 out_values  write u32[ROWS * K]
// @bind  2 out_columns write u32[ROWS * K]; -1 with NaN where the row has no more numbers
// @bind  3 state       read  u32[ROWS * 8]; of rank_cut and rank_gather
// @bind  4 found       read  vec2<u32>[ROWS * FOUND]; keys and columns
// @grid  ROWS workgroups, folded into x and y
// @tune  WG, CAPACITY
// @needs 8 * CAPACITY bytes of workgroup memory, 12 * WG for buckets and 2 KiB
// @twin  spiraltorch_web.kernels.rankk.reference.rank_reference

// @import rank_keys
// @import rank_buckets
// @import rank_settle

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> out_values: array<u32>;
@group(0) @binding(2) var<storage, read_write> out_columns: array<u32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read> found: array<vec2<u32>>;

var<workgroup> crowds: atomic<u32>;
var<workgroup> dealt: u32;
var<workgroup> histogram: array<atomic<u32>, 256>;
var<workgroup> digit_found: u32;
var<workgroup> digit_rest: u32;

/// The key with `rank` keys before it in the row, from its highest digit down; past LAST_KEY where there is none.
fn exact_key(row: u32, rank: u32) -> u32 {
    var prefix = 0u;
    var rest = rank;
    for (var digit = 0u; digit < 4u; digit++) {
        let shift = 24u - 8u * digit;
        for (var bin = thread; bin < 256u; bin += ${WG}u) { atomicStore(&histogram[bin], 0u); }
        workgroupBarrier();
        // the histogram is clear
        for (var column = thread; column < ${COLS}u; column += ${WG}u) {
            let key = order_key(values[row * ${COLS}u + column]);
            if (digit == 0u || (key >> (shift + 8u)) == prefix) { atomicAdd(&histogram[(key >> shift) & 255u], 1u); }
        }
        workgroupBarrier();
        // the histogram is complete
        if (thread == 0u) {
            var bin = 0u;
            var left = rest;
            while (bin < 255u && left >= atomicLoad(&histogram[bin])) {
                left -= atomicLoad(&histogram[bin]);
                bin++;
            }
            digit_found = bin;
            digit_rest = left;
        }
        prefix = (prefix << 8u) | workgroupUniformLoad(&digit_found);
        rest = workgroupUniformLoad(&digit_rest);
    }
    return min(prefix, LAST_KEY + 1u);
}

/// Counts and candidates of the whole row between the cuts.
fn collect_row(row: u32, cuts: Cuts) {
    var before = 0u;
    var low = 0u;
    var high = 0u;
    for (var column = thread; column < ${COLS}u; column += ${WG}u) {
        let key = order_key(values[row * ${COLS}u + column]);
        offer(key, column, cuts);
        before += select(0u, 1u, key < cuts.first);
        low += select(0u, 1u, key <= LAST_KEY && key + 1u == cuts.first);
        high += select(0u, 1u, key == cuts.end && key >= cuts.first && key <= LAST_KEY);
    }
    atomicAdd(&totals[1], before);
    atomicAdd(&totals[2], low);
    atomicAdd(&totals[3], high);
}

/// Writes the wanted ones of `taken` listed entries; false, with nothing written, where too many share a bucket.
fn deal_found(row: u32, taken: u32, outcome: Outcome, deal: Deal, stop: u32) -> bool {
    clear_buckets();
    if (thread == 0u) { atomicStore(&crowds, 0u); }
    workgroupBarrier();
    // the buckets are clear
    for (var slot = thread; slot < taken; slot += ${WG}u) {
        let bucket = bucket_of(found[row * ${FOUND}u + slot].x, deal);
        if (count_in_bucket(bucket) >= ${CROWD}u) { atomicStore(&crowds, 1u); }
    }
    workgroupBarrier();
    // the buckets are counted
    start_buckets();
    workgroupBarrier();
    // the starts are stored
    let skipped = max(outcome.start, outcome.before) - outcome.before;
    let wanted_end = clamp(stop, outcome.before, outcome.before + taken) - outcome.before;
    let first_bucket = bucket_with_rank(skipped);
    let last_bucket = bucket_with_rank(max(wanted_end, 1u) - 1u);
    let offset = bucket_start(first_bucket);
    let stored = select(0u, bucket_end(last_bucket, taken) - offset, wanted_end > skipped);
    if (thread == 0u) { dealt = select(0u, 1u, atomicLoad(&crowds) == 0u && stored <= ${CAPACITY}u); }
    if (workgroupUniformLoad(&dealt) == 0u) { return false; }
    for (var slot = thread; slot < taken; slot += ${WG}u) {
        let entry = found[row * ${FOUND}u + slot];
        let bucket = bucket_of(entry.x, deal);
        if (stored > 0u && bucket >= first_bucket && bucket <= last_bucket) {
            let place = count_in_bucket(bucket) - offset;
            candidate_key[place] = entry.x;
            candidate_column[place] = entry.y;
        }
    }
    workgroupBarrier();
    // the candidates are in order of their buckets, whose counters hold their ends
    emit_dealt(row, outcome, deal, vec3<u32>(first_bucket, offset, stored), stop);
    emit_rest(row, taken, outcome, stop);
    return true;
}

/// Settles a row from its own entries.
fn finish_exactly(row: u32, start: u32, stop: u32) {
    if (thread < 4u) { atomicStore(&totals[thread], 0u); }
    // #if MIDDLE
    let exact = Cuts(exact_key(row, start), exact_key(row, max(stop, 1u) - 1u));
    let cuts = Cuts(exact.first + 1u, exact.end);
    // #else
    let cuts = Cuts(0u, exact_key(row, stop - 1u));
    // #end
    collect_row(row, cuts);
    workgroupBarrier();
    // the candidates are complete
    let before = atomicLoad(&totals[1]);
    settle(row, Outcome(cuts, before, atomicLoad(&totals[2]), atomicLoad(&totals[3]), start));
}

@compute @workgroup_size(${WG})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let row = group.y * ${GRID_X}u + group.x;
    if (row >= ${ROWS}u) { return; }
    thread = index;
    let cuts = Cuts(state[row * 8u], state[row * 8u + 1u]);
    let taken = state[row * 8u + 2u];
    let tied_high = state[row * 8u + 3u];
    let before = state[row * 8u + 4u];
    let tied_low = state[row * 8u + 5u];
    let valid = ${COLS}u - state[row * 8u + 6u];
    let start = middle_start(valid);
    // #if MIDDLE
    let stop = min(start + ${K}u, valid);
    // #else
    let stop = ${K}u;
    // #end
    let reached = before + taken + tied_high;
    let enough = cuts.end > LAST_KEY || reached >= stop;
    if (taken <= ${FOUND}u && before - tied_low <= start && enough) {
        let base = max(cuts.first, state[row * 8u + 7u]);
        let outcome = Outcome(cuts, before, tied_low, tied_high, start);
        for (var attempt = 0u; attempt < 2u; attempt++) {
            let deal = deal_between(base, cuts.end, attempt == ${BY_VALUE_TURN}u);
            if (deal_found(row, taken, outcome, deal, min(start + ${K}u, reached))) { return; }
        }
    }
    finish_exactly(row, start, stop);
}
