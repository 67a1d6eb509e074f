// rank_finish: the K wanted entries of each row, in order, from the entries that rank_gather has listed.
//
// The listed entries are dealt into buckets by key; those of the buckets that hold wanted ranks go to workgroup memory,
// where each finds its rank by counting in its bucket. Where the buckets are too full the wanted ranks' keys are found
// digit by digit from the list; where the list does not settle the row (the sample misled, or too many entries are
// alike) from the row itself.
//
// @bind  0 values      read  u32[ROWS * COLS]; the bits of float32
// @bind  1 out_values  write u32[ROWS * K]
// @bind  2 out_columns write u32[ROWS * K]; -1 with NaN where the row has no more numbers
// @bind  3 state       read  u32[ROWS * 8]; of rank_cut and rank_gather
// @bind  4 found       read  vec2<u32>[ROWS * FOUND]; keys and columns
// @bind  5 aside       read  u32[ROWS * ASIDE]; with SIFTED: what rank_sift says of its list
// @bind  6 sifted      read  vec2<u32>[ROWS * SIFTED_ROOM]; with SIFTED: keys and columns
// @grid  ROWS workgroups, folded into x and y
// @tune  WG, CAPACITY, HELD, READS
// @needs 8 * CAPACITY bytes of workgroup memory, 12 * WG for buckets and 2 KiB
// @twin  spiraltorch_web.kernels.rankk.reference.rank_reference

// @import rank_keys
// @import rank_buckets
// @import rank_settle
// @import rank_exact

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> out_values: array<u32>;
@group(0) @binding(2) var<storage, read_write> out_columns: array<u32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read> found: array<vec2<u32>>;
// #if SIFTED
@group(0) @binding(5) var<storage, read> aside: array<u32>;
@group(0) @binding(6) var<storage, read> sifted: array<vec2<u32>>;
// #end

/// Entries of a row in a list: their number, and how many entries of the row come before all of them.
struct List {
    taken: u32,
    before: u32,
    least: u32,
    beyond: u32, // a key that is larger than all of theirs
}

// #for I < HELD
var<private> held_${I}: vec2<u32>; // the first entries of the list that serves
// #end
var<private> from_row: bool; // entries are those of the row, else those of the list
// #if SIFTED
var<private> from_sifted: bool;
// #end
var<workgroup> crowds: array<atomic<u32>, 2>; // the first crowded bucket as its complement, and the last one
var<workgroup> dealt: vec3<u32>; // how it went, entries in earlier buckets, candidates

fn listed(row: u32, slot: u32) -> vec2<u32> {
    // #if SIFTED
    if (from_sifted) { return sifted[row * ${SIFTED_ROOM}u + slot]; }
    // #end
    return found[row * ${FOUND}u + slot];
}

fn entry_of(row: u32, slot: u32) -> vec2<u32> {
    if (from_row) { return vec2<u32>(order_key(values[row * ${COLS}u + slot]), slot); }
    return listed(row, slot);
}

fn key_at(row: u32, slot: u32) -> u32 {
    return entry_of(row, slot).x;
}

/// Notes the first and the last bucket with too many entries to find their order by counting.
fn note_crowds() {
    for (var bucket = thread; bucket < BUCKETS; bucket += ${WG}u) {
        if (bucket_start(bucket) > ${CROWD}u) {
            atomicMax(&crowds[0], ~bucket);
            atomicMax(&crowds[1], bucket + 1u);
        }
    }
}

/// Puts an entry of the wanted buckets to its candidates, `offset` entries being in the buckets before.
fn place_wanted(entry: vec2<u32>, bucket: u32, first_bucket: u32, last_bucket: u32, offset: u32) {
    if ((bucket >= first_bucket) & (bucket <= last_bucket)) {
        let place = count_in_bucket(bucket) - offset;
        candidate_key[place] = entry.x;
        candidate_column[place] = entry.y;
    }
}

/// Looks for the wanted ones of the listed entries in buckets. Returns 1 when they are written, and 2 when they are the
/// candidates `dealt`, too many of a bucket to find their order by counting; 0 where they do not fit.
fn deal_listed(row: u32, list: List, start: u32, stop: u32, by_value: bool) -> u32 {
    let deal = deal_between(list.least, list.beyond, by_value);
    clear_buckets();
    if (thread < 2u) { atomicStore(&crowds[thread], 0u); }
    workgroupBarrier();
    // the buckets are clear
    // #for I < HELD
    if (${I}u * ${WG}u + thread < list.taken) { count_in_bucket(bucket_of(held_${I}.x, deal)); }
    // #end
    for (var slot = ${HELD}u * ${WG}u + thread; slot < list.taken; slot += ${READS}u * ${WG}u) {
        // #for I < READS
        let key_${I} = listed(row, min(slot + ${I}u * ${WG}u, list.taken - 1u)).x;
        // #end
        // #for I < READS
        if (slot + ${I}u * ${WG}u < list.taken) { count_in_bucket(bucket_of(key_${I}, deal)); }
        // #end
    }
    workgroupBarrier();
    // the buckets are counted
    note_crowds();
    start_buckets(vec2<u32>(start, max(stop, list.before + 1u) - 1u) - vec2<u32>(list.before));
    workgroupBarrier();
    // the starts are stored
    let first_bucket = ranked[0];
    let last_bucket = ranked[1];
    let offset = bucket_start(first_bucket);
    let stored = bucket_end(last_bucket, list.taken) - offset;
    if (thread == 0u) {
        let crowded = atomicLoad(&crowds[1]) > first_bucket && ~atomicLoad(&crowds[0]) <= last_bucket;
        dealt = vec3<u32>(select(select(1u, 2u, crowded), 0u, stored > ${CAPACITY}u), offset, stored);
    }
    let way = workgroupUniformLoad(&dealt).x;
    if (way == 0u) { return 0u; }
    // #for I < HELD
    if (${I}u * ${WG}u + thread < list.taken) { place_wanted(held_${I}, bucket_of(held_${I}.x, deal), first_bucket, last_bucket, offset); }
    // #end
    for (var slot = ${HELD}u * ${WG}u + thread; slot < list.taken; slot += ${READS}u * ${WG}u) {
        // #for I < READS
        let entry_${I} = listed(row, min(slot + ${I}u * ${WG}u, list.taken - 1u));
        // #end
        // #for I < READS
        if (slot + ${I}u * ${WG}u < list.taken) { place_wanted(entry_${I}, bucket_of(entry_${I}.x, deal), first_bucket, last_bucket, offset); }
        // #end
    }
    workgroupBarrier();
    // the candidates are in order of their buckets, whose counters hold their ends
    if (way == 1u) {
        let outcome = Outcome(Cuts(0u, 0u), list.before, 0u, 0u, start);
        emit_dealt(row, outcome, deal, vec3<u32>(first_bucket, offset, stored), stop);
        for (var place = stop - start + thread; place < ${K}u; place += ${WG}u) { emit_missing(row, place); }
    }
    return way;
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
    // Read before it is known how many there are, so that nothing waits for it.
    // #for I < HELD
    // #if SIFTED
    held_${I} = sifted[row * ${SIFTED_ROOM}u + min(${I}u * ${WG}u + thread, ${SIFTED_ROOM}u - 1u)];
    // #else
    held_${I} = found[row * ${FOUND}u + min(${I}u * ${WG}u + thread, ${FOUND}u - 1u)];
    // #end
    // #end
    let cuts = Cuts(state[row * 8u], state[row * 8u + 1u]);
    var list = List(state[row * 8u + 2u], state[row * 8u + 3u], state[row * 8u + 7u], min(cuts.end, LAST_KEY));
    let valid = ${COLS}u - state[row * 8u + 6u];
    let start = middle_start(valid);
    // #if MIDDLE
    let stop = min(start + ${K}u, valid);
    // #else
    let stop = ${K}u;
    // #end
    let complete = list.taken <= ${FOUND}u;
    let inside = complete && list.before <= start && list.before + list.taken >= stop && stop > start;
    var attempts = select(0u, 2u, inside);
    // #if SIFTED
    let own = row * ${ASIDE}u + ${SIFTED_COUNT}u;
    let sieve = List(aside[own], aside[own + 3u], ~aside[own + 1u], aside[own + 2u]);
    let promised = sieve.taken == aside[own + 4u] && sieve.taken <= ${SIFTED_ROOM}u;
    let serves = inside && promised && sieve.before <= start && sieve.before + sieve.taken >= stop;
    from_sifted = serves;
    if (serves) { list = sieve; } else { attempts = 0u; }
    // #end
    var way = 0u;
    for (var attempt = 0u; attempt < attempts; attempt++) {
        way = deal_listed(row, list, start, stop, attempt == ${BY_VALUE_TURN}u);
        if (way > 0u) { break; }
    }
    if (way == 1u) { return; }
    let tied_low = state[row * 8u + 5u];
    let tied_high = state[row * 8u + 4u];
    let reached = list.before + list.taken + tied_high;
    let enough = cuts.end > LAST_KEY || reached >= stop;
    // Whatever is left: candidates that are there already, a list that fits and ties around it, or exact cuts.
    var outcome = Outcome(cuts, list.before, tied_low, tied_high, start);
    var count = list.taken;
    if (way == 2u) {
        outcome = Outcome(Cuts(0u, 0u), list.before + dealt.y, 0u, 0u, start);
        count = 0u;
    } else if (inside || !complete || count > ${CAPACITY}u || list.before - tied_low > start || !enough) {
        from_row = !inside;
        count = select(${COLS}u, list.taken, inside);
        let base = select(0u, list.least, inside);
        let spread = select(NO_KEY, list.beyond - list.least, inside);
        outcome = exact_outcome(row, start, stop, count, base, spread, select(0u, list.before, inside));
    }
    if (thread < 4u) { atomicStore(&totals[thread], select(0u, dealt.z, thread == 0u && way == 2u)); }
    workgroupBarrier();
    // the totals are clear
    for (var slot = thread; slot < count; slot += 4u * ${WG}u) {
        // #for I < 4
        let entry_${I} = entry_of(row, min(slot + ${I}u * ${WG}u, count - 1u));
        // #end
        // #for I < 4
        if (slot + ${I}u * ${WG}u < count) { offer(entry_${I}.x, entry_${I}.y, outcome.cuts); }
        // #end
    }
    workgroupBarrier();
    // the candidates are complete
    settle(row, outcome);
}
