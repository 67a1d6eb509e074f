// sort_blocks: sort runs of BLOCK neighbours of every row in workgroup memory, by (key, column).
//
// Values become u32 keys of the same order: -0 equals +0, NaN is largest in either direction. The column decides
// between equal keys, so the sort is stable. The bitonic network runs over BLOCK slots; slots past the row's end hold
// the largest key with a column past the end and sink to the back.
//
// @bind  0 values  read  u32[ROWS * LENGTH]; the bits of the values
// @bind  1 columns write u32[ROWS * LENGTH]; per run, the sorted columns
// @bind  2 keys    write u32[ROWS * LENGTH]; per run, the sorted keys
// @grid  ROWS * ceil(LENGTH / BLOCK) workgroups, folded into x and y
// @tune  BLOCK, a power of two; THREADS
// @needs 8 * BLOCK bytes of workgroup memory
// @twin  numpy.argsort(kind="stable")

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> columns: array<u32>;
@group(0) @binding(2) var<storage, read_write> keys: array<u32>;

var<workgroup> sh_key: array<u32, ${BLOCK}>;
var<workgroup> sh_column: array<u32, ${BLOCK}>;

fn sort_key(bits: u32) -> u32 {
    // #if IS_FLOAT
    let magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) { return 0xffffffffu; }
    let plain = select(bits, 0u, magnitude == 0u);
    let key = plain ^ select(0x80000000u, 0xffffffffu, (plain >> 31u) == 1u);
    // #else
    // #if IS_ROW_INDEX
    // #if IS_SIGNED
    let key = u32(clamp(bitcast<i32>(bits), 0i, ${LAST_ROW}i));
    // #else
    let key = min(bits, ${LAST_ROW}u);
    // #end
    // #else
    // #if IS_SIGNED
    let key = bits ^ 0x80000000u;
    // #else
    let key = bits;
    // #end
    // #end
    // #end
    // #if DESCENDING
    return ~key;
    // #else
    return key;
    // #end
}

fn exchange(low: u32, high: u32, ascending: bool) {
    let low_key = sh_key[low];
    let high_key = sh_key[high];
    let low_column = sh_column[low];
    let high_column = sh_column[high];
    let in_order = low_key < high_key || (low_key == high_key && low_column < high_column);
    if (in_order != ascending) {
        sh_key[low] = high_key;
        sh_key[high] = low_key;
        sh_column[low] = high_column;
        sh_column[high] = low_column;
    }
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let run_ix = group.y * ${GRID_X}u + group.x;
    if (run_ix >= ${RUNS}u) { return; }
    let row_start = run_ix / ${RUNS_PER_ROW}u * ${LENGTH}u;
    let first = run_ix % ${RUNS_PER_ROW}u * ${BLOCK}u;
    for (var round = 0u; round < ${LOADS}u; round++) {
        let slot = round * ${THREADS}u + thread;
        let column = first + slot;
        sh_column[slot] = column;
        sh_key[slot] = 0xffffffffu;
        if (column < ${LENGTH}u) { sh_key[slot] = sort_key(values[row_start + column]); }
    }
    for (var span_log = 1u; span_log <= ${BLOCK_LOG}u; span_log++) {
        for (var step = 0u; step < span_log; step++) {
            workgroupBarrier();
            // every slot's exchange of the previous step is done
            let distance_log = span_log - 1u - step;
            for (var round = 0u; round < ${EXCHANGES}u; round++) {
                let pair = round * ${THREADS}u + thread;
                let low = ((pair >> distance_log) << (distance_log + 1u)) | (pair & ((1u << distance_log) - 1u));
                exchange(low, low | (1u << distance_log), ((low >> span_log) & 1u) == 0u);
            }
        }
    }
    workgroupBarrier();
    // the run is in order in sh_key and sh_column
    for (var round = 0u; round < ${LOADS}u; round++) {
        let slot = round * ${THREADS}u + thread;
        if (first + slot < ${LENGTH}u) {
            columns[row_start + first + slot] = sh_column[slot];
            keys[row_start + first + slot] = sh_key[slot];
        }
    }
}
