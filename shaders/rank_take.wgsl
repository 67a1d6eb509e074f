// rank_take: the K wanted entries of rows that sort_blocks and sort_merge have sorted.
//
// @bind  0 values      read  u32[ROWS * COLS]; the bits of float32
// @bind  1 columns     read  u32[ROWS * COLS]; sorted
// @bind  2 keys        read  u32[ROWS * COLS]; sorted; NaN is the largest
// @bind  3 out_values  write u32[ROWS * K]
// @bind  4 out_columns write u32[ROWS * K]; -1 with NaN where the row has no more numbers
// @grid  ceil(ROWS * K / 256) workgroups, folded into x and y
// @tune  nothing
// @needs no workgroup memory
// @twin  spiraltorch_web.kernels.rankk.reference.rank_reference

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read> columns: array<u32>;
@group(0) @binding(2) var<storage, read> keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> out_values: array<u32>;
@group(0) @binding(4) var<storage, read_write> out_columns: array<u32>;

/// Entries of the sorted row that are numbers.
fn count_numbers(row_start: u32) -> u32 {
    var low = 0u;
    var high = ${COLS}u;
    for (var step = 0u; step < ${SEARCH_STEPS}u; step++) {
        let middle = (low + high) / 2u;
        let number = low < high && keys[row_start + min(middle, ${COLS}u - 1u)] != 0xffffffffu;
        low = select(low, middle + 1u, number);
        high = select(middle, high, number | (low >= high));
    }
    return low;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let entry = (group.y * ${GRID_X}u + group.x) * 256u + thread;
    if (entry >= ${ENTRIES}u) { return; }
    let row_start = entry / ${K}u * ${COLS}u;
    // #if MIDDLE
    let numbers = count_numbers(row_start);
    let rank = entry % ${K}u + (numbers - min(numbers, ${K}u)) / 2u;
    // #else
    let rank = entry % ${K}u;
    // #end
    if (keys[row_start + rank] == 0xffffffffu) {
        out_values[entry] = 0x7fc00000u;
        out_columns[entry] = 0xffffffffu;
    } else {
        let column = columns[row_start + rank];
        out_values[entry] = values[row_start + column];
        out_columns[entry] = column;
    }
}
