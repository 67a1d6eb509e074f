// rank_gather: one read of the matrix that lists the entries between each row's cuts and counts the others.
//
// A workgroup reads one of CHUNKS stretches of a row, UNROLL vectors per lane at a time. Every lane stages what it finds
// in slots of its own, so that nothing is shared until the end, when the row's counter is touched once. Finds beyond a
// lane's slots go to the list one by one.
//
// @bind  0 values  read  u32[ROWS * COLS]; the bits of float32
// @bind  1 values4 read  vec4<u32>[ROWS * COLS / 4]; the same buffer
// @bind  2 state   write u32[ROWS * 8]; cuts from rank_cut; found, tied with the end, before the first cut, tied with
//        the key before it, NaN
// @bind  3 found   write vec2<u32>[ROWS * FOUND]; keys and columns in any order
// @grid  ROWS * CHUNKS workgroups, folded into x and y
// @tune  WG, UNROLL, CHUNKS, SLOTS
// @needs 8 * SLOTS * WG bytes of workgroup memory
// @twin  none: a set in any order

// @import rank_keys

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read> values4: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> state: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> found: array<vec2<u32>>;

var<workgroup> stage: array<vec2<u32>, ${STAGE}>;
var<workgroup> staged: atomic<u32>;
var<workgroup> place: u32;
var<workgroup> counts: array<atomic<u32>, 4>; // tied with the end, before the first cut, tied below it, NaN
var<private> own: u32; // entries in this lane's slots
var<private> tied_high: u32;
// #if MIDDLE
var<private> tied_low: u32;
var<private> before: u32; // keys before the one that is tied below the first cut
var<private> absent: u32;
// #end

fn append(row: u32, slot: u32, entry: vec2<u32>) {
    if (slot < ${FOUND}u) { found[row * ${FOUND}u + slot] = entry; }
}

fn keep(row: u32, key: u32, column: u32, cuts: Cuts) {
    if (key >= cuts.first && key < cuts.end) {
        if (own < ${SLOTS}u) {
            stage[own * ${WG}u + thread] = vec2<u32>(key, column);
            own++;
        } else {
            append(row, atomicAdd(&state[row * 8u + 2u], 1u), vec2<u32>(key, column));
        }
    } else {
        tied_high += select(0u, 1u, key == cuts.end && key >= cuts.first && key <= LAST_KEY);
        // #if MIDDLE
        tied_low += select(0u, 1u, key <= LAST_KEY && key + 1u == cuts.first);
        // #end
    }
}

fn take(row: u32, column: u32, cuts: Cuts) {
    let key = order_key(values[row * ${COLS}u + column]);
    keep(row, key, column, cuts);
    // #if MIDDLE
    before += select(0u, 1u, key + 1u < cuts.first && key <= LAST_KEY);
    absent += select(0u, 1u, key > LAST_KEY);
    // #end
}

@compute @workgroup_size(${WG})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let task = group.y * ${GRID_X}u + group.x;
    if (task >= ${ROWS}u * ${CHUNKS}u) { return; }
    thread = index;
    let row = task / ${CHUNKS}u;
    let chunk = task % ${CHUNKS}u;
    let cuts = Cuts(atomicLoad(&state[row * 8u]), atomicLoad(&state[row * 8u + 1u]));
    // #if MIDDLE
    let lowest = max(cuts.first, 1u) - 1u;
    // #end
    if (thread == 0u) { atomicStore(&staged, 0u); }
    if (thread < 4u) { atomicStore(&counts[thread], 0u); }
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
        let keys_${U} = order_keys(bits_${U});
        // #if MIDDLE
        let below_${U} = keys_${U} < vec4<u32>(lowest);
        let outside_${U} = below_${U} | (keys_${U} > vec4<u32>(cuts.end));
        if (at_${U} < chunk_end) {
            let ones_${U} = select(vec4<u32>(0u), vec4<u32>(1u), below_${U});
            before += ones_${U}.x + ones_${U}.y + ones_${U}.z + ones_${U}.w;
            let largest_${U} = max(max(keys_${U}.x, keys_${U}.y), max(keys_${U}.z, keys_${U}.w));
            if (largest_${U} > LAST_KEY) {
                let nan_${U} = select(vec4<u32>(0u), vec4<u32>(1u), keys_${U} > vec4<u32>(LAST_KEY));
                absent += nan_${U}.x + nan_${U}.y + nan_${U}.z + nan_${U}.w;
            }
        }
        // #else
        let outside_${U} = keys_${U} > vec4<u32>(cuts.end);
        // #end
        if (!all(outside_${U}) && at_${U} < chunk_end) {
            let column = at_${U} * 4u - row_start;
            // #for E < 4
            if (!outside_${U}[${E}]) { keep(row, keys_${U}[${E}], column + ${E}u, cuts); }
            // #end
        }
        // #end
    }
    // The row's entries before its first and after its last whole vector are the first chunk's.
    let head = row_vectors * 4u - row_start;
    let tail = row_vectors_end * 4u - row_start;
    if (chunk == 0u && thread < head) { take(row, thread, cuts); }
    if (chunk == 0u && thread < ${COLS}u - tail) { take(row, tail + thread, cuts); }
    let own_place = atomicAdd(&staged, own);
    if (tied_high > 0u) { atomicAdd(&counts[0], tied_high); }
    // #if MIDDLE
    if (before + tied_low > 0u) { atomicAdd(&counts[1], before + tied_low); }
    if (tied_low > 0u) { atomicAdd(&counts[2], tied_low); }
    if (absent > 0u) { atomicAdd(&counts[3], absent); }
    // #end
    workgroupBarrier();
    // the counts are complete
    if (thread < 4u && atomicLoad(&counts[thread]) > 0u) {
        atomicAdd(&state[row * 8u + 3u + thread], atomicLoad(&counts[thread]));
    }
    if (thread == 0u) {
        let count = atomicLoad(&staged);
        place = 0u;
        if (count > 0u) { place = atomicAdd(&state[row * 8u + 2u], count); }
    }
    workgroupBarrier();
    // the staged entries have their place in the list
    for (var slot = 0u; slot < own; slot++) { append(row, place + own_place + slot, stage[slot * ${WG}u + thread]); }
}
