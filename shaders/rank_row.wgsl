// rank_row: the K wanted entries of each row, in order, by a workgroup that holds the row (or its candidates).
//
// The keys of the row stay in registers; bisection over them finds cuts with K keys or a few more between them, and
// those are ordered in workgroup memory. With STREAMED the keys are the candidates that rank_gather has left, and where
// those do not settle the row (its sample misled, or too many entries are equal) the cuts are found from the row itself,
// digit by digit.
//
// @bind  0 values      read  u32[ROWS * COLS]; the bits of float32
// @bind  1 out_values  write u32[ROWS * K]
// @bind  2 out_columns write u32[ROWS * K]; -1 with NaN where the row has no more numbers
// @bind  3 state       read  u32[ROWS * 8]; of rank_cut and rank_gather, with STREAMED
// @bind  4 found       read  vec2<u32>[ROWS * FOUND]; keys and columns, with STREAMED
// @grid  ROWS workgroups, folded into x and y
// @tune  WG, KEYS_PER_LANE, CAPACITY, MERGED
// @needs 8 * CAPACITY bytes of workgroup memory and 2 KiB
// @twin  spiraltorch_web.kernels.rankk.reference.rank_reference

// @import rank_keys
// @import rank_cuts
// @import rank_settle

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> out_values: array<u32>;
@group(0) @binding(2) var<storage, read_write> out_columns: array<u32>;
// #if STREAMED
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read> found: array<vec2<u32>>;

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
// #end

/// Counts and candidates of the keys that the lanes hold.
fn collect_own(row: u32, cuts: Cuts) {
    var before = 0u;
    var low = 0u;
    var high = 0u;
    // #for I < KEYS_PER_LANE
    if (own_${I} < cuts.end) {
        // #if STREAMED
        if (own_${I} >= cuts.first) { offer(own_${I}, found[row * ${FOUND}u + ${I}u * ${WG}u + thread].y, cuts); }
        // #else
        offer(own_${I}, ${I}u * ${WG}u + thread, cuts);
        // #end
    }
    before += select(0u, 1u, own_${I} < cuts.first);
    low += select(0u, 1u, own_${I} <= LAST_KEY && own_${I} + 1u == cuts.first);
    high += select(0u, 1u, own_${I} == cuts.end && own_${I} >= cuts.first && own_${I} <= LAST_KEY);
    // #end
    // #if MIDDLE
    if (before > 0u) { atomicAdd(&totals[1], before); }
    if (low > 0u) { atomicAdd(&totals[2], low); }
    // #end
    if (high > 0u) { atomicAdd(&totals[3], high); }
}

@compute @workgroup_size(${WG})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let row = group.y * ${GRID_X}u + group.x;
    if (row >= ${ROWS}u) { return; }
    thread = index;
    prepare_search();
    if (thread < 4u) { atomicStore(&totals[thread], 0u); }
    // #if STREAMED
    let first = state[row * 8u];
    let end = state[row * 8u + 1u];
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
    let enough = end > LAST_KEY || before + taken + tied_high >= stop;
    let usable = taken <= ${FOUND}u && before - tied_low <= start && enough;
    var outcome: Outcome;
    workgroupBarrier();
    // the sums are clear
    if (usable && taken <= ${CAPACITY}u) {
        var least = NO_KEY;
        for (var slot = thread; slot < taken; slot += ${WG}u) {
            let entry = found[row * ${FOUND}u + slot];
            candidate_key[slot] = entry.x;
            candidate_column[slot] = entry.y;
            least = min(least, entry.x);
        }
        if (least < NO_KEY) { atomicMin(&extremes[0], least); }
        if (thread == 0u) { atomicStore(&totals[0], taken); }
        workgroupBarrier();
        // the candidates are complete
        outcome = Outcome(Cuts(first, end), before, tied_low, tied_high, start);
    } else if (usable) {
        // #for I < KEYS_PER_LANE
        let listed_${I} = found[row * ${FOUND}u + ${I}u * ${WG}u + thread].x;
        own_${I} = select(NO_KEY, listed_${I}, ${I}u * ${WG}u + thread < taken);
        // #end
        survey();
        workgroupBarrier();
        // the survey is complete
        let skipped = max(start, before) - before;
        var cuts = find_cuts(skipped, stop - min(stop, before), ${SLACK}u);
        cuts.first = max(cuts.first, first);
        cuts.end = min(cuts.end, end);
        collect_own(row, cuts);
        workgroupBarrier();
        // the candidates are complete
        let lower = atomicLoad(&totals[1]);
        outcome = Outcome(
            cuts,
            before + lower,
            select(atomicLoad(&totals[2]), tied_low, cuts.first == first),
            select(atomicLoad(&totals[3]), tied_high, cuts.end == end),
            start,
        );
    } else {
        // #if MIDDLE
        let exact = Cuts(exact_key(row, start), exact_key(row, max(stop, 1u) - 1u));
        let cuts = Cuts(exact.first + 1u, exact.end);
        // #else
        let cuts = Cuts(0u, exact_key(row, stop - 1u));
        // #end
        collect_row(row, cuts);
        workgroupBarrier();
        // the candidates are complete
        let lower = atomicLoad(&totals[1]);
        outcome = Outcome(cuts, lower, atomicLoad(&totals[2]), atomicLoad(&totals[3]), start);
    }
    settle(row, outcome);
    // #else
    // #for I < KEYS_PER_LANE
    let bits_${I} = values[row * ${COLS}u + min(${I}u * ${WG}u + thread, ${COLS}u - 1u)];
    own_${I} = select(NO_KEY, order_key(bits_${I}), ${I}u * ${WG}u + thread < ${COLS}u);
    // #end
    workgroupBarrier();
    // the sums are clear
    survey();
    workgroupBarrier();
    // the survey is complete
    let valid = atomicLoad(&sums[80]);
    let start = middle_start(valid);
    let cuts = find_cuts(start, min(start + ${K}u, valid), ${SLACK}u);
    collect_own(row, cuts);
    workgroupBarrier();
    // the candidates are complete
    let before = atomicLoad(&totals[1]);
    settle(row, Outcome(cuts, before, atomicLoad(&totals[2]), atomicLoad(&totals[3]), start));
    // #end
}
