// rank_gather: one read of the matrix that lists the entries between each row's cuts and counts the others.
//
// A workgroup reads one of CHUNKS stretches of a row, UNROLL vectors per lane at a time. Every lane stages what it finds
// in slots of its own, without a branch, so that nothing is shared until the end: then the row's counter is touched once,
// and the slots are moved together so that neighbouring lanes write neighbouring entries. A lane whose slots are full
// sends them to the list by itself.
//
// @bind  0 values  read  u32[ROWS * COLS]; the bits of float32
// @bind  1 values4 read  vec4<u32>[ROWS * COLS / 4]; the same buffer
// @bind  2 state   write u32[ROWS * 8]; cuts from rank_cut; found, before the first cut, tied with the end, tied with the
//        key before the first cut, NaN, least key found
// @bind  3 found   write vec2<u32>[ROWS * FOUND]; keys and columns in any order
// @bind  4 aside   write u32[ROWS * ASIDE]; with SIFTED: how many of the listed entries lie in each bucket
// @grid  ROWS * CHUNKS workgroups, folded into x and y
// @tune  WG, UNROLL, CHUNKS, SLOTS
// @needs 8 * SLOTS * WG bytes of workgroup memory, with SIFTED 12 * WG for buckets
// @twin  none: a set in any order

// @import rank_keys
// #if SIFTED
// @import rank_buckets
// #end

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read> values4: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> state: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> found: array<vec2<u32>>;
// #if SIFTED
@group(0) @binding(4) var<storage, read_write> aside: array<atomic<u32>>;
// #end

var<workgroup> stage: array<vec2<u32>, ${STAGE}>;
var<workgroup> staged: atomic<u32>; // for the middle also, in its upper half, how many keys come before the first cut
var<workgroup> place: u32;
var<workgroup> counts: array<atomic<u32>, 3>; // tied with the end, tied with the key before the first cut, NaN
var<workgroup> least_found: atomic<u32>;
var<private> slot: u32; // where this lane stages its next find
var<private> least: u32;
var<private> tied_high: u32;
// #if MIDDLE
var<private> tied_low: u32;
var<private> absent: u32;
// #end
// #if SIFTED
var<private> deal: Deal;
// #end

/// Puts a staged entry into the list.
fn append(row: u32, at: u32, entry: vec2<u32>) {
    least = min(least, entry.x);
    // #if SIFTED
    count_in_bucket(bucket_of(entry.x, deal));
    // #end
    if (at < ${FOUND}u) { found[row * ${FOUND}u + at] = entry; }
}

/// Empties this lane's slots where four more entries might not fit.
fn make_room(row: u32) {
    if (slot < ${FULL}u) { return; }
    var at = atomicAdd(&state[row * 8u + 2u], slot / ${WG}u);
    for (var each = thread; each < slot; each += ${WG}u) {
        append(row, at, stage[each]);
        at++;
    }
    slot = thread;
}

fn keep(key: u32, column: u32, inside: bool) {
    if (inside) {
        stage[slot] = vec2<u32>(key, column);
        slot += ${WG}u;
    }
}

/// Counts an entry that equals the end cut, or the key before the first one, or is NaN.
fn count_odd(key: u32, cuts: Cuts) {
    tied_high += select(0u, 1u, (key == cuts.end) & (key >= cuts.first) & (key <= LAST_KEY));
    // #if MIDDLE
    tied_low += select(0u, 1u, (key <= LAST_KEY) & (key + 1u == cuts.first));
    absent += select(0u, 1u, key > LAST_KEY);
    // #end
}

@compute @workgroup_size(${WG})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let task = group.y * ${GRID_X}u + group.x;
    if (task >= ${ROWS}u * ${CHUNKS}u) { return; }
    thread = index;
    slot = thread;
    least = NO_KEY;
    let row = task / ${CHUNKS}u;
    let chunk = task % ${CHUNKS}u;
    let cuts = Cuts(atomicLoad(&state[row * 8u]), atomicLoad(&state[row * 8u + 1u]));
    // #if MIDDLE
    let span = max(cuts.end, cuts.first) - cuts.first;
    var before = vec4<u32>(0u);
    // #end
    // #if SIFTED
    deal = deal_by_value(atomicLoad(&aside[row * ${ASIDE}u + ${SCALE}u + 1u]), atomicLoad(&aside[row * ${ASIDE}u + ${SCALE}u]));
    clear_buckets();
    // #end
    if (thread == 0u) {
        atomicStore(&staged, 0u);
        atomicStore(&least_found, NO_KEY);
    }
    if (thread < 3u) { atomicStore(&counts[thread], 0u); }
    workgroupBarrier();
    // the counters are clear
    let row_start = row * ${COLS}u;
    let row_vectors = (row_start + 3u) / 4u;
    let row_vectors_end = (row_start + ${COLS}u) / 4u;
    let chunk_start = row_vectors + chunk * ${CHUNK_VECTORS}u;
    let chunk_end = min(chunk_start + ${CHUNK_VECTORS}u, row_vectors_end);
    for (var base = chunk_start; base < chunk_end; base += ${WG}u * ${UNROLL}u) {
        // #for U < UNROLL
        let at_${U} = base + ${U}u * ${WG}u + thread;
        let bits_${U} = values4[min(at_${U}, chunk_end - 1u)];
        // #end
        // #for U < UNROLL
        make_room(row);
        let known_${U} = at_${U} < chunk_end;
        let keys_${U} = order_keys(bits_${U});
        let column_${U} = at_${U} * 4u - row_start;
        // #if MIDDLE
        let past_${U} = keys_${U} - vec4<u32>(cuts.first);
        let inside_${U} = past_${U} < vec4<u32>(select(0u, span, known_${U}));
        before += select(vec4<u32>(0u), vec4<u32>(1u), keys_${U} < vec4<u32>(select(0u, cuts.first, known_${U})));
        // #for E < 4
        keep(keys_${U}[${E}], column_${U} + ${E}u, inside_${U}[${E}]);
        // #end
        let edge_${U} = (past_${U} == vec4<u32>(span)) | (past_${U} == vec4<u32>(NO_KEY));
        let odd_${U} = edge_${U} | (keys_${U} > vec4<u32>(LAST_KEY));
        // #else
        let inside_${U} = (keys_${U} < vec4<u32>(cuts.end)) & vec4<bool>(known_${U});
        // #for E < 4
        keep(keys_${U}[${E}], column_${U} + ${E}u, inside_${U}[${E}]);
        // #end
        let odd_${U} = keys_${U} == vec4<u32>(cuts.end);
        // #end
        if (any(odd_${U}) & known_${U}) {
            // #for E < 4
            count_odd(keys_${U}[${E}], cuts);
            // #end
        }
        // #end
    }
    // The row's entries before its first and after its last whole vector are the first chunk's.
    let head = row_vectors * 4u - row_start;
    let tail = row_vectors_end * 4u - row_start;
    let loose = select(tail - head + thread, thread, thread < head);
    if (chunk == 0u && loose < ${COLS}u && thread < head + ${COLS}u - tail) {
        make_room(row);
        let key = order_key(values[row_start + loose]);
        keep(key, loose, key >= cuts.first && key < cuts.end);
        count_odd(key, cuts);
        // #if MIDDLE
        before.x += select(0u, 1u, key < cuts.first);
        // #end
    }
    // Both sums in one word: atomics on one place make lanes wait for each other.
    let own = slot / ${WG}u;
    // #if MIDDLE
    let own_place = atomicAdd(&staged, own | ((before.x + before.y + before.z + before.w) << 16u)) & 0xffffu;
    // #else
    let own_place = atomicAdd(&staged, own);
    // #end
    // #for S < SLOTS
    let staged_${S} = stage[${S}u * ${WG}u + thread];
    // #end
    if (tied_high > 0u) { atomicAdd(&counts[0], tied_high); }
    // #if MIDDLE
    if (tied_low > 0u) { atomicAdd(&counts[1], tied_low); }
    if (absent > 0u) { atomicAdd(&counts[2], absent); }
    // #end
    workgroupBarrier();
    // the counts are complete
    if (thread < 3u) {
        let count = atomicLoad(&counts[thread]);
        if (count > 0u) { atomicAdd(&state[row * 8u + 4u + thread], count); }
    }
    // #for S < SLOTS
    if (${S}u < own) { stage[own_place + ${S}u] = staged_${S}; }
    // #end
    let all = atomicLoad(&staged);
    // #if MIDDLE
    let count = all & 0xffffu;
    if (thread == 1u) { atomicAdd(&state[row * 8u + 3u], all >> 16u); }
    // #else
    let count = all;
    // #end
    if (thread == 0u) {
        place = 0u;
        if (count > 0u) { place = atomicAdd(&state[row * 8u + 2u], count); }
    }
    workgroupBarrier();
    // the staged entries lie together and have their place in the list
    for (var each = thread; each < count; each += ${WG}u) { append(row, place + each, stage[each]); }
    if (least < atomicLoad(&least_found)) { atomicMin(&least_found, least); }
    workgroupBarrier();
    // the least key and the buckets are complete
    if (thread == 0u && atomicLoad(&least_found) != NO_KEY) { atomicMin(&state[row * 8u + 7u], atomicLoad(&least_found)); }
    // #if SIFTED
    for (var bucket = thread; bucket < BUCKETS; bucket += ${WG}u) {
        let count = atomicLoad(&buckets[bucket]);
        if (count > 0u) { atomicAdd(&aside[row * ${ASIDE}u + bucket], count); }
    }
    // #end
}
