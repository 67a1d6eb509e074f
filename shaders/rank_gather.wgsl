// rank_gather: one read of the matrix that lists the entries between each row's cuts and counts the others.
//
// A workgroup reads one of CHUNKS stretches of a row, UNROLL = MASKS * MASKED vectors per lane at a time. Every lane stages
// what it finds in slots of its own, so that nothing is shared until the end: then the row's counter is touched once, and
// the slots are moved together so that neighbouring lanes write neighbouring entries. A lane with more finds than slots
// sends them to the list by itself: at once where a row's ends are wanted, for its middle in a second read of its columns.
// Slots hold columns, with STAGE_KEYS keys as well; else the keys are read again at the end.
//
// @bind  0 values  read  u32[ROWS * COLS]; the bits of float32
// @bind  1 values4 read  vec4<u32>[ROWS * COLS / 4]; the same buffer
// @bind  2 state   write u32[ROWS * 8]; cuts from rank_cut; found, before the first cut, tied with the end, tied with the
//        key before the first cut, NaN, least key found
// @bind  3 found   write vec2<u32>[ROWS * FOUND]; keys and columns in any order
// @bind  4 parted  read  vec2<u32>[ROWS * PARTS]; with JOINED: cuts from rank_cut, of which the outermost serve
// @bind  5 aside   write u32[ROWS * ASIDE]; with SIFTED: how many of the listed entries lie in each bucket, and their scale
// @grid  ROWS * CHUNKS workgroups, folded into x and y
// @tune  WG, UNROLL, CHUNKS, SLOTS
// @needs 4 * SLOTS * WG bytes of workgroup memory, with STAGE_KEYS 8, and with SIFTED 8 * WG for buckets
// @twin  none: a set in any order

// @import rank_keys
// #if SIFTED
// @import rank_buckets
// #end

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read> values4: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> state: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> found: array<vec2<u32>>;
// #if JOINED
@group(0) @binding(4) var<storage, read> parted: array<vec2<u32>>;
// #end
// #if SIFTED
@group(0) @binding(5) var<storage, read_write> aside: array<atomic<u32>>;
// #end

// #if STAGE_KEYS
var<workgroup> stage: array<vec2<u32>, ${STAGE}>;
// #else
var<workgroup> stage: array<u32, ${STAGE}>;
// #end
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
// #if STAGE_KEYS
fn append(row: u32, at: u32, entry: vec2<u32>) {
// #else
fn append(row: u32, at: u32, column: u32) {
    let entry = vec2<u32>(order_key(values[row * ${COLS}u + column]), column);
// #end
    least = min(least, entry.x);
    // #if SIFTED
    count_in_bucket(bucket_of(entry.x, deal));
    // #end
    if (at < ${FOUND}u) { found[row * ${FOUND}u + at] = entry; }
}

/// Empties this lane's slots where no further entry fits.
fn make_room(row: u32) {
    if (slot < ${STAGE}u) { return; }
    var at = atomicAdd(&state[row * 8u + 2u], slot / ${WG}u);
    for (var each = thread; each < slot; each += ${WG}u) {
        append(row, at, stage[each]);
        at++;
    }
    slot = thread;
}

/// Stages an entry. Where there is no room, the last slot's is lost, and the slots count on.
fn keep(key: u32, column: u32) {
    let place = min(slot, ${STAGE}u - ${WG}u + thread);
    // #if STAGE_KEYS
    stage[place] = vec2<u32>(key, column);
    // #else
    stage[place] = column;
    // #end
    slot += ${WG}u;
}
// #if MIDDLE

/// Lists what this lane finds in its vectors of a stretch once more, which were more entries than it has slots.
fn gather_again(row: u32, start: u32, end: u32, cuts: Cuts) {
    var at = atomicAdd(&state[row * 8u + 2u], slot / ${WG}u);
    for (var vector = start + thread; vector < end; vector += ${WG}u) {
        let keys = order_keys(values4[vector]);
        let column = vector * 4u - row * ${COLS}u;
        // #for E < 4
        if ((keys[${E}] >= cuts.first) & (keys[${E}] < cuts.end)) {
            // #if STAGE_KEYS
            append(row, at, vec2<u32>(keys[${E}], column + ${E}u));
            // #else
            append(row, at, column + ${E}u);
            // #end
            at++;
        }
        // #end
    }
    slot = thread;
}
// #end
// #if JOINED

/// The outermost cuts of a row, and with SIFTED how the keys between them become buckets; also for later launches.
fn join_parts(row: u32, chunk: u32) -> Cuts {
    var cuts = Cuts(NO_KEY, 0u);
    // #for P < PARTS
    let part_${P} = parted[row * ${PARTS}u + ${P}u];
    // #end
    // #for P < PARTS
    cuts = Cuts(min(cuts.first, part_${P}.x), max(cuts.end, part_${P}.y));
    // #end
    let tells = (chunk == 0u) & (thread == 0u);
    if (tells) {
        atomicStore(&state[row * 8u], cuts.first);
        atomicStore(&state[row * 8u + 1u], cuts.end);
    }
    // #if SIFTED
    let base = min(cuts.first, LAST_KEY);
    let spread = order_value(max(base, min(cuts.end, LAST_KEY))) - order_value(base);
    let scale = bitcast<u32>(${SIFT_BUCKETS}.0 / max(spread, 1e-30));
    deal = deal_by_value(base, scale);
    if (tells) {
        atomicStore(&aside[row * ${ASIDE}u + ${SCALE}u], scale);
        atomicStore(&aside[row * ${ASIDE}u + ${SCALE}u + 1u], base);
    }
    // #end
    return cuts;
}
// #end

/// Counts an entry that equals the end cut, or the key before the first one, or is NaN.
fn count_odd(key: u32, cuts: Cuts) {
    tied_high += select(0u, 1u, (key == cuts.end) & (key >= cuts.first) & (key <= LAST_KEY));
    // #if MIDDLE
    tied_low += select(0u, 1u, (key <= LAST_KEY) & (key + 1u == cuts.first));
    absent += select(0u, 1u, key > LAST_KEY);
    // #end
}

/// Stages an entry between the cuts, and counts any other that is odd.
fn offer(row: u32, key: u32, column: u32, cuts: Cuts) {
    if ((key >= cuts.first) & (key < cuts.end)) {
        make_room(row);
        keep(key, column);
    } else {
        count_odd(key, cuts);
    }
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
    // #if JOINED
    let cuts = join_parts(row, chunk);
    // #else
    let cuts = Cuts(atomicLoad(&state[row * 8u]), atomicLoad(&state[row * 8u + 1u]));
    // #end
    // #if MIDDLE
    let span = max(cuts.end, cuts.first) - cuts.first;
    var before = vec4<u32>(0u);
    // #end
    // #if SIFTED
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
        // #for M < MASKS
        // #for V < MASKED
        let at_${M}_${V} = base + (${M}u * ${MASKED}u + ${V}u) * ${WG}u + thread;
        let bits_${M}_${V} = values4[min(at_${M}_${V}, chunk_end - 1u)];
        // #end
        // #end
        // #for M < MASKS
        // #if not MIDDLE
        // Few entries come before the end cut or equal it: a lane marks its own, then reads them again.
        var marks_${M} = 0u;
        // #end
        // #for V < MASKED
        let known_${M}_${V} = at_${M}_${V} < chunk_end;
        let keys_${M}_${V} = order_keys(bits_${M}_${V});
        // #if MIDDLE
        let past_${M}_${V} = keys_${M}_${V} - vec4<u32>(cuts.first);
        let inside_${M}_${V} = past_${M}_${V} < vec4<u32>(select(0u, span, known_${M}_${V}));
        before += select(vec4<u32>(0u), vec4<u32>(1u), keys_${M}_${V} < vec4<u32>(select(0u, cuts.first, known_${M}_${V})));
        // #for E < 4
        if (inside_${M}_${V}[${E}]) { keep(keys_${M}_${V}[${E}], at_${M}_${V} * 4u - row_start + ${E}u); }
        // #end
        let edge_${M}_${V} = (past_${M}_${V} == vec4<u32>(span)) | (past_${M}_${V} == vec4<u32>(NO_KEY));
        let odd_${M}_${V} = edge_${M}_${V} | (keys_${M}_${V} > vec4<u32>(LAST_KEY));
        if (any(odd_${M}_${V}) & known_${M}_${V}) {
            // #for E < 4
            count_odd(keys_${M}_${V}[${E}], cuts);
            // #end
        }
        // #else
        let wanted_${M}_${V} = (keys_${M}_${V} <= vec4<u32>(cuts.end)) & vec4<bool>(known_${M}_${V});
        // #for E < 4
        marks_${M} |= select(0u, 1u << (4u * ${V}u + ${E}u), wanted_${M}_${V}[${E}]);
        // #end
        // #end
        // #end
        // #if not MIDDLE
        while (marks_${M} != 0u) {
            let bit = firstTrailingBit(marks_${M});
            marks_${M} &= marks_${M} - 1u;
            let at = base + (${M}u * ${MASKED}u + bit / 4u) * ${WG}u + thread;
            let column = at * 4u - row_start + bit % 4u;
            offer(row, order_key(values[row_start + column]), column, cuts);
        }
        // #end
        // #end
    }
    // #if MIDDLE
    if (slot >= ${STAGE}u + ${WG}u) { gather_again(row, chunk_start, chunk_end, cuts); }
    // #end
    // The row's entries before its first and after its last whole vector are the first chunk's.
    let head = row_vectors * 4u - row_start;
    let tail = row_vectors_end * 4u - row_start;
    let loose = select(tail - head + thread, thread, thread < head);
    if (chunk == 0u && loose < ${COLS}u && thread < head + ${COLS}u - tail) {
        let key = order_key(values[row_start + loose]);
        offer(row, key, loose, cuts);
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
