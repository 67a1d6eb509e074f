// rank_gather: one read of the matrix that lists the entries between each row's cuts and counts the others.
//
// A workgroup reads one of CHUNKS stretches of a row, UNROLL vectors per lane at a time, and stages what it finds in
// workgroup memory, so that the row's counter is touched once. Past the stage's end, finds go to the list one by one.
//
// @bind  0 values  read  u32[ROWS * COLS]; the bits of float32
// @bind  1 values4 read  vec4<u32>[ROWS * COLS / 4]; the same buffer
// @bind  2 state   write u32[ROWS * 8]; cuts from rank_cut; found, tied with the end, before the first cut, tied with
//        the key before it, not NaN
// @bind  3 found   write vec2<u32>[ROWS * FOUND]; keys and columns in any order
// @grid  ROWS * CHUNKS workgroups, folded into x and y
// @tune  WG, UNROLL, CHUNKS, STAGE
// @needs 8 * STAGE bytes of workgroup memory
// @twin  none: a set in any order

// @import rank_keys

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read> values4: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> state: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> found: array<vec2<u32>>;

var<workgroup> stage: array<vec2<u32>, ${STAGE}>;
var<workgroup> staged: atomic<u32>;
var<workgroup> place: u32;
var<workgroup> counts: array<atomic<u32>, 4>; // tied with the end, before the first cut, tied below it, not NaN
var<private> tied_high: u32;
var<private> tied_low: u32;
// #if MIDDLE
var<private> before: u32;
var<private> valid: u32;
// #end

fn keep(row: u32, key: u32, column: u32, first: u32, end: u32) {
    if (key >= first && key < end) {
        let slot = atomicAdd(&staged, 1u);
        if (slot < ${STAGE}u) {
            stage[slot] = vec2<u32>(key, column);
        } else {
            let slot_in_row = atomicAdd(&state[row * 8u + 2u], 1u);
            if (slot_in_row < ${FOUND}u) { found[row * ${FOUND}u + slot_in_row] = vec2<u32>(key, column); }
        }
    }
    tied_high += select(0u, 1u, key == end && key >= first && key <= LAST_KEY);
    tied_low += select(0u, 1u, key <= LAST_KEY && key + 1u == first);
}

fn take(row: u32, column: u32, first: u32, end: u32) {
    let key = order_key(values[row * ${COLS}u + column]);
    keep(row, key, column, first, end);
    // #if MIDDLE
    before += select(0u, 1u, key < first);
    valid += select(0u, 1u, key <= LAST_KEY);
    // #end
}

@compute @workgroup_size(${WG})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let task = group.y * ${GRID_X}u + group.x;
    if (task >= ${ROWS}u * ${CHUNKS}u) { return; }
    let row = task / ${CHUNKS}u;
    let chunk = task % ${CHUNKS}u;
    let first = atomicLoad(&state[row * 8u]);
    let end = atomicLoad(&state[row * 8u + 1u]);
    if (thread == 0u) { atomicStore(&staged, 0u); }
    if (thread < 4u) { atomicStore(&counts[thread], 0u); }
    workgroupBarrier();
    // the stage is empty
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
        // #if MIDDLE
        let listed_${U} = vec4<u32>(select(0u, NO_KEY, at_${U} >= chunk_end));
        let keys_${U} = order_keys(bits_${U}) | listed_${U};
        let below_${U} = select(vec4<u32>(0u), vec4<u32>(1u), keys_${U} < vec4<u32>(first));
        let valid_${U} = select(vec4<u32>(0u), vec4<u32>(1u), keys_${U} <= vec4<u32>(LAST_KEY));
        before += below_${U}.x + below_${U}.y + below_${U}.z + below_${U}.w;
        valid += valid_${U}.x + valid_${U}.y + valid_${U}.z + valid_${U}.w;
        let inside_${U} = keys_${U} - vec4<u32>(first - 1u) <= vec4<u32>(end - (first - 1u));
        if (any(inside_${U})) {
        // #else
        let keys_${U} = order_keys(bits_${U});
        let inside_${U} = keys_${U} <= vec4<u32>(end);
        if (any(inside_${U}) && at_${U} < chunk_end) {
        // #end
            let column = at_${U} * 4u - row_start;
            // #for E < 4
            if (inside_${U}[${E}]) { keep(row, keys_${U}[${E}], column + ${E}u, first, end); }
            // #end
        }
        // #end
    }
    // The row's entries before its first and after its last whole vector are the first chunk's.
    let head = row_vectors * 4u - row_start;
    let tail = row_vectors_end * 4u - row_start;
    if (chunk == 0u && thread < head) { take(row, thread, first, end); }
    if (chunk == 0u && thread < ${COLS}u - tail) { take(row, tail + thread, first, end); }
    if (tied_high > 0u) { atomicAdd(&counts[0], tied_high); }
    // #if MIDDLE
    if (before > 0u) { atomicAdd(&counts[1], before); }
    if (tied_low > 0u) { atomicAdd(&counts[2], tied_low); }
    if (valid > 0u) { atomicAdd(&counts[3], valid); }
    // #end
    workgroupBarrier();
    // the stage and the counts are complete
    if (thread < 4u && atomicLoad(&counts[thread]) > 0u) {
        atomicAdd(&state[row * 8u + 3u + thread], atomicLoad(&counts[thread]));
    }
    if (thread == 0u) {
        let count = min(atomicLoad(&staged), ${STAGE}u);
        place = 0u;
        if (count > 0u) { place = atomicAdd(&state[row * 8u + 2u], count); }
    }
    workgroupBarrier();
    // the stage has its place in the list
    for (var slot = thread; slot < min(atomicLoad(&staged), ${STAGE}u); slot += ${WG}u) {
        if (place + slot < ${FOUND}u) { found[row * ${FOUND}u + place + slot] = stage[slot]; }
    }
}
